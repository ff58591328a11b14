using System.Net;
using System.Net.Sockets;
using Telelaunch.Linux;

namespace Telelaunch.Broker.Tests;

public class DatagramOwnerTests
{
    private const string Table4 = """
           sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
          12: 0100007F:D431 0100547F:9C40 01 00000000:00000000 00:00000000 00000000  1000        0 1 2 0 0
          13: 00000000:D431 00000000:0000 07 00000000:00000000 00:00000000 00000000  1001        0 1 2 0 0
          14: 0200007F:D431 00000000:0000 07 00000000:00000000 00:00000000 00000000  1002        0 1 2 0 0
          15: 0100007F:D432 00000000:0000 07 00000000:00000000 00:00000000 00000000  1003        0 1 2 0 0
        """;

    private const string Table6 = """
          sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
          21: 0000000000000000FFFF00000100007F:D431 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000  1004        0 1 2 0 0
          22: 00000000000000000000000000000000:D431 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000  1005        0 1 2 0 0
          23: 00000000000000000000000001000000:D431 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000  1006        0 1 2 0 0
        """;

    private static readonly IPEndPoint Sender = new(IPAddress.Loopback, 0xD431);

    [Fact]
    public void SocketsOfThisAddressAndPort_Count() => Assert.Equal([1000u, 1001u], DatagramOwner.UsersOf(Table4.Split('\n'), Sender));

    [Fact]
    public void DualStackSockets_Count() => Assert.Equal([1004u, 1005u], DatagramOwner.UsersOf(Table6.Split('\n'), Sender));

    [Theory, InlineData(AddressFamily.InterNetwork), InlineData(AddressFamily.InterNetworkV6)]
    public void OwnSocket_IsOurs_AndAClosedOneNobodys(AddressFamily family)
    {
        IPEndPoint sender;
        using (var socket = new Socket(family, SocketType.Dgram, ProtocolType.Udp))
        {
            if (family == AddressFamily.InterNetworkV6)
                socket.DualMode = true;
            socket.Connect(family == AddressFamily.InterNetwork ? IPAddress.Loopback : IPAddress.Loopback.MapToIPv6(), 9);
            sender = new IPEndPoint(IPAddress.Loopback, ((IPEndPoint)socket.LocalEndPoint!).Port);
            Assert.True(DatagramOwner.IsUser(sender, PeerCredentials.CurrentUserId));
            Assert.False(DatagramOwner.IsUser(sender, PeerCredentials.CurrentUserId + 1));
        }

        Assert.False(DatagramOwner.IsUser(sender, PeerCredentials.CurrentUserId));
    }
}
