using System.Globalization;

namespace Telelaunch.Attach;

/// <summary>A process with a .NET runtime in it.</summary>
/// <param name="StartTime">In clock ticks since boot: with the number it names the process for good.</param>
/// <param name="Runtime">The runtime's version; null where it doesn't tell.</param>
/// <param name="Application">The entry assembly's name; the program's where the runtime doesn't tell.</param>
/// <param name="CommandLine">Shortened.</param>
/// <param name="DiagnosticsSocket">Its path as this process sees it; null where there is none.</param>
/// <param name="Obstacle">Null: it can be attached.</param>
public sealed record DotnetProcess(
    int ProcessId,
    long StartTime,
    string User,
    string? Runtime,
    string Application,
    string CommandLine,
    string? DiagnosticsSocket,
    AttachObstacle? Obstacle)
{
    /// <summary>For a person.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Application} (process {ProcessId})");
}
