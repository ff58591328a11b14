using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Tests.Node;

[Collection(PlaygroundCollection.Name)]
public sealed class ClusterNetworkTests(RunningPlayground test)
{
    private const string Connect = "/usr/bin/python3 -c 'import socket, sys, errno\ntry: print(socket.create_connection((sys.argv[1], int(sys.argv[2])), 20).recv(100).decode())\nexcept OSError as e: print(errno.errorcode.get(e.errno, e))' ";

    private const string Say = "/usr/bin/python3 -c 'import socket, sys\ns = socket.create_connection((sys.argv[1], int(sys.argv[2])), 20)\ns.sendall(sys.argv[3].encode())\ns.shutdown(1)\nprint(s.recv(100).decode())'";

    private const string Witness = """
        import socket
        l = socket.create_server(('', 8000))
        while True:
            s = l.accept()[0]
            try:
                print(s.recv(100).decode())
                s.sendall(b'the witness heard')
            except OSError as e:
                print(e)
            s.close()
        """;

    // How long an answer may take that isn't expected; a machine without a route there may not say so.
    private static readonly TimeSpan HostPatience = TimeSpan.FromSeconds(3);

    private const string Serve = "\"command\": [\"/usr/bin/python3\", \"-c\", \"import socket\\nl = socket.create_server(('', 8000))\\nwhile True: s = l.accept()[0]; s.sendall(socket.gethostname().encode()); s.close()\"],"
        + "\"readinessProbe\": {\"tcpSocket\": {\"port\": 8000}, \"periodSeconds\": 1}";

    [NodeFact]
    public async Task Services_LeadToReadyPods_AndNowhereWithout()
    {
        await ServeAsync("net-a");
        await ServeAsync("net-b");
        await test.CreateAsync("/api/v1/namespaces/play/services", """{"metadata": {"name": "net"}, "spec": {"selector": {"app": "net"}, "ports": [{"name": "p", "port": 80, "targetPort": 8000}]}}""");
        await test.CreateAsync("/api/v1/namespaces/play/services", """{"metadata": {"name": "empty"}, "spec": {"selector": {"app": "none"}, "ports": [{"port": 80}]}}""");
        await AwaitEndpointsAsync("net", 2);

        Assert.Matches("net-[ab]$", (await test.ShellAsync("net-a", Until("net 80", "net-"))).Trim());
        Assert.Equal("ECONNREFUSED", await ReachedAsync("empty", 80));
        var address = test.Store.Get(ResourceKinds.Pods, "play", "net-b")!.At("status", "podIP").Text();
        Assert.Equal("net-b", await ReachedAsync(address, 8000));
        Assert.Equal("ECONNREFUSED", await ReachedAsync(address, 8001));
        Assert.Equal("EHOSTUNREACH", await ReachedAsync("10.244.0.253", 80));
    }

    // A machine's own network may answer on any address, by a transparent proxy: so the pod is the witness of who reached it.
    [NodeFact]
    public async Task ClusterAddresses_AreNotReachedFromTheHost()
    {
        await test.CreatePodAsync("witness", $"\"command\": [\"/usr/bin/python3\", \"-uc\", {JsonValue.Create(Witness)!.ToJsonString()}],"
            + "\"readinessProbe\": {\"tcpSocket\": {\"port\": 8000}, \"periodSeconds\": 1}", labels: "{\"app\": \"witness\"}");
        await test.AwaitReadyAsync("witness");
        await test.CreateAsync("/api/v1/namespaces/play/services", """{"metadata": {"name": "witness"}, "spec": {"selector": {"app": "witness"}, "ports": [{"port": 80, "targetPort": 8000}]}}""");
        await AwaitEndpointsAsync("witness", 1);
        var service = test.Store.Get(ResourceKinds.Services, "play", "witness")!.At("spec", "clusterIP").Text();
        var pod = test.Store.Get(ResourceKinds.Pods, "play", "witness")!.At("status", "podIP").Text();

        Assert.Contains("the witness heard", await test.ShellAsync("witness", RunningPlayground.Until($"{Say} {service} 80 pod-to-service", "heard")));
        Assert.Contains("the witness heard", await test.ShellAsync("witness", $"{Say} {pod} 8000 pod-to-pod"));
        Assert.DoesNotContain("the witness heard", await AnswerToHostAsync(service, 80, "host-to-service"));
        Assert.DoesNotContain("the witness heard", await AnswerToHostAsync(pod, 8000, "host-to-pod"));

        // It takes one connection after the other: what the host had said would stand before this.
        Assert.Contains("the witness heard", await test.ShellAsync("witness", $"{Say} {pod} 8000 the-end"));
        await test.AwaitLogAsync("witness", "the-end");
        var log = (await test.KubectlAsync(null, "logs", "witness")).Output;
        Assert.Contains("pod-to-service", log);
        Assert.Contains("pod-to-pod", log);
        Assert.DoesNotContain("host-to-", log);
    }

