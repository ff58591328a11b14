using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Telelaunch.Linux;

/// <summary>Paths of this machine as the kernel names them.</summary>
public static class HostPath
{
    private const int PathMax = 4096;
    private const int ENOENT = 2;

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

    /// <summary>renameat2(2) with RENAME_EXCHANGE: the two names change places in one moment, whatever they name.</summary>
    /// <returns>0 or the errno; EINVAL: the file system can't.</returns>
    public static int Exchange(string path, string otherPath) =>
        LibC.renameat2(LibC.AT_FDCWD, path, LibC.AT_FDCWD, otherPath, LibC.RENAME_EXCHANGE) == 0 ? 0 : Marshal.GetLastPInvokeError();

    /// <summary>rename(2), but as a value.</summary>
    /// <returns>0 or the errno.</returns>
    public static int TryRename(string path, string newPath) => LibC.rename(path, newPath) == 0 ? 0 : Marshal.GetLastPInvokeError();

    /// <summary>link(2), but as a value; of a symbolic link it is a second name of the link itself.</summary>
    /// <returns>0 or the errno.</returns>
    public static int TryLink(string path, string newPath) => LibC.link(path, newPath) == 0 ? 0 : Marshal.GetLastPInvokeError();

    /// <summary>Makes what was made, renamed or removed in a folder survive a loss of power (fsync(2) of the folder).</summary>
    /// <exception cref="IOException">It can't be opened or written.</exception>
    public static void Flush(string folder)
    {
        using SafeFileHandle opened = LibC.open(folder, LibC.O_RDONLY | LibC.O_CLOEXEC);
        if (opened.IsInvalid || LibC.fsync(opened) != 0)
            throw new IOException($"'{folder}' can't be written to the disk: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");
    }

    /// <summary>Opens a file for reading; unlike .NET's it takes no lock (flock(2)), so it does with one that somebody has locked.</summary>
    /// <exception cref="FileNotFoundException">It isn't there.</exception>
    /// <exception cref="IOException">It can't be opened.</exception>
    public static SafeFileHandle OpenUnlocked(string path)
    {
        SafeFileHandle opened = LibC.open(path, LibC.O_RDONLY | LibC.O_CLOEXEC);
        if (!opened.IsInvalid) return opened;
        int errno = Marshal.GetLastPInvokeError();
        opened.Dispose();
        throw errno == ENOENT ? new FileNotFoundException(null, path) : new IOException($"'{path}' can't be opened: {Marshal.GetPInvokeErrorMessage(errno)}");
    }
}
