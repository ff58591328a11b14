using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using Telelaunch.Net;
using Telelaunch.Routing.Filter;

namespace Telelaunch.Routing.Tests.Filter;

public class CatchTableTests
{
    private static readonly AddressRange[] s_ranges =
    [
        .. RangeSubtraction.Subtract([AddressRange.Parse("10.96.0.0/12")], [AddressRange.Parse("10.96.0.1")]),
        AddressRange.Parse("10.244.0.0/16"), AddressRange.Parse("10.244.3.0/24"), AddressRange.Parse("128.0.0.0/1"), AddressRange.Parse("fd00:10:96::/108"), AddressRange.Parse("ff00::/8"),
    ];

    private const string Queue = "queue num 21580";
    private const string StandIn = "log prefix \"queue\"";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Script_MakesTheSameTable(bool withIpv6)
    {
        var layout = new CatchTableLayout(4001, withIpv6 ? (ushort)6001 : null, 21580, s_ranges);
        using var netlink = new NetworkNamespace();
        using var script = new NetworkNamespace();
        using CatchTable table = netlink.Run(() => CatchTable.Create(layout));
        string text = CatchScript.Write(layout);
        // nft itself would be the owner and take the table along when it ends.
        string applied = text.Replace("\tflags owner\n", "", StringComparison.Ordinal);
        Assert.NotEqual(text, applied);
        // A kernel whose nf_tables has no queue of its own reaches it by x_tables' target, which a script can't say.
        if (script.Execute("nft", "-c", applied).ExitCode != 0)
            applied = applied.Replace(Queue, StandIn, StringComparison.Ordinal);
        script.Check("nft", applied);

        Assert.Equal(List(script).Replace(StandIn, Queue, StringComparison.Ordinal), List(netlink));
    }

    [Fact]
    public void Ranges_ChangeWhileItIsThere()
    {
        using var here = new NetworkNamespace();
        using CatchTable table = here.Run(() => CatchTable.Create(new CatchTableLayout(4001, 6001, 21580, [AddressRange.Parse("10.96.0.0/13"), AddressRange.Parse("fd00::/64")])));

        table.Add(AddressRange.Parse("10.104.0.0/13"));
        Assert.Equal("10.96.0.0/12 fd00::/64", Elements(here));
        table.Add(AddressRange.Parse("fd00:0:0:1::/64"));
        table.Add(AddressRange.Parse("255.255.255.255"));
        Assert.Equal("10.96.0.0/12 255.255.255.255 fd00::/63", Elements(here));
        Assert.True(table.Remove(AddressRange.Parse("10.96.0.0/13")));
        Assert.Equal("10.104.0.0/13 255.255.255.255 fd00::/63", Elements(here));
        Assert.False(table.Remove(AddressRange.Parse("10.96.0.0/13")));
        table.Add(AddressRange.Parse("10.104.0.0/14"));
        Assert.True(table.Remove(AddressRange.Parse("10.104.0.0/14")));
        Assert.Equal("10.104.0.0/13 255.255.255.255 fd00::/63", Elements(here));
        table.Change([AddressRange.Parse("0.0.0.0/0"), AddressRange.Parse("::/0")]);
        Assert.Equal("0.0.0.0/0 ::/0", Elements(here));
        // More than one message holds.
        table.Change([.. Enumerable.Range(0, 1000).SelectMany(i => new[] { AddressRange.Parse($"10.{i / 250}.{i % 250}.0/25"), AddressRange.Parse($"fd00:{i:x}::/64") })]);
        Assert.Equal(2000, Elements(here).Split(' ').Length);
    }

    [Fact]
    public void Dispose_LeavesNothing()
    {
        using var here = new NetworkNamespace();
        string before = here.Snapshot();
        using (here.Run(() => CatchTable.Create(new CatchTableLayout(4001, 6001, 21580, s_ranges))))
            Assert.NotEqual(before, here.Snapshot());

        Assert.Equal(before, here.Snapshot());
    }