    [NodeFact]
    public async Task PodReachesItselfThroughItsService()
    {
        await ServeAsync("self", "self");
        await test.CreateAsync("/api/v1/namespaces/play/services", """{"metadata": {"name": "mirror"}, "spec": {"selector": {"app": "self"}, "ports": [{"port": 80, "targetPort": 8000}]}}""");
        await AwaitEndpointsAsync("mirror", 1);

        Assert.EndsWith("self", (await test.ShellAsync("self", Until("mirror 80", "self"))).Trim());
    }

    [NodeFact]
    public async Task Names_AreAnsweredAsInACluster()
    {
        await ServeAsync("names", "names");
        var ip = test.Store.Get(ResourceKinds.Pods, "play", "names")!.At("status", "podIP").Text();
        await test.CreateAsync("/api/v1/namespaces/play/services", """{"metadata": {"name": "headless"}, "spec": {"clusterIP": "None", "selector": {"app": "names"}, "ports": [{"name": "p", "port": 8000}]}}""");
        await test.CreateAsync("/api/v1/namespaces/play/services", """{"metadata": {"name": "alias"}, "spec": {"type": "ExternalName", "externalName": "headless.play.svc.cluster.local"}}""");
        await AwaitEndpointsAsync("headless", 1);

        Assert.Contains(ip, await test.ShellAsync("names", "getent hosts headless"));
        Assert.Contains(ip, await test.ShellAsync("names", "getent hosts headless.play.svc.cluster.local."));
        Assert.Contains(ip, await test.ShellAsync("names", "getent hosts alias"));
        Assert.Contains("10.96.0.1 ", await test.ShellAsync("names", "getent hosts kubernetes.default"));
        Assert.Contains("kubernetes.default.svc.cluster.local", await test.ShellAsync("names", "getent hosts 10.96.0.1"));
        Assert.Contains("gaierror: [Errno -2]", await test.ShellAsync("names", "/usr/bin/python3 -c \"import socket; socket.getaddrinfo('nosuch.play.svc.cluster.local', 80)\" 2>&1"));
    }

    [NodeFact]
    public async Task NamesOutsideTheCluster_AreAskedOfTheUpstreamResolver()
    {
        await ServeAsync("names", "names");

        Assert.StartsWith(OutsideDns.Address + " ", await test.ShellAsync("names", $"getent ahostsv4 {OutsideDns.Name}"));
        Assert.Equal("2", (await test.ShellAsync("names", "getent hosts nosuch.example; echo $?")).Trim());
    }

    [NodeFact]
    public async Task ApiServer_IsReachedFromAPodWithItsToken()
    {
        await ServeAsync("client", "client");
        var answer = await test.ShellAsync("client", "d=/var/run/secrets/kubernetes.io/serviceaccount; curl -sS --cacert $d/ca.crt -H \"Authorization: Bearer $(cat $d/token)\" "
            + "https://$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT/api/v1/namespaces/play/pods");
        Assert.Contains("system:serviceaccount:play:default", answer);
    }

    private async Task ServeAsync(string name, string app = "net")
    {
        if (test.Store.Get(ResourceKinds.Pods, "play", name) is null)
            await test.CreatePodAsync(name, Serve, labels: $$"""{"app": "{{app}}"}""");
        await test.AwaitReadyAsync(name);
    }

    // The rules follow the EndpointSlice, a moment later.
    private static string Until(string target, string answer) => RunningPlayground.Until(Connect + target, answer);

    private async Task<string> ReachedAsync(string host, int port) => (await test.ShellAsync("net-a", Connect + $"{host} {port}")).Trim();

    private Task AwaitEndpointsAsync(string service, int count) => test.AwaitAnyAsync(ResourceKinds.EndpointSlices, $"{count} ready endpoints of {service}",
        s => s.Label("kubernetes.io/service-name") == service && s["endpoints"].Items().Count(e => e.At("conditions", "ready").IsTrue()) == count);

    // Sends a word and returns what is answered to it; empty if nothing is.
    private static async Task<string> AnswerToHostAsync(string address, int port, string word)
    {
        using var patience = new CancellationTokenSource(HostPatience);
        using var client = new TcpClient();
        var answer = new StringBuilder();
        try
        {
            await client.ConnectAsync(IPAddress.Parse(address), port, patience.Token);
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(word + "\n"), patience.Token);
            using var reader = new StreamReader(client.GetStream());
            var buffer = new char[1024];
            while (await reader.ReadAsync(buffer, patience.Token) is > 0 and var count)
                answer.Append(buffer, 0, count);
        }
        catch (Exception e) when (e is SocketException or IOException or OperationCanceledException)
        {
            // Refused, unreachable, or nobody there at all: as it should be.
        }
        return answer.ToString();
    }
}
