using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;

namespace Telelaunch.Linux;

/// <summary>Paths of this machine as the kernel names them.</summary>
public static class HostPath
{
    private const int PathMax = 4096;

    /// <summary>The path without symbolic links, as /proc/self/fd shows it.</summary>
    /// <exception cref="Win32Exception">It isn't there, or can't be reached.</exception>
    public static unsafe string Resolve(string path)
    {
        byte* room = stackalloc byte[PathMax];
        if (LibC.realpath(path, room) is null)
            throw new Win32Exception(Marshal.GetLastPInvokeError(), $"'{path}' can't be resolved: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");
        return Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(room));
    }

    /// <summary>rename(2): unlike .NET's, of a symbolic link whatever it leads to, and over another.</summary>
    /// <exception cref="IOException">It can't be renamed.</exception>
    public static void Rename(string path, string newPath)
    {
        if (LibC.rename(path, newPath) != 0)
            throw new IOException($"'{path}' can't be renamed to '{newPath}': {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");
    }
}
