using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Telelaunch.Linux;

/// <summary>Passes a descriptor to another process by SCM_RIGHTS (unix(7)).</summary>
public static class DescriptorSender
{
    private const int EINTR = 4;

    /// <summary>Sends a packet of one zero byte with <paramref name="descriptor"/>, which the caller keeps open for itself.</summary>
    /// <inheritdoc cref="Send(SafeHandle, ReadOnlySpan{byte}, int)"/>
    public static void Send(SafeHandle socket, int descriptor) => Send(socket, [0], descriptor);

    /// <summary>Sends a packet with <paramref name="descriptor"/>, which the caller keeps open for itself.</summary>
    /// <param name="socket">A connected AF_UNIX socket that blocks.</param>
    /// <exception cref="Win32Exception">It couldn't be sent; the peer may be gone.</exception>
    public static unsafe void Send(SafeHandle socket, ReadOnlySpan<byte> packet, int descriptor)
    {
        ArgumentNullException.ThrowIfNull(socket);
        // CMSG_SPACE of one descriptor: header 16, descriptor 4, padding 4.
        byte* control = stackalloc byte[24];
        new Span<byte>(control, 24).Clear();
        var header = (LibC.cmsghdr*)control;
        header->cmsg_len = (nuint)(sizeof(LibC.cmsghdr) + sizeof(int));
        header->cmsg_level = LibC.SOL_SOCKET;
        header->cmsg_type = LibC.SCM_RIGHTS;
        *(int*)(control + sizeof(LibC.cmsghdr)) = descriptor;
        fixed (byte* data = packet)
        {
            var iov = new LibC.iovec { iov_base = data, iov_len = (nuint)packet.Length };
            var message = new LibC.msghdr { msg_iov = &iov, msg_iovlen = 1, msg_control = control, msg_controllen = 24 };
            while (LibC.sendmsg(socket, &message, LibC.MSG_NOSIGNAL) < 0)
            {
                int errno = Marshal.GetLastPInvokeError();
                if (errno != EINTR)
                    throw new Win32Exception(errno, "sendmsg(SCM_RIGHTS)");
            }
        }
    }
}
