using System.Net;
using System.Net.Sockets;

namespace Telelaunch.Linux.Tests;

public sealed class PacketReceiverTests : IDisposable
{
    private readonly SeqPacketPair _pair = new();

    public void Dispose() => _pair.Dispose();

    [Fact]
    public void Packet_AndTheSocketThatCameWithIt()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _pair.Send("hello"u8, (int)socket.Handle);
        byte[] buffer = new byte[16];

        ReceivedPacket packet = PacketReceiver.TryReceive(_pair.Receiver.SafeHandle, buffer);

        using PassedSocket passed = packet.Socket!;
        Assert.Equal((PacketStatus.Received, 5), (packet.Status, packet.Length));
        Assert.Equal(socket.GetCookie(), passed.Cookie);
        Assert.True(passed.IsTcp);
    }

    [Fact]
    public void NothingYet_WouldBlock_AndClosed_IsClosed()
    {
        Assert.Equal(PacketStatus.WouldBlock, PacketReceiver.TryReceive(_pair.Receiver.SafeHandle, new byte[16]).Status);
        _pair.Sender.Dispose();
        Assert.Equal(PacketStatus.Closed, PacketReceiver.TryReceive(_pair.Receiver.SafeHandle, new byte[16]).Status);
    }

    [Fact]
    public void TooLongAPacket_IsBroken()
    {
        _pair.Send(new byte[32]);
        Assert.Equal(PacketStatus.Broken, PacketReceiver.TryReceive(_pair.Receiver.SafeHandle, new byte[16]).Status);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(100)]
    public void MoreDescriptorsThanOne_AreClosed(int count)
    {
        string path = Path.GetTempFileName();
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1, FileOptions.DeleteOnClose);
        int descriptor = (int)file.SafeFileHandle.DangerousGetHandle();
        _pair.Send("x"u8, [.. Enumerable.Repeat(descriptor, count)]);

        PacketReceiver.TryReceive(_pair.Receiver.SafeHandle, new byte[16]).Socket?.Dispose();

        Assert.Equal(1, OpenDescriptors(path));
    }

    [Fact]
    public void DescriptorThatIsNoTcpSocket_IsRecognized()
    {
        using var file = new FileStream("/dev/null", FileMode.Open);
        using var udp = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        foreach (int descriptor in new[] { (int)file.SafeFileHandle.DangerousGetHandle(), (int)udp.Handle, (int)_pair.Sender.Handle })
        {
            _pair.Send("x"u8, descriptor);
            using PassedSocket? passed = PacketReceiver.TryReceive(_pair.Receiver.SafeHandle, new byte[16]).Socket;
            Assert.False(passed!.IsTcp);
        }
    }

    [Fact]
    public void PassedSocket_ShowsStateAndOwnAddress_AndShutsDownForItsOwner()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        _pair.Send("x"u8, (int)socket.Handle);
        using PassedSocket passed = PacketReceiver.TryReceive(_pair.Receiver.SafeHandle, new byte[16]).Socket!;
        Assert.Equal(TcpState.Close, passed.State);

        socket.Connect(listener.LocalEndPoint!);

        Assert.Equal(TcpState.Established, passed.State);
        Assert.Equal(new IPEndPoint(IPAddress.Loopback, ((IPEndPoint)socket.LocalEndPoint!).Port), passed.LocalEndPoint);
        Assert.True(passed.ShutDown());
        Assert.Equal(0, socket.Receive(new byte[1]));
    }

    [Fact]
    public void PeerCredentials_AreThisProcesss()
    {
        PeerCredentials peer = PeerCredentials.Of(_pair.Receiver);
        Assert.Equal((Environment.ProcessId, PeerCredentials.CurrentUserId), (peer.ProcessId, peer.UserId));
    }

    // Of this file alone: other tests open and close descriptors at the same time.
    private static int OpenDescriptors(string path) =>
        Directory.GetFileSystemEntries("/proc/self/fd").Count(entry => new FileInfo(entry).LinkTarget == path);
}
