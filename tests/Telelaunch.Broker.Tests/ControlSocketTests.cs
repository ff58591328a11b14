using System.Net.Sockets;
using Telelaunch.Net;

namespace Telelaunch.Broker.Tests;

/// <summary>Bytes as the shim sends them, and bytes that no shim would send.</summary>
public class ControlSocketTests
{
    [Theory]
    [InlineData("")]
    [InlineData("01")]
    [InlineData("010300")]
    [InlineData("02030300" + "6162")]
    [InlineData("01000000")]
    [InlineData("01060000")]
    [InlineData("01010000" + "0400005000000000000000000000000000000000")]
    [InlineData("01010000")]
    [InlineData("01020000" + "01020304")]
    [InlineData("01030000" + "6162")]
    [InlineData("01030300")]
    [InlineData("01030300" + "610062")]
    [InlineData("01040000" + "0500000000000000000000000000000000000000")]
    [InlineData("01050000" + "1234")]
    [InlineData("01080000")]
    [InlineData("01080000" + "010000000000000000000000")]
    [InlineData("01080000" + "010000000000000000000000" + "61" + "00" + "62")]
    [InlineData("01080000" + "010000000000000000000000" + "61" + "00" + "62" + "00" + "00")]
    [InlineData("01080000" + "040000000000000000000000" + "0000")]
    [InlineData("01080000" + "000000000000000000000000" + "0000")]
    [InlineData("01080000" + "010001000000000000000000" + "0000")]
    [InlineData("01080000" + "010000000010000000000000" + "0000")]
    [InlineData("01080000" + "0100000000000000ffffffff" + "0000")]
    [InlineData("01090000")]
    [InlineData("01090000" + "64726f70706564")]
    [InlineData("010a0000" + "0000")]
    public async Task NoRequest_IsClosedWithoutAReply_AndTheNextIsServed(string hex)
    {
        await using TestSession session = await TestSession.StartAsync();
        using (Socket peer = Connect(session))
        {
            await peer.SendAsync(Convert.FromHexString(hex));
            if (hex.Length == 0)
                peer.Shutdown(SocketShutdown.Send);
            Assert.Equal(0, await ReceiveAsync(peer, new byte[64]));
        }

        Assert.Equal("0101", await AskAsync(session, "01020000" + "0102030405060708", 2));
    }

    [RootFact]
    public async Task AnotherUser_IsRefused_EvenWhereThePathIsOpenToHim()
    {
        var resolver = new ScriptedResolver();
        resolver.Add("web", "web.x", "10.244.1.9");
        await using TestSession session = await TestSession.StartAsync(resolver: resolver);
        const string Script =
            """
            import socket, sys
            peer = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            try:
                peer.connect(sys.argv[1])
                peer.send(bytes.fromhex("0103030077" "6562"))
                print(len(peer.recv(512)), "bytes")
            except OSError as error:
                print(type(error).__name__)
            """;
        string control = Path.Combine(session.Broker.SessionPath, "control");
        Assert.Equal("PermissionError\n", await Stranger.RunAsync(Script, control));

        for (string path = control; path != Path.GetTempPath().TrimEnd('/') && path != "/"; path = Path.GetDirectoryName(path)!)
            File.SetUnixFileMode(path, File.GetUnixFileMode(path) | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute);
        Assert.Contains(await Stranger.RunAsync(Script, control), (string[])["0 bytes\n", "BrokenPipeError\n", "ConnectionResetError\n"]);
        Assert.Empty(resolver.Asked);
        Assert.StartsWith("01000000", await AskAsync(session, "01030300" + "776562", 256), StringComparison.Ordinal);
    }

    [Fact]
    public async Task PacketLargerThanAllowed_IsRefused()
    {
        await using TestSession session = await TestSession.StartAsync();
        using Socket peer = Connect(session);
        peer.SendBufferSize = 200_000;
        await peer.SendAsync(new byte[70_000]);
        Assert.Equal(0, await ReceiveAsync(peer, new byte[64]));
    }

