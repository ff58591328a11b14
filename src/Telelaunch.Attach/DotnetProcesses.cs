using System.Runtime.InteropServices;
using Telelaunch.Targets;

namespace Telelaunch.Attach;

/// <summary>The .NET processes of this machine, and which of them can be attached.</summary>
/// <remarks>
/// Recognised by what is in them, not by their socket alone: <c>libcoreclr.so</c> mapped, or a runtime linked into the executable. Of other users' processes only the
/// socket's file may be visible. Nothing is changed in any process.
/// </remarks>
public sealed class DotnetProcesses
{
    private const string CoreClr = "/libcoreclr.so";
    private const string Shim = "/libtelelaunch.so";
    private const int LongestCommandLine = 200;

    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(2);
    private static readonly string[] Switches = ["DOTNET_EnableDiagnostics", "DOTNET_EnableDiagnostics_IPC", "DOTNET_EnableDiagnostics_Profiler", "COMPlus_EnableDiagnostics"];

    private readonly string _proc;
    private readonly ProcessFiles _own;
    private readonly UserNames _users;

    public DotnetProcesses()
        : this("/proc", Environment.ProcessId, "/etc/passwd")
    {
    }

    internal DotnetProcesses(string proc, int ownId, string passwd)
    {
        _proc = proc;
        _own = new ProcessFiles(proc, ownId);
        _users = new UserNames(passwd);
    }

    /// <summary>All of them, by number; Telelaunch's own are left out.</summary>
    public async Task<IReadOnlyList<DotnetProcess>> ListAsync(CancellationToken cancellationToken)
    {
        var own = _own.Executable;
        var found = await Task.WhenAll(ProcessFiles.ListIds(_proc).Where(id => id != _own.Id)
            .Select(id => new ProcessFiles(_proc, id))
            .Where(process => own is null || process.Executable != own)
            .Select(process => InspectAsync(process, cancellationToken)));
        return [.. found.OfType<DotnetProcess>().OrderBy(process => process.ProcessId)];
    }

    /// <summary>Whether there is such a process at all.</summary>
    public bool IsThere(int processId) => new ProcessFiles(_proc, processId).StartTime is not null;

    /// <summary>The program's name of any process, for a message.</summary>
    public string NameOf(int processId) => new ProcessFiles(_proc, processId).Name;

    /// <summary>The process with that number; null where it is no .NET process, or there is none.</summary>
    public Task<DotnetProcess?> FindAsync(int processId, CancellationToken cancellationToken) => InspectAsync(new(_proc, processId), cancellationToken);

    private async Task<DotnetProcess?> InspectAsync(ProcessFiles process, CancellationToken cancellationToken)
    {
        if (process.StartTime is not { } start || process.UserId is not { } user) return null;
        var foreign = process.ForeignPlace(_own);
        var socket = DiagnosticsSocket.Find(process, isElsewhere: foreign is not null);
        var mapped = process.MappedFiles;
        var runtime = mapped.FirstOrDefault(file => file.EndsWith(CoreClr, StringComparison.Ordinal));
        var host = runtime is null ? HostOf(process) : DotnetHost.None;
        if (runtime is null && host == DotnetHost.None && socket is null) return null;

        var isOwnUser = user == _own.UserId;
        var info = isOwnUser && socket is not null && !process.IsStopped && host != DotnetHost.NativeAot ? await AskAsync(socket, cancellationToken) : null;
        var row = new DotnetProcess(
            process.Id,
            start,
            _users.Of(user),
            info?.RuntimeVersion is { Length: > 0 } told ? told : VersionOf(runtime),
            info?.EntryAssembly is { Length: > 0 } entry ? entry : ApplicationOf(process),
            Shortened(string.Join(' ', process.CommandLine)),
            socket,
            null);
        var name = row.ToString();
        // What no other remedy would help against comes first.
        var obstacle = host == DotnetHost.NativeAot ? AttachObstacle.NativeAot(name)
            : !isOwnUser ? AttachObstacle.OtherUser(name, process.Id, row.User)
            : foreign is not null ? AttachObstacle.OtherContainer(name, foreign)
            : MachineObstacle(process, name)
            ?? (MajorOf(row.Runtime) is { } major && major < AttachObstacle.OldestRuntime ? AttachObstacle.OldRuntime(name, row.Runtime!) : null)
            ?? SessionObstacle(process, mapped, name)
            ?? (socket is null || SwitchedOffBy(process) is not null ? AttachObstacle.DiagnosticsOff(name, SwitchedOffBy(process)) : null)
            ?? StateObstacle(process, name, info);
        return row with { Obstacle = obstacle };
    }

