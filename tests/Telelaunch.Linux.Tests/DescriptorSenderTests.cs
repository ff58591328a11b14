using System.ComponentModel;
using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace Telelaunch.Linux.Tests;

public sealed class DescriptorSenderTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("telelaunch-descriptor-");
    private readonly Socket _sender = new(AddressFamily.Unix, SocketType.Seqpacket, ProtocolType.Unspecified);
    private readonly Socket _receiver;

    public DescriptorSenderTests()
    {
        var endPoint = new UnixDomainSocketEndPoint(Path.Combine(_directory.FullName, "socket"));
        using var listener = new Socket(AddressFamily.Unix, SocketType.Seqpacket, ProtocolType.Unspecified);
        listener.Bind(endPoint);
        listener.Listen();
        _sender.Connect(endPoint);
        _receiver = listener.Accept();
    }

    public void Dispose()
    {
        _sender.Dispose();
        _receiver.Dispose();
        _directory.Delete(recursive: true);
    }

    [Fact]
    public void PassedFile_IsTheSameFile()
    {
        string path = Path.Combine(_directory.FullName, "file");
        using (SafeFileHandle file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write))
            DescriptorSender.Send(_sender.SafeHandle, (int)file.DangerousGetHandle());

        ReceivedPacket packet = PacketReceiver.TryReceive(_receiver.SafeHandle, new byte[1]);
        Assert.Equal((PacketStatus.Received, 1), (packet.Status, packet.Length));
        using (SafeFileHandle passed = packet.Socket!.ToFile())
            RandomAccess.Write(passed, "through the other descriptor"u8, 0);

        Assert.True(packet.Socket.IsClosed);
        Assert.Equal("through the other descriptor", File.ReadAllText(path));
    }

    [Fact]
    public void PeerGone_IsAnError()
    {
        _receiver.Dispose();
        var error = Assert.Throws<Win32Exception>(() => DescriptorSender.Send(_sender.SafeHandle, 0));
        Assert.Equal(32, error.NativeErrorCode); // EPIPE
    }
}
