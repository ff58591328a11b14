using System.Globalization;

namespace Telelaunch.Attach;

/// <summary>Says in a session's directory which process the session was attached to: the file <c>attached</c>, <c>PID START</c>.</summary>
/// <remarks>Written before the first try and gone with the directory, whose owner is the launcher: so it can be found who has a process.</remarks>
public sealed record AttachMark(int ProcessId, long StartTime)
{
    private const string Name = "attached";

    /// <exception cref="IOException">The directory is gone, or full.</exception>
    public void Write(string sessionDirectory) => File.WriteAllText(Path.Combine(sessionDirectory, Name), string.Create(CultureInfo.InvariantCulture, $"{ProcessId} {StartTime}\n"));

    /// <summary>Null where the session isn't attached to a process.</summary>
    public static AttachMark? Read(string sessionDirectory)
    {
        try
        {
            return File.ReadAllText(Path.Combine(sessionDirectory, Name)).TrimEnd('\n').Split(' ') is [var process, var start]
                && int.TryParse(process, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
                && long.TryParse(start, NumberStyles.None, CultureInfo.InvariantCulture, out var time)
                ? new(id, time)
                : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
