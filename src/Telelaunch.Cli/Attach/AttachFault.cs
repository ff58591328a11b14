using Telelaunch.Attach;
using Telelaunch.Broker.Managed;
using Telelaunch.Net;

namespace Telelaunch.Cli.Attach;

/// <summary>Why a process isn't in after it was asked, in words.</summary>
internal static class AttachFault
{
    /// <summary>The shim said that it couldn't.</summary>
    public static HostException OfErrno(DotnetProcess process, HelloRecord hello) => hello.Errno switch
    {
        Errno.EBUSY => new("attach-attached-already", $"{process} is in another session already.", $"End that first; telelaunch ps tells whose it is, telelaunch leave {process.ProcessId} ends one of yours."),
        Errno.ENOENT => new("attach-nothing-to-patch", $"{process} has no library whose calls could be led through the tunnel.", "Start it under Telelaunch instead: telelaunch run -- COMMAND."),
        _ => new("attach-failed", $"The shim in {process} couldn't attach it: {Errno.NameOf(hello.Errno)}.", "Start it under Telelaunch instead: telelaunch run -- COMMAND."),
    };

    /// <summary>The shim said nothing; the runtime's answer tells how far it came.</summary>
    /// <param name="shim">Its file.</param>
    public static HostException OfSilence(DotnetProcess process, AttachResult result, string shim) => result.Answer switch
    {
        AttachAnswer.Called => new("attach-not-confirmed", $"The shim was loaded into {process}, but hasn't told that it is in.",
            "A seccomp filter, AppArmor or SELinux may keep the process from the session's socket: look at the kernel's log (dmesg, journalctl -k) and at Seccomp in /proc/PID/status."),
        AttachAnswer.NotLoaded => new("attach-shim-not-loaded", $"The runtime of {process} couldn't load the shim '{shim}' ({result.Detail}).",
            $"Look whether the folder may be executed from (findmnt -T {shim}: noexec; set XDG_CACHE_HOME elsewhere), whether that user may read it, and whether seccomp, AppArmor or SELinux refuses it (dmesg)."),
        AttachAnswer.ProfilerThere => new("attach-profiler-there", $"A profiler is attached to {process}: the runtime takes one at a time.", "End it, or start the process without it (CORECLR_ENABLE_PROFILING)."),
        AttachAnswer.NotSupported => new("attach-diagnostics-off", $"The runtime of {process} loads no profilers ({result.Detail}).", "Start it without DOTNET_EnableDiagnostics_Profiler=0, or under Telelaunch: telelaunch run -- COMMAND."),
        AttachAnswer.NoAnswer => new("attach-no-answer", $"The runtime of {process} doesn't answer ({result.Detail}).", "Wait until it has finished starting; a process that hangs has to be started again, under telelaunch run."),
        _ => new("attach-failed", $"The runtime of {process} refused to load the shim ({result.Detail}).", "Start it under Telelaunch instead: telelaunch run -- COMMAND."),
    };
}
