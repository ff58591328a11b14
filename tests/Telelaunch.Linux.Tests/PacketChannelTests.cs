using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Telelaunch.Linux.Tests;

public sealed class PacketChannelTests : IDisposable
{
    private readonly PacketChannel _ours;
    private readonly PacketChannel _theirs;

    public PacketChannelTests() => (_ours, _theirs) = PacketChannel.CreatePair();

    public void Dispose()
    {
        _ours.Dispose();
        _theirs.Dispose();
    }

    [Fact]
    public void Packets_KeepTheirBoundaries()
    {
        Assert.True(_ours.TrySend("one"u8));
        Assert.True(_ours.TrySend("two"u8));
        Assert.Equal("one", Receive());
        Assert.Equal("two", Receive());
    }

    [Fact]
    public void ListeningSocket_MovesToTheOtherEnd()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        Assert.True(_ours.TrySend("socket"u8, listener.SafeHandle));
        ReceivedPacket packet = _theirs.Receive(new byte[16]);
        using var moved = new Socket(packet.Socket!.ToSocket());
        Assert.True(packet.Socket.IsClosed);
        Assert.Equal(listener.LocalEndPoint, moved.LocalEndPoint);
        listener.Dispose();
        using var caller = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        caller.Connect(moved.LocalEndPoint!);
        using Socket accepted = moved.Accept();
        Assert.Equal(caller.LocalEndPoint, accepted.RemoteEndPoint);
    }

    [Fact]
    public void CloseOfTheOtherEnd_IsTold()
    {
        _ours.Dispose();
        Assert.Equal(PacketStatus.Closed, _theirs.Receive(new byte[16]).Status);
        Assert.False(_theirs.TrySend("x"u8));
    }

    [Fact]
    public async Task ShutDown_EndsAWaitingReceive()
    {
        Task<ReceivedPacket> waiting = Task.Run(() => _theirs.Receive(new byte[16]));
        _theirs.ShutDown();
        Assert.Equal(PacketStatus.Closed, (await waiting).Status);
    }

    [Fact]
    public void PacketLargerThanTheBuffer_IsBroken()
    {
        Assert.True(_ours.TrySend(new byte[17]));
        Assert.Equal(PacketStatus.Broken, _theirs.Receive(new byte[16]).Status);
    }

    private string Receive()
    {
        byte[] buffer = new byte[64];
        ReceivedPacket packet = _theirs.Receive(buffer);
        Assert.Equal(PacketStatus.Received, packet.Status);
        return Encoding.UTF8.GetString(buffer, 0, packet.Length);
    }
}
