using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Tests.Node;

[Collection(PlaygroundCollection.Name)]
public sealed class ClusterNetworkTests(RunningPlayground test)
{
    private const string Connect = "/usr/bin/python3 -c 'import socket, sys, errno\ntry: print(socket.create_connection((sys.argv[1], int(sys.argv[2])), 20).recv(100).decode())\nexcept OSError as e: print(errno.errorcode.get(e.errno, e))' ";

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
        // The host has no way there.
        Assert.DoesNotContain("10.244.0.", await File.ReadAllTextAsync("/proc/net/fib_trie"));
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
    private static string Until(string target, string answer) => $"until {Connect}{target} | tee /tmp/answer | grep {answer}; do :; done; cat /tmp/answer";

    private async Task<string> ReachedAsync(string host, int port) => (await test.ShellAsync("net-a", Connect + $"{host} {port}")).Trim();

    private async Task AwaitEndpointsAsync(string service, int count)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        await foreach (var change in test.Store.WatchAsync(ResourceKinds.EndpointSlices, patience.Token))
        {
            if (change.Object.Label("kubernetes.io/service-name") == service && change.Object["endpoints"].Items().Count(e => e.At("conditions", "ready").IsTrue()) == count)
                break;
        }
    }
}
