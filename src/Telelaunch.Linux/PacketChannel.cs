using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Telelaunch.Linux;

/// <summary>One end of an AF_UNIX SOCK_SEQPACKET pair (unix(7)): packets keep their boundaries, and each may carry a descriptor.</summary>
/// <remarks>
/// It blocks: whoever receives has a thread of its own. Sending may happen on any thread. The other end's close is told as <see cref="PacketStatus.Closed"/>, also
/// when its process was killed.
/// </remarks>
public sealed class PacketChannel : IDisposable
{
    private const int EINTR = 4;

    private readonly SafeFileHandle _socket;

    /// <param name="descriptor">An end of a pair, owned from now on: standard input of a process that was given one.</param>
    public PacketChannel(int descriptor) => _socket = new SafeFileHandle(descriptor, ownsHandle: true);

    /// <summary>The descriptor's number, for dup2(2) into a child; it stays this object's.</summary>
    public int Descriptor => (int)_socket.DangerousGetHandle();

    /// <summary>Makes both ends, close-on-exec.</summary>
    /// <exception cref="Win32Exception">No descriptor is left.</exception>
    public static unsafe (PacketChannel Ours, PacketChannel Theirs) CreatePair()
    {
        int* ends = stackalloc int[2];
        if (LibC.socketpair(LibC.AF_UNIX, LibC.SOCK_SEQPACKET | LibC.SOCK_CLOEXEC, 0, ends) != 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError(), "socketpair");
        return (new PacketChannel(ends[0]), new PacketChannel(ends[1]));
    }

    /// <summary>Sends one packet, with a descriptor that the caller keeps for itself where one is given. Waits where the peer doesn't read.</summary>
    /// <returns>False when the peer is gone.</returns>
    public bool TrySend(ReadOnlySpan<byte> packet, SafeHandle? descriptor = null)
    {
        bool added = false;
        try
        {
            descriptor?.DangerousAddRef(ref added);
            if (descriptor is null)
                return TrySendPlain(packet);
            DescriptorSender.Send(_socket, packet, (int)descriptor.DangerousGetHandle());
            return true;
        }
        catch (Exception error) when (error is Win32Exception or ObjectDisposedException)
        {
            return false;
        }
        finally
        {
            if (added)
                descriptor!.DangerousRelease();
        }
    }

    /// <summary>Waits for one packet, on the caller's thread.</summary>
    public ReceivedPacket Receive(Span<byte> buffer)
    {
        try
        {
            return PacketReceiver.Receive(_socket, buffer);
        }
        catch (ObjectDisposedException)
        {
            return new ReceivedPacket(PacketStatus.Closed, 0, null);
        }
    }

    /// <summary>Ends both directions: the receiving thread, and the peer, see the end.</summary>
    public void ShutDown()
    {
        try
        {
            _ = LibC.shutdown(_socket, LibC.SHUT_RDWR);
        }
        catch (ObjectDisposedException)
        {
            // It has ended already.
        }
    }

    public void Dispose() => _socket.Dispose();

    private unsafe bool TrySendPlain(ReadOnlySpan<byte> packet)
    {
        fixed (byte* data = packet)
        {
            var iov = new LibC.iovec { iov_base = data, iov_len = (nuint)packet.Length };
            var message = new LibC.msghdr { msg_iov = &iov, msg_iovlen = 1 };
            while (LibC.sendmsg(_socket, &message, LibC.MSG_NOSIGNAL) < 0)
            {
                if (Marshal.GetLastPInvokeError() != EINTR)
                    return false;
            }
        }

        return true;
    }
}
