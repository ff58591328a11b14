using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Telelaunch.Linux.Tests;

/// <summary>A connected pair of SOCK_SEQPACKET sockets that can pass descriptors.</summary>
internal sealed partial class SeqPacketPair : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("tl").FullName;

    internal SeqPacketPair()
    {
        var address = new UnixDomainSocketEndPoint(Path.Combine(_directory, "s"));
        using var listener = new Socket(AddressFamily.Unix, SocketType.Seqpacket, ProtocolType.Unspecified);
        listener.Bind(address);
        listener.Listen(1);
        Sender = new Socket(AddressFamily.Unix, SocketType.Seqpacket, ProtocolType.Unspecified);
        Sender.Connect(address);
        Receiver = listener.Accept();
    }

    internal Socket Sender { get; }

    internal Socket Receiver { get; }

    /// <summary>Sends a packet and descriptors by SCM_RIGHTS.</summary>
    internal unsafe void Send(ReadOnlySpan<byte> packet, params int[] descriptors)
    {
        int length = sizeof(LibC.cmsghdr) + (descriptors.Length * sizeof(int));
        byte[] control = new byte[(length + 7) & ~7];
        fixed (byte* data = packet)
        fixed (byte* ancillary = control)
        {
            var header = (LibC.cmsghdr*)ancillary;
            header->cmsg_len = (nuint)length;
            header->cmsg_level = LibC.SOL_SOCKET;
            header->cmsg_type = LibC.SCM_RIGHTS;
            descriptors.AsSpan().CopyTo(new Span<int>(ancillary + sizeof(LibC.cmsghdr), descriptors.Length));
            var iov = new LibC.iovec { iov_base = data, iov_len = (nuint)packet.Length };
            var message = new LibC.msghdr { msg_iov = &iov, msg_iovlen = 1, msg_control = ancillary, msg_controllen = (nuint)control.Length };
            Assert.Equal(packet.Length, sendmsg(Sender.SafeHandle, &message, 0));
        }
    }

    public void Dispose()
    {
        Sender.Dispose();
        Receiver.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint sendmsg(SafeHandle sockfd, LibC.msghdr* msg, int flags);
}
