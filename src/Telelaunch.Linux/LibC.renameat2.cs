using System.Runtime.InteropServices;

namespace Telelaunch.Linux;

internal static partial class LibC
{
    // linux/fcntl.h, linux/fs.h
    internal const int AT_FDCWD = -100;
    internal const uint RENAME_EXCHANGE = 2;

    /// <summary>renameat2(2), since Linux 3.15.</summary>
    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int renameat2(int olddirfd, string oldpath, int newdirfd, string newpath, uint flags);
}
