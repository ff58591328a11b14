using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

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

    /// <summary>link(2): a second name for a file.</summary>
    /// <exception cref="IOException">It can't be made.</exception>
    public static void Link(string path, string newPath)
    {
        if (LibC.link(path, newPath) != 0)
            throw new IOException($"'{newPath}' can't become a name of '{path}': {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");
    }

    /// <summary>Whether some process has a file of this user open for writing: then the kernel gives no read lease on it (fcntl(2), F_SETLEASE).</summary>
    /// <param name="file">Open for reading only.</param>
    public static bool IsOpenForWriting(SafeFileHandle file)
    {
        if (LibC.fcntl(file, LibC.F_SETLEASE, LibC.F_RDLCK) != 0)
            return true;
        _ = LibC.fcntl(file, LibC.F_SETLEASE, LibC.F_UNLCK);
        return false;
    }
}
