namespace Telelaunch.Linux;

/// <summary>Which file a path names: two paths with the same identity are one file, and a file that was replaced has another.</summary>
/// <param name="Device">The file system's device number, major in the upper 32 bits; it may be another after a restart of the machine.</param>
/// <param name="Inode">The number within the file system; reused once the file is gone.</param>
/// <param name="IsLink">It is a symbolic link.</param>
public readonly record struct FileIdentity(ulong Device, ulong Inode, bool IsLink)
{
    /// <summary>Of what the path names itself (a symbolic link is not followed); null where there is nothing.</summary>
    public static FileIdentity? Of(string path) => Read(path, LibC.AT_SYMLINK_NOFOLLOW);

    /// <summary>Of what the path leads to; null where there is nothing, or the link leads nowhere.</summary>
    public static FileIdentity? OfTarget(string path) => Read(path, 0);

    private static unsafe FileIdentity? Read(string path, int flags)
    {
        byte* status = stackalloc byte[LibC.StatxSize];
        if (LibC.statx(LibC.AT_FDCWD, path, flags, LibC.STATX_BASIC_STATS, status) != 0)
            return null;
        ulong device = ((ulong)*(uint*)(status + LibC.StatxDevMajor) << 32) | *(uint*)(status + LibC.StatxDevMajor + 4);
        bool isLink = (*(ushort*)(status + LibC.StatxMode) & LibC.S_IFMT) == LibC.S_IFLNK;
        return new(device, *(ulong*)(status + LibC.StatxIno), isLink);
    }
}
