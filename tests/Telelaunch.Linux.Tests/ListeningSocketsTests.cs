using System.Net;
using System.Net.Sockets;

namespace Telelaunch.Linux.Tests;

public class ListeningSocketsTests
{
    [Theory]
    [InlineData("127.0.0.1", false)]
    [InlineData("0.0.0.0", false)]
    [InlineData("127.7.8.9", false)]
    [InlineData("::1", true)]
    [InlineData("::", true)]
    public void Listener_IsListedWithItsCookie_AndOnlyWhileItListens(string address, bool isV6)
    {
        using var socket = new Socket(isV6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
        var own = (IPEndPoint)socket.LocalEndPoint!;
        ulong cookie = socket.GetCookie();
        Assert.DoesNotContain(ListeningSockets.Read(), listed => listed.Cookie == cookie);

        socket.Listen(1);
        ListeningSocket found = ListeningSockets.Read().Single(listed => listed.Cookie == cookie);
        Assert.Equal(own, found.EndPoint);
        Assert.Equal(isV6, found.IsV6Only);
        Assert.Equal(Environment.ProcessId, SocketHolder.Find(found.Inode));
        Assert.Equal(found.EndPoint, SocketFiles.Read().Single(listed => listed.Inode == found.Inode).EndPoint);

        socket.Close();
        Assert.DoesNotContain(ListeningSockets.Read(), listed => listed.Cookie == cookie);
        Assert.Equal(0, SocketHolder.Find(found.Inode));
    }

    [Fact]
    public void DualModeListener_IsntV6Only()
    {
        using var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = true };
        socket.Bind(new IPEndPoint(IPAddress.IPv6Any, 0));
        socket.Listen(1);

        Assert.False(ListeningSockets.Read().Single(listed => listed.Cookie == socket.GetCookie()).IsV6Only);
    }

    [Fact]
    public void ManyListeners_ComeInSeveralPackets_AndAreAllListed()
    {
        Socket[] sockets = [.. Enumerable.Range(0, 1000).Select(_ => Listener())];
        try
        {
            var listed = ListeningSockets.Read().Select(socket => socket.Cookie).ToHashSet();
            Assert.All(sockets, socket => Assert.Contains(socket.GetCookie(), listed));
        }
        finally
        {
            foreach (Socket socket in sockets)
                socket.Dispose();
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("0A")]
    [InlineData("1100000014000200")]
    [InlineData("08000000140002000000000000000000")]
    [InlineData("FFFFFF7F140002000000000000000000")]
    [InlineData("1400000014000200000000000000000001000000")]
    [InlineData("1400000002000200000000000000000001000000")]
    public void DamagedAnswer_IsNoAnswer(string hexadecimal)
    {
        var found = new List<ListeningSocket>();
        bool? isDone = SocketDiagnosis.Read(Convert.FromHexString(hexadecimal), found);
        Assert.Empty(found);
        Assert.NotEqual(true, isDone);
    }

    [Fact]
    public void Tables_AreReadAsTheKernelWritesThem()
    {
        string[] table =
        [
            "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
            "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0000000000000000 100 0 0 10 0",
            "   1: 0100007F:1F91 0100007F:9C40 01 00000000:00000000 00:00000000 00000000  1000        0 4712 1 0000000000000000 100 0 0 10 0",
            "   2: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4713 1 0 100 0 0 10 0",
            "   3: 0000000000000000FFFF00000100007F:0051 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4714 1 0 100 0 0 10 0",
        ];

        Assert.Equal(
            [
                new ListeningSocket(IPEndPoint.Parse("127.0.0.1:8080"), 0, 4711, false),
                new ListeningSocket(IPEndPoint.Parse("[::1]:80"), 0, 4713, true),
                new ListeningSocket(IPEndPoint.Parse("127.0.0.1:81"), 0, 4714, true),
            ],
            SocketFiles.Parse(table));
    }

    private static Socket Listener()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        socket.Listen(1);
        return socket;
    }
}
