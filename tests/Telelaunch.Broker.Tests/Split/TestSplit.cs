using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using ARSoft.Tools.Net.Dns;
using Telelaunch.Broker.Split;
using Telelaunch.Net;
using Telelaunch.Net.Dns;
using Telelaunch.Net.Tests.Dns;

namespace Telelaunch.Broker.Tests.Split;

/// <summary>A split name server between a cluster's and this machine's, all on loopback.</summary>
internal sealed class TestSplit : IAsyncDisposable
{
    private static readonly PodDescription Pod = TestSession.Pod with { SearchDomains = ["default.svc.cluster.local", "svc.cluster.local", "cluster.local", "corp.example"] };

    private TestSplit(SplitNameServer server, IPEndPoint endPoint, TestNameServer cluster, TestNameServer upstream)
    {
        Server = server;
        EndPoint = endPoint;
        Cluster = cluster;
        Upstream = upstream;
    }

    internal SplitNameServer Server { get; }

    internal IPEndPoint EndPoint { get; }

    internal TestNameServer Cluster { get; }

    internal TestNameServer Upstream { get; }

    /// <summary>What was routed and forgotten: "+address", "-address".</summary>
    internal ConcurrentQueue<string> Routed { get; private init; } = new();

    internal ConcurrentQueue<BrokerRecord> Records { get; private init; } = new();

    internal static TestSplit Start(Func<SplitNameServerOptions, SplitNameServerOptions>? change = null)
    {
        var cluster = new TestNameServer();
        var upstream = new TestNameServer();
        var routed = new ConcurrentQueue<string>();
        var records = new ConcurrentQueue<BrokerRecord>();
        (Socket udp, Socket tcp) = TestNameServer.Bind(IPAddress.Loopback);
        var endPoint = (IPEndPoint)udp.LocalEndPoint!;
        var options = new SplitNameServerOptions
        {
            Udp = udp,
            Tcp = tcp,
            // As kube-dns is asked where it can be reached: one server, the pod's search list.
            Resolver = new DnsResolver(new ResolvConf([cluster.EndPoint.Address], Pod.SearchDomains, Pod.Ndots, TimeSpan.FromSeconds(5), 1), cluster.EndPoint.Port),
            Pod = Pod,
            Names = new ClusterNames(["default", "shop"], ["web"], ["db.corp.example"]) { HostDomains = ["corp.example"] },
            Ranges = AddressRanges.Create([AddressRange.Parse("10.96.0.0/12"), AddressRange.Parse("fd00:10:96::/108")], []),
            Upstreams = [upstream.EndPoint],
            Routing = (added, forgotten) =>
            {
                foreach (string line in added.Select(address => $"+{address}").Concat(forgotten.Select(address => $"-{address}")))
                    routed.Enqueue(line);
                return ValueTask.CompletedTask;
            },
            Records = records.Enqueue,
        };
        var server = new SplitNameServer(change is null ? options : change(options));
        return new TestSplit(server, endPoint, cluster, upstream) { Routed = routed, Records = records };
    }

    /// <summary>A Service in the namespace "default" with both families and a port, and one in "shop".</summary>
    internal void AddServices()
    {
        Cluster.Add("hello.default.svc.cluster.local", "10.96.0.1");
        Cluster.Add("hello.default.svc.cluster.local", "fd00:10:96::1");
        Cluster.Add("_http._tcp.hello.default.svc.cluster.local", RecordType.SRV, [0, 0, 0, 100, 0, 80, .. TestNameServer.Name("hello.default.svc.cluster.local")]);
        Cluster.Add("1.0.96.10.in-addr.arpa", RecordType.PTR, TestNameServer.Name("hello.default.svc.cluster.local"));
        Cluster.Add("web.shop.svc.cluster.local", "10.96.0.2");
    }

    internal Task<DnsMessage> AskAsync(string name, RecordType type) => AskAsync(DnsMessageTests.Query(name, type));

    internal async Task<DnsMessage> AskAsync(byte[] query) => DnsMessage.Parse(await ExchangeAsync(EndPoint, query));

    internal static async Task<byte[]> ExchangeAsync(IPEndPoint server, byte[] query)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(server);
        await socket.SendAsync(query);
        byte[] answer = new byte[65_535];
        return answer[..await socket.ReceiveAsync(answer).WaitAsync(ShimProgram.Patience)];
    }

    /// <summary>What the real dig prints, without empty lines.</summary>
    internal async Task<string> DigAsync(string arguments)
    {
        var start = new ProcessStartInfo("dig", $"@{EndPoint.Address} -p {EndPoint.Port} +tries=1 +time=30 {arguments}") { RedirectStandardOutput = true };
        // What the machine's user has in .digrc isn't meant.
        start.Environment["HOME"] = "/nonexistent";
        using Process dig = Process.Start(start)!;
        string output = await dig.StandardOutput.ReadToEndAsync().WaitAsync(ShimProgram.Patience);
        await dig.WaitForExitAsync().WaitAsync(ShimProgram.Patience);
        return output.Trim();
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        await Cluster.DisposeAsync();
        await Upstream.DisposeAsync();
    }
}