    [Fact]
    public async Task LookUp_RepliesAsTheContractSays()
    {
        var resolver = new ScriptedResolver();
        resolver.Add("web", "web.x", "10.244.1.9", "fd00::1");
        await using TestSession session = await TestSession.StartAsync(resolver: resolver);

        string reply = await AskAsync(session, "01030300" + "776562", 256);

        Assert.StartsWith("01000000", reply, StringComparison.Ordinal);
        Assert.Equal(
            "0200" + "0500"
            + "0400" + "0000" + "0AF40109000000000000000000000000"
            + "0600" + "0000" + "FD000000000000000000000000000001"
            + "7765622E78",
            reply[16..]);
    }

    [Fact]
    public async Task Reverse_RepliesAsTheContractSays()
    {
        var resolver = new ScriptedResolver { Reverse = _ => new NameLookupResult(LookupStatus.Found, ["a.b"], TimeSpan.FromSeconds(3)) };
        await using TestSession session = await TestSession.StartAsync(resolver: resolver);

        Assert.Equal(
            "01000000" + "03000000" + "0100" + "0000" + "0300" + "612E62",
            await AskAsync(session, "01040000" + "04000000" + "0A600001000000000000000000000000", 256));
        Assert.StartsWith("0101", await AskAsync(session, "01040000" + "04000000" + "C6336407000000000000000000000000", 256), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Query_WithSearch_TriesThePodsSearchList()
    {
        var asked = new List<string>();
        var resolver = new ScriptedResolver
        {
            Query = (query, _) =>
            {
                DnsQuestion.TryRead(query.Span, out DnsQuestion question);
                if (!question.Name.StartsWith("telelaunch-", StringComparison.Ordinal))
                    asked.Add(question.Name);
                LookupStatus status = question.Name == "hello.svc.cluster.local" ? LookupStatus.Found : LookupStatus.NoName;
                System.Net.IPAddress[] addresses = status == LookupStatus.Found ? [System.Net.IPAddress.Parse("10.96.0.1")] : [];
                return ValueTask.FromResult<ReadOnlyMemory<byte>>(DnsAnswer.Addresses(query.Span, question, new AddressLookup(status, addresses, null, default)));
            },
        };
        await using TestSession session = await TestSession.StartAsync(resolver: resolver);

        string reply = await AskAsync(session, "01050100" + Convert.ToHexString(DnsMessageTests.Query("hello", RecordType.A)), 512);

        Assert.Equal(["hello.default.svc.cluster.local", "hello.svc.cluster.local"], asked);
        Assert.StartsWith("01000000", reply, StringComparison.Ordinal);
        Assert.EndsWith("0A600001", reply, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ManyIdleConnections_DoNotStopOthers()
    {
        await using TestSession session = await TestSession.StartAsync();
        List<Socket> idle = [.. Enumerable.Range(0, 300).Select(_ => Connect(session))];

        Assert.Equal("0101", await AskAsync(session, "01020000" + "0102030405060708", 2));

        idle.ForEach(peer => peer.Dispose());
    }

    private static Socket Connect(TestSession session)
    {
        var peer = new Socket(AddressFamily.Unix, SocketType.Seqpacket, ProtocolType.Unspecified);
        peer.Connect(new UnixDomainSocketEndPoint(Path.Combine(session.Broker.SessionPath, "control")));
        return peer;
    }

    private static async Task<string> AskAsync(TestSession session, string hex, int length)
    {
        using Socket peer = Connect(session);
        await peer.SendAsync(Convert.FromHexString(hex));
        byte[] reply = new byte[1024];
        int count = await ReceiveAsync(peer, reply);
        return Convert.ToHexString(reply, 0, Math.Min(count, length));
    }

    private static async Task<int> ReceiveAsync(Socket peer, byte[] buffer)
    {
        try
        {
            return await peer.ReceiveAsync(buffer).WaitAsync(ShimProgram.Patience);
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.ConnectionReset)
        {
            // Closed with bytes unread: RST is how a UNIX socket says so.
            return 0;
        }
    }
}
