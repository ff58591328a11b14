using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Telelaunch.Linux;

internal static partial class LibC
{
    // asm-generic/fcntl.h, linux/if_tun.h, linux/if.h, linux/stat.h
    internal const int O_RDWR = 2;
    internal const int O_CLOEXEC = 0x80000;
    internal const nuint TUNSETIFF = 0x400454ca;
    internal const short IFF_TUN = 0x0001;
    internal const short IFF_NO_PI = 0x1000;
    internal const short IFF_TUN_EXCL = unchecked((short)0x8000);
    internal const int IFNAMSIZ = 16;
    internal const int S_IFCHR = 0x2000;

    /// <summary>struct ifreq is 40 bytes long on 64-bit machines: name 16, then a union.</summary>
    internal const int IfreqSize = 40;

    /// <summary>open(2)</summary>
    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial SafeFileHandle open(string pathname, int flags);

    /// <summary>ioctl(2)</summary>
    [LibraryImport(Library, SetLastError = true)]
    internal static unsafe partial int ioctl(SafeFileHandle fd, nuint request, void* argp);

    /// <summary>mknodat(2) by syscall(2): the C library has had a function of that name since glibc 2.33 only.</summary>
    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint syscall_mknodat(nint number, nint dirfd, string pathname, nint mode, nint dev);
}