    private static async Task<RuntimeInfo?> AskAsync(string socket, CancellationToken cancellationToken)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(AnswerTime);
        return await DiagnosticsSocket.AskAsync(socket, bound.Token);
    }

    private static DotnetHost HostOf(ProcessFiles process)
    {
        try
        {
            return process.Executable is null ? DotnetHost.None : DotnetHosts.Inspect(process.ExecutableFile);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return DotnetHost.None;
        }
    }

    private static AttachObstacle? MachineObstacle(ProcessFiles process, string name)
    {
        ushort own = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? (ushort)183 : (ushort)62;
        try
        {
            return ElfImage.Read(process.ExecutableFile) is { } image && image.Machine != own
                ? AttachObstacle.OtherArchitecture(name, image.MachineName, own == 183 ? "aarch64" : "x86_64")
                : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static AttachObstacle? SessionObstacle(ProcessFiles process, IReadOnlyCollection<string> mapped, string name) =>
        process.Environment.TryGetValue("TELELAUNCH_SESSION", out var session) && mapped.Any(file => file.EndsWith(Shim, StringComparison.Ordinal))
            ? AttachObstacle.Preloaded(name, Path.GetFileName(session), Directory.Exists(session))
            : null;

    private AttachObstacle? StateObstacle(ProcessFiles process, string name, RuntimeInfo? info) => process switch
    {
        { TracerId: > 0 and var tracer } => AttachObstacle.Stopped(name, process.Id, $"{NameOf(tracer)} (process {tracer})"),
        { IsStopped: true } => AttachObstacle.Stopped(name, process.Id, null),
        _ when info is null => AttachObstacle.Silent(name),
        _ when IsSuspended(process) => AttachObstacle.Suspended(name),
        _ => null,
    };

    // It waits before it makes its finalizer's thread, and doesn't tell otherwise.
    private static bool IsSuspended(ProcessFiles process) =>
        (process.Environment.ContainsKey("DOTNET_DefaultDiagnosticPortSuspend") || process.Environment.ContainsKey("DOTNET_DiagnosticPorts")) && !process.ThreadNames.Contains(".NET Finalizer");

    // The runtime reads the switches as hexadecimal numbers.
    private static string? SwitchedOffBy(ProcessFiles process) => Switches.Where(name => process.Environment.GetValueOrDefault(name) is { Length: > 0 } value && value.All(digit => digit == '0'))
        .Select(name => $"{name}={process.Environment[name]}").FirstOrDefault();

    // …/shared/Microsoft.NETCore.App/10.0.12/libcoreclr.so; beside a self-contained application there is no version in the path.
    private static string? VersionOf(string? runtime) => runtime is not null && Path.GetFileName(Path.GetDirectoryName(runtime)) is { Length: > 0 } folder && MajorOf(folder) is not null ? folder : null;

    private static int? MajorOf(string? version) => version is not null && int.TryParse(version.Split('.')[0], out var major) && version.Contains('.', StringComparison.Ordinal) ? major : null;

    private static string ApplicationOf(ProcessFiles process)
    {
        var words = process.CommandLine;
        var program = Path.GetFileName(process.Executable ?? (words.Count > 0 ? words[0] : "")) is { Length: > 0 } name ? name : process.Name;
        return program == "dotnet" && words.Skip(1).FirstOrDefault(word => word.EndsWith(".dll", StringComparison.OrdinalIgnoreCase)) is { } assembly ? Path.GetFileNameWithoutExtension(assembly) : program;
    }

    private static string Shortened(string line) => line.Length <= LongestCommandLine ? line : $"{line[..(LongestCommandLine - 1)]}…";
}
