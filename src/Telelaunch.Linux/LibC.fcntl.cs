using System.Runtime.InteropServices;

namespace Telelaunch.Linux;

internal static partial class LibC
{
    // asm-generic/fcntl.h, linux/fcntl.h
    internal const int F_RDLCK = 0;
    internal const int F_UNLCK = 2;
    internal const int F_SETLEASE = 1024;

    /// <summary>fcntl(2) with a number as its argument.</summary>
    [LibraryImport(Library, SetLastError = true)]
    internal static partial int fcntl(SafeHandle fd, int cmd, nint arg);
}