    [Fact]
    public void TableOfSomebodyElse_IsTold()
    {
        using var here = new NetworkNamespace();
        here.Check("nft", "add table inet telelaunch");

        HostException error = Assert.Throws<HostException>(() => here.Run(() => CatchTable.Create(new CatchTableLayout(4001, null, 21580, s_ranges))));

        Assert.Equal("catch-table-exists", error.Code);
        Assert.Contains("nft delete table inet telelaunch", error.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void TableOfARunningOwner_IsTold()
    {
        using var here = new NetworkNamespace();
        using CatchTable first = here.Run(() => CatchTable.Create(new CatchTableLayout(4001, null, 21580, s_ranges)));

        HostException error = Assert.Throws<HostException>(() => here.Run(() => CatchTable.Create(new CatchTableLayout(4001, null, 21580, s_ranges))));

        Assert.Equal("catch-table-exists", error.Code);
        Assert.Contains("owned by a process that runs", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Neighbour_DoesntGetIn_AndOtherTrafficIsLeftAlone()
    {
        using var caught = new CaughtNamespace { Answer = _ => SynVerdict.Open };
        using var neighbour = new NetworkNamespace();
        NetworkNamespace here = caught.Namespace;
        NetworkNamespace.Host("ip", "-n", here.Name, "link", "add", "lan0", "type", "veth", "peer", "name", "lan0", "netns", neighbour.Name);
        here.Check("ip", "address", "add", "192.0.2.1/24", "dev", "lan0");
        here.Check("ip", "link", "set", "lan0", "up");
        neighbour.Check("ip", "address", "add", "192.0.2.2/24", "dev", "lan0");
        neighbour.Check("ip", "link", "set", "lan0", "up");
        neighbour.Check("ip", "route", "add", "default", "via", "192.0.2.1");
        Process server = neighbour.Start("/usr/bin/python3", "-c", Server("192.0.2.2"));
        Process local = here.Start("/usr/bin/python3", "-c", Server("0.0.0.0"));
        Assert.Equal("listening", server.StandardOutput.ReadLine());
        Assert.Equal("listening", local.StandardOutput.ReadLine());

        // To the neighbour, from the neighbour, to oneself by two addresses.
        Assert.Equal("hello hello", here.Python(Clients("192.0.2.2")));
        Assert.Equal("hello hello", neighbour.Python(Clients("192.0.2.1")));
        Assert.Equal("hello hello", here.Python(Clients("127.0.0.1")));
        Assert.Equal("hello hello", here.Python(Clients("192.0.2.1")));
        Assert.Empty(caught.Questions);

        // What the neighbour sends to a caught address arrives and is dropped: neither the table's listener nor a server on all addresses sees it.
        Process stray = neighbour.Start("/usr/bin/python3", "-c", """
            import socket
            u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.sendto(b"stray", ("10.96.0.5", 8000))
            s = socket.socket(); s.setblocking(False); s.connect_ex(("10.96.0.5", 8000))
            # The path is in order: what is sent behind them arrives.
            u.sendto(b"last", ("192.0.2.1", 8001))
            input()
            """);
        Assert.Equal("last", local.StandardOutput.ReadLine());
        Assert.Contains("SYN-SENT", neighbour.Check("ss", "-tan"), StringComparison.Ordinal);
        Assert.Empty(caught.Questions);
        stray.StandardInput.WriteLine();
        Assert.Equal(0, NetworkNamespace.Finish(stray).ExitCode);
    }

    // Answers TCP and UDP on 8000, ends with what comes on 8001.
    private static string Server(string address) => $$"""
        import selectors, socket
        tcp = socket.create_server(("{{address}}", 8000))
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); udp.bind(("{{address}}", 8000))
        end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); end.bind(("{{address}}", 8001))
        print("listening", flush=True)
        every = selectors.DefaultSelector()
        for s in tcp, udp, end: every.register(s, selectors.EVENT_READ)
        while True:
            for key, _ in every.select():
                if key.fileobj is tcp: c, _ = tcp.accept(); c.sendall(b"hello"); c.close()
                elif key.fileobj is udp:
                    data, peer = udp.recvfrom(100)
                    if data == b"stray": print("stray", flush=True)
                    udp.sendto(b"hello", peer)
                else: print(end.recv(100).decode(), flush=True)
        """;

    private static string Clients(string address) => $"""
        import socket
        t = socket.create_connection(("{address}", 8000))
        u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.connect(("{address}", 8000)); u.send(b"?")
        print(t.recv(100).decode(), u.recv(100).decode())
        """;

    // Without what says whose it is; where nft finds no library that translates x_tables' target, it says so.
    private static string List(NetworkNamespace here)
    {
        string[] lines = here.Check("nft", "list", "ruleset").Replace("xt target \"NFQUEUE\"", Queue, StringComparison.Ordinal).Split('\n');
        return string.Join('\n', lines.Select(line => line.Split(" # progname")[0]).Where(line => line is not ("" or "\tflags owner")));
    }

    private static string Elements(NetworkNamespace here)
    {
        var found = new List<AddressRange>();
        foreach (string name in new[] { "ranges4", "ranges6" })
        {
            JsonNode ruleset = JsonNode.Parse(here.Check("nft", "-j", "list", "set", "inet", "telelaunch", name))!["nftables"]!;
            foreach (JsonNode? element in ruleset.AsArray().Single(node => node!["set"] is not null)!["set"]!["elem"]?.AsArray() ?? [])
            {
                found.Add(element switch
                {
                    JsonValue value => AddressRange.Parse(value.ToString()),
                    _ when element!["prefix"] is { } prefix => new AddressRange(IPAddress.Parse(prefix["addr"]!.ToString()), (int)prefix["len"]!),
                    _ => throw new InvalidOperationException(element!.ToJsonString()),
                });
            }
        }

        return string.Join(' ', found.Select(range => range.ToString() is var text && text.EndsWith("/32", StringComparison.Ordinal) ? text[..^3] : text));
    }
}
