using System.Globalization;

namespace Telelaunch.Linux;

/// <summary>Which process has a socket open, by /proc/PID/fd (proc(5)).</summary>
public static class SocketHolder
{
    /// <summary>The lowest process number among those that have it: of a server and the workers that it forked, the server. 0 where none is visible.</summary>
    /// <remarks>Looks at every descriptor of every process of this user: some milliseconds, so for what has changed only.</remarks>
    public static int Find(uint inode)
    {
        string wanted = string.Create(CultureInfo.InvariantCulture, $"socket:[{inode}]");
        foreach (int processId in ProcessIds().Order())
        {
            if (Has(processId, wanted))
                return processId;
        }

        return 0;
    }

    private static IEnumerable<int> ProcessIds()
    {
        foreach (string path in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(path.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture, out int processId))
                yield return processId;
        }
    }

    private static bool Has(int processId, string wanted)
    {
        try
        {
            foreach (string descriptor in Directory.EnumerateFileSystemEntries(string.Create(CultureInfo.InvariantCulture, $"/proc/{processId}/fd")))
            {
                if (new FileInfo(descriptor).LinkTarget == wanted)
                    return true;
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Another user's, or it has just ended.
        }

        return false;
    }
}
