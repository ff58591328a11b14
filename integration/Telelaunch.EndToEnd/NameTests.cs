using Xunit;

namespace Telelaunch.EndToEnd;

/// <summary>Names resolve as they do in a pod of the namespace.</summary>
[Collection(TestCluster.Name)]
public sealed class NameTests(TestCluster cluster)
{
    [Fact]
    public async Task EveryKindOfName_ResolvesAsInThePod()
    {
        string[] names =
        [
            "hello", "hello.default", "hello.default.svc", "hello.default.svc.cluster.local", "hello.default.svc.cluster.local.",
            "web", "web-0.web", "web-1.web.default.svc.cluster.local", "greeter.other", "greeter.other.svc.cluster.local", "external",
            "kubernetes", "no-such-service", "no-such-service.default.svc.cluster.local",
        ];
        await using var run = await cluster.RunAsync(["python3", Programs.Source("names.py"), .. names]);
        var inPod = await cluster.KubectlAsync(["exec", "deployment/probe", "--", "python3", "-c", await File.ReadAllTextAsync(Programs.Source("names.py")), .. names]);

        // Sets of addresses: a name server may rotate those of a headless Service from one answer to the next.
        Assert.Equal(Sorted(inPod), Sorted(run.Output));
    }

    [Fact]
    public async Task AddressOfAService_HasItsName()
    {
        var address = await cluster.ClusterAddressAsync("hello");
        await using var run = await cluster.RunAsync("python3", "-c", $"import socket; print(socket.gethostbyaddr('{address}')[0], socket.getnameinfo(('{address}', 80), 0)[0])");
        Assert.True(run.Output == "hello.default.svc.cluster.local hello.default.svc.cluster.local\n", run.ToString());
    }

    [FactWith("dig")]
    public async Task DigOverUdp_AsksTheNameServerOfThePod()
    {
        await using var run = await cluster.RunAsync("dig", "+short", "+tries=1", "hello.default.svc.cluster.local");
        Assert.True(run.Output.Trim() == await cluster.ClusterAddressAsync("hello"), run.ToString());
    }

    [Fact]
    public async Task PortNobodyListensOn_IsRefused()
    {
        await using var run = await cluster.RunAsync("python3", Programs.Source("errno.py"), await cluster.PodAddressAsync("hello"), "81");
        Assert.True(run.Output == "blocking ECONNREFUSED\nnon-blocking EINPROGRESS ECONNREFUSED\n", run.ToString());
    }

    [Fact]
    public async Task UdpToTheCluster_IsRefusedLoudly()
    {
        var address = await cluster.ClusterAddressAsync("echo");
        await using var run = await cluster.RunAsync("python3", "-c", $"import errno, socket\ntry:\n  socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('{address}', 7))\nexcept OSError as e:\n  print(errno.errorcode[e.errno])");
        Assert.True(run.Output == "ENETUNREACH\n" && run.Errors.Contains("UDP", StringComparison.Ordinal), run.ToString());
    }

    internal static string[] Sorted(string output) =>
        [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => string.Join(' ', line.Split(' ').Order(StringComparer.Ordinal)))];
}
