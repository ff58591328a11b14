using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Telelaunch.Linux;

/// <summary>How receiving one packet ended.</summary>
public enum PacketStatus
{
    Received,

    /// <summary>Nothing has come yet.</summary>
    WouldBlock,

    /// <summary>The peer closed without sending.</summary>
    Closed,

    /// <summary>The packet, or what came with it, was larger than allowed, or the socket failed.</summary>
    Broken,
}

/// <summary>A packet and the descriptor that came with it.</summary>
/// <param name="Length">Bytes in the caller's buffer.</param>
/// <param name="Socket">The first passed descriptor, owned by the caller; null where none came.</param>
public readonly record struct ReceivedPacket(PacketStatus Status, int Length, PassedSocket? Socket);

/// <summary>Receives packets of an AF_UNIX SOCK_SEQPACKET socket with descriptors passed by SCM_RIGHTS (unix(7)).</summary>
public static class PacketReceiver
{
    private const int EINTR = 4;
    private const int EAGAIN = 11;

    // CMSG_SPACE of four descriptors: the kernel drops any more and says MSG_CTRUNC.
    private const int ControlLength = 32;

    /// <summary>Takes one packet; never waits. Descriptors are close-on-exec; all but the first are closed.</summary>
    public static ReceivedPacket TryReceive(SafeSocketHandle socket, Span<byte> buffer) => Receive(socket, buffer, LibC.MSG_DONTWAIT);

    /// <summary>The same, on the caller's thread until a packet comes or the socket is shut down.</summary>
    public static ReceivedPacket Receive(SafeHandle socket, Span<byte> buffer) => Receive(socket, buffer, 0);

    private static unsafe ReceivedPacket Receive(SafeHandle socket, Span<byte> buffer, int flags)
    {
        ArgumentNullException.ThrowIfNull(socket);
        byte* control = stackalloc byte[ControlLength];
        fixed (byte* data = buffer)
        {
            var iov = new LibC.iovec { iov_base = data, iov_len = (nuint)buffer.Length };
            var message = new LibC.msghdr { msg_iov = &iov, msg_iovlen = 1, msg_control = control, msg_controllen = ControlLength };
            nint count;
            int errno = 0;
            do
            {
                count = LibC.recvmsg(socket, &message, flags | LibC.MSG_CMSG_CLOEXEC);
                if (count < 0)
                    errno = Marshal.GetLastPInvokeError();
            }
            while (count < 0 && errno == EINTR);
            if (count < 0)
                return new ReceivedPacket(errno == EAGAIN ? PacketStatus.WouldBlock : PacketStatus.Broken, 0, null);

            PassedSocket? passed = TakeDescriptors(control, (int)message.msg_controllen);
            if ((message.msg_flags & (LibC.MSG_TRUNC | LibC.MSG_CTRUNC)) != 0)
            {
                passed?.Dispose();
                return new ReceivedPacket(PacketStatus.Broken, 0, null);
            }

            return new ReceivedPacket(count == 0 && passed is null ? PacketStatus.Closed : PacketStatus.Received, (int)count, passed);
        }
    }

    /// <summary>Whatever was passed has to be owned or closed, or a hostile sender fills the descriptor table.</summary>
    private static unsafe PassedSocket? TakeDescriptors(byte* control, int length)
    {
        PassedSocket? first = null;
        int offset = 0;
        while (length - offset >= sizeof(LibC.cmsghdr))
        {
            var header = (LibC.cmsghdr*)(control + offset);
            int messageLength = (int)header->cmsg_len;
            if (messageLength < sizeof(LibC.cmsghdr) || messageLength > length - offset)
                break;
            if (header->cmsg_level == LibC.SOL_SOCKET && header->cmsg_type == LibC.SCM_RIGHTS)
            {
                for (int at = sizeof(LibC.cmsghdr); at + sizeof(int) <= messageLength; at += sizeof(int))
                {
                    var passed = new PassedSocket(*(int*)(control + offset + at));
                    if (first is null)
                        first = passed;
                    else
                        passed.Dispose();
                }
            }

            // CMSG_ALIGN: to the size of a long.
            offset += (messageLength + sizeof(nint) - 1) & ~(sizeof(nint) - 1);
        }

        return first;
    }
}
