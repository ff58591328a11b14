using System.Runtime.InteropServices;

namespace Telelaunch.Targets;

/// <summary>The calls of libc that .NET has no counterpart for: about files.</summary>
internal static unsafe partial class Libc
{
    private const int AtFdCwd = -100;
    private const int AtEaccess = 0x200;
    private const int ExecuteOk = 1;
    private const int FileExists = 0;
    private const int Eacces = 13;

    /// <summary>Whether this process, with its effective ids, may execute the file: faccessat(2) with AT_EACCESS.</summary>
    public static bool MayExecute(string path) => FaccessAt(AtFdCwd, path, ExecuteOk, AtEaccess) == 0;

    /// <summary>Whether a directory on the way to the file may not be searched.</summary>
    public static bool IsDenied(string path) => FaccessAt(AtFdCwd, path, FileExists, AtEaccess) < 0 && Marshal.GetLastPInvokeError() == Eacces;

    /// <summary>Owner, group and mode of a file, links followed; null where it can't be read. statx(2).</summary>
    public static (uint Owner, uint Group, uint Mode)? OwnerOf(string path)
    {
        // struct statx, linux/stat.h: stx_uid at 20, stx_gid at 24, stx_mode at 28; 256 bytes in all.
        Span<byte> buffer = stackalloc byte[256];
        const uint basicStats = 0x7ff;
        if (Statx(AtFdCwd, path, 0, basicStats, buffer) != 0) return null;
        return (MemoryMarshal.Read<uint>(buffer[20..]), MemoryMarshal.Read<uint>(buffer[24..]), MemoryMarshal.Read<ushort>(buffer[28..]));
    }

    /// <summary>Whether the file carries capabilities(7) of its own.</summary>
    public static bool HasFileCapabilities(string path) => GetXattr(path, "security.capability", [], 0) > 0;

    [LibraryImport("libc", EntryPoint = "getuid")]
    public static partial uint RealUser();

    [LibraryImport("libc", EntryPoint = "getgid")]
    public static partial uint RealGroup();

    [LibraryImport("libc", EntryPoint = "faccessat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int FaccessAt(int directory, string path, int mode, int flags);

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(int directory, string path, int flags, uint mask, Span<byte> buffer);

    [LibraryImport("libc", EntryPoint = "getxattr", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint GetXattr(string path, string name, Span<byte> value, nuint size);
}
