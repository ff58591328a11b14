using System.Runtime.InteropServices;

namespace Telelaunch.Linux;

/// <summary>What lies behind an open file, which .NET doesn't tell.</summary>
public static class FileKind
{
    /// <summary>Whether it is an ordinary file, neither a device nor a pipe nor a socket; false also where the kernel doesn't say.</summary>
    public static unsafe bool IsRegular(SafeHandle file)
    {
        ArgumentNullException.ThrowIfNull(file);
        byte* status = stackalloc byte[LibC.StatxSize];
        if (LibC.statx(file, "", LibC.AT_EMPTY_PATH, LibC.STATX_TYPE, status) != 0)
            return false;
        return (*(ushort*)(status + LibC.StatxMode) & LibC.S_IFMT) == LibC.S_IFREG;
    }
}
