using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Telelaunch.Linux;

/// <summary>At which step a TUN device couldn't be had.</summary>
public enum TunStep
{
    /// <summary>/dev/net/tun isn't there, can't be opened, and no node of our own can be made or opened either.</summary>
    Open,

    /// <summary>TUNSETIFF: EBUSY or EINVAL where a link of that name exists, EPERM without CAP_NET_ADMIN.</summary>
    Attach,
}

/// <summary>Makes TUN links (Documentation/networking/tuntap.rst). A link exists for as long as its descriptor is open.</summary>
public static class TunDevice
{
    private const string Node = "/dev/net/tun";

    // Misc device, Documentation/admin-guide/devices.txt: 10 char, 200 = /dev/net/tun. makedev() of numbers this small.
    private const nint TunNumber = (10 << 8) | 200;
    private const nint AT_FDCWD = -100;
    private const int ENOENT = 2;
    private const int EACCES = 13;

    /// <summary>Where a node of our own may stand for a moment: file systems that are rarely mounted <c>nodev</c> come first.</summary>
    private static readonly string[] NodeFolders = ["/dev", "/run", "/tmp"];

    /// <summary>Makes a link that wasn't there (IFF_TUN, IFF_NO_PI, IFF_TUN_EXCL); it is down.</summary>
    /// <param name="name">Up to 15 bytes.</param>
    /// <returns>The descriptor that holds it; null with the step that failed and its errno.</returns>
    public static SafeFileHandle? TryCreate(string name, out TunStep step, out int errno)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(Encoding.UTF8.GetByteCount(name), LibC.IFNAMSIZ, nameof(name));
        step = TunStep.Open;
        SafeFileHandle? device = TryOpen(Node, out errno);
        // A container has no such node, or one that it must not see; with CAP_MKNOD it may make one.
        if (device is null && errno is ENOENT or EACCES)
            device = TryOpenNodeOfOurOwn(ref errno);
        if (device is null)
            return null;
        step = TunStep.Attach;
        if (TryAttach(device, name, out errno))
            return device;
        device.Dispose();
        return null;
    }

    private static unsafe bool TryAttach(SafeFileHandle device, string name, out int errno)
    {
        byte* request = stackalloc byte[LibC.IfreqSize];
        var bytes = new Span<byte>(request, LibC.IfreqSize);
        bytes.Clear();
        Encoding.UTF8.GetBytes(name, bytes);
        *(short*)(request + LibC.IFNAMSIZ) = LibC.IFF_TUN | LibC.IFF_NO_PI | LibC.IFF_TUN_EXCL;
        errno = LibC.ioctl(device, LibC.TUNSETIFF, request) == 0 ? 0 : Marshal.GetLastPInvokeError();
        return errno == 0;
    }

    private static SafeFileHandle? TryOpenNodeOfOurOwn(ref int errno)
    {
        foreach (string folder in NodeFolders)
        {
            string path = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $".telelaunch-tun-{RandomNumberGenerator.GetHexString(12)}"));
            if (LibC.syscall_mknodat(MknodatNumber, AT_FDCWD, path, LibC.S_IFCHR | 0x180 /* 0600 */, TunNumber) != 0)
                continue;
            try
            {
                if (TryOpen(path, out errno) is { } device)
                    return device;
            }
            finally
            {
                File.Delete(path);
            }
        }

        return null;
    }

    private static SafeFileHandle? TryOpen(string path, out int errno)
    {
        SafeFileHandle device = LibC.open(path, LibC.O_RDWR | LibC.O_CLOEXEC);
        errno = device.IsInvalid ? Marshal.GetLastPInvokeError() : 0;
        if (errno == 0)
            return device;
        device.Dispose();
        return null;
    }

    // asm/unistd_64.h; asm-generic/unistd.h
    private static nint MknodatNumber => RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 259 : 33;
}
