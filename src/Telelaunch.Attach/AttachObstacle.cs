namespace Telelaunch.Attach;

/// <summary>Why a process can't be attached, and what to do about it.</summary>
/// <param name="Code">Stable and kebab-case, for programs.</param>
/// <param name="Word">A few words for a table.</param>
public sealed record AttachObstacle(string Code, string Word, string Cause, string Remedy)
{
    internal const int OldestRuntime = 8;

    internal static AttachObstacle NativeAot(string process) => new("attach-native-aot", "NativeAOT", $"{process} is compiled ahead of time (NativeAOT): it has no runtime that could load a library into it.",
        "Start it under Telelaunch instead: telelaunch run -- COMMAND.");

    internal static AttachObstacle DiagnosticsOff(string process, string? by) => new("attach-diagnostics-off", "no diagnostics socket",
        by is null
            ? $"{process} has no diagnostics socket: diagnostics are switched off in its runtimeconfig.json, or the socket's file was removed."
            : $"{process} was started with {by}, which switches the runtime's diagnostics off.",
        $"Start it again without {by?.Split('=')[0] ?? "DOTNET_EnableDiagnostics=0"}, or under Telelaunch: telelaunch run -- COMMAND.");

    internal static AttachObstacle OtherUser(string process, int processId, string user) => new("attach-other-user", $"user {user}", $"{process} is a process of the user {user}.",
        $"Attach as that user: sudo -u {user} telelaunch attach {processId}.");

    internal static AttachObstacle OtherContainer(string process, string place) => new("attach-other-container", "in a container",
        place == "root" ? $"{process} has another root directory (chroot)." : $"{process} lives in a container, or another {place switch { "pid" => "PID", "mnt" => "mount", _ => "network" }} namespace: neither the shim's file nor the session's sockets are there.",
        "Run telelaunch in that container.");

    internal static AttachObstacle OtherArchitecture(string process, string machine, string own) => new("attach-other-architecture", machine, $"{process} runs a program for {machine}; the shim of this build is for {own}.",
        $"Use the build of Telelaunch for {machine}.");

    internal static AttachObstacle OldRuntime(string process, string version) => new("attach-runtime-old", $".NET {version}: not tried", $"{process} runs on .NET {version}; attaching is tried on .NET {OldestRuntime} and newer.",
        "Start it under Telelaunch instead: telelaunch run -- COMMAND.");

    internal static AttachObstacle Stopped(string process, int processId, string? tracer) => new("attach-debugged", tracer is null ? "stopped" : $"traced by {tracer}",
        tracer is null ? $"{process} is stopped." : $"{process} is being traced by {tracer}.",
        tracer is null ? $"Let it go on first: kill -CONT {processId}." : $"Detach {tracer} first.");

    internal static AttachObstacle Suspended(string process) => new("attach-suspended", "suspended at its start", $"{process} waits at its start for a diagnostic tool to let it go on.",
        "Let the tool that it waits for connect and resume it, or start it without DOTNET_DefaultDiagnosticPortSuspend and DOTNET_DiagnosticPorts.");

    internal static AttachObstacle Silent(string process) => new("attach-no-answer", "doesn't answer", $"The runtime of {process} doesn't answer on its diagnostics socket.",
        "Wait until it has finished starting; a process that hangs has to be started again, under telelaunch run.");

    internal static AttachObstacle Preloaded(string process, string session, bool lives) => new("attach-in-session", lives ? "in a session" : "of a session that has ended",
        lives ? $"{process} is in a session already: it was started under telelaunch run." : $"{process} was started under telelaunch run, and that session has ended.",
        lives ? $"It reaches the cluster as it is (session {session})." : "Start it again: telelaunch run -- COMMAND.");

    /// <param name="launcher">The launcher's process number.</param>
    public static AttachObstacle Attached(DotnetProcess process, int launcher)
    {
        ArgumentNullException.ThrowIfNull(process);
        return new("attach-attached-already", $"attached by {launcher}", $"{process} is attached already, by telelaunch (process {launcher}).", $"Use that session, or end it first: telelaunch leave {process.ProcessId}.");
    }
}
