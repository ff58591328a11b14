using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace Telelaunch.EndToEnd.Machine;

/// <summary>Every kind of program on the machine reaches the cluster, also those that no library can be put into, and learns the truth about what it can't reach.</summary>
/// <remarks>What each saw and how long that took is told in a table, <c>vpn-tcp.report</c>.</remarks>
[Collection(TestCluster.Name)]
public sealed class MachineProgramTests(TestCluster cluster, VpnMachine vpn) : IClassFixture<VpnMachine>
{
    private const string Page = "hello from the cluster";
    private const string FullName = "hello.default.svc.cluster.local";
    private const string Nobody = "65534";

    private static readonly string[] Clients =
    [
        "curl", "curl -4", "wget", "python blocking", "python asyncio", "node fetch", "node connect", "java socket", "java http-client",
        "dotnet http-async", "dotnet http-sync", "dotnet tcp-client", "dotnet socket-dual", "C glibc", "C musl", "C musl static", "Go static", "sudo curl",
    ];

    public static TheoryData<string> ClientNames => [.. Clients];

    [TheoryOnMachine, MemberData(nameof(ClientNames))]
    public async Task Client_ReachesTheService_ByEveryKindOfAddress(string client)
    {
        if (await CommandAsync(client) is not { } command)
        {
            Tell(client, "not installed here");
            return;
        }

        string[] addresses = ["hello", FullName, await cluster.ClusterAddressAsync("hello"), await cluster.PodAddressAsync("hello")];
        // It compiles its program each time.
        if (!client.StartsWith("java", StringComparison.Ordinal)) addresses = [.. addresses, "hello.default", "hello.default.svc"];
        var start = Stopwatch.GetTimestamp();
        foreach (var address in addresses)
        {
            await using var run = await vpn.Machine.RunAsync("env", command(address));
            Assert.True(run.ExitCode == 0 && run.Output.Contains(Page, StringComparison.Ordinal), $"{client} to {address}\n{run}");
        }

        Tell(client, $"all {addresses.Length} kinds of address", Stopwatch.GetElapsedTime(start) / addresses.Length);
    }

    /// <summary>Linked statically with glibc, whose resolver would need its libraries: by address only.</summary>
    [FactOnMachine]
    public async Task StaticGlibcProgram_ReachesTheService()
    {
        var program = await Programs.CompileAsync(cluster, "gcc", "reach.c", "-static");
        await SeesAsync("C glibc static", Page, program, await cluster.ClusterAddressAsync("hello"), "80");
    }

    [FactOnMachine]
    public async Task SetuidProgramOfAnotherUser_ReachesTheService()
    {
        // On the machine's own /run, which all users may read and whose files may be setuid.
        var program = await Programs.CompileAsync(cluster, "gcc", "reach.c");
        await vpn.Machine.OutputAsync("install", "-m", "4755", program, "/run/setuid-reach");
        await SeesAsync("setuid, another user", Page, "setpriv", "--reuid", Nobody, "--regid", Nobody, "--clear-groups", "/run/setuid-reach", "hello", "80");
    }

    [FactOnMachine]
    public async Task ProgramThatWasThereBefore_ReachesTheService()
    {
        await vpn.Early.WriteLineAsync($"import urllib.request; print(urllib.request.urlopen('http://{FullName}/').read().decode().strip(), flush=True)");
        Assert.Equal(Page, await vpn.Early.WaitForLineAsync("hello"));
        Tell("started before", Page);
    }

    [FactOnMachine("git")]
    public async Task GitClone_OverHttp()
    {
        await using var run = await vpn.Machine.RunAsync("git", "clone", "-q", "http://probe:8080/repository.git", "/run/clone");
        Assert.True(run.ExitCode == 0, run.ToString());
        Assert.True(File.Exists($"{vpn.Machine.Root}/run/clone/README"), "the clone has no README");
    }

    [FactOnMachine("psql")]
    public Task Psql() => SeesAsync("psql", "42", "env", "PGPASSWORD=postgres", "psql", "-h", "db", "-U", "postgres", "-tAc", "select 6*7");

    [FactOnMachine("redis-cli")]
    public Task RedisCli() => SeesAsync("redis-cli", "PONG", "redis-cli", "-h", "redis", "PING");

    [FactOnMachine]
    public async Task CurlToIpv6_FailsForWantOfAnAddress_WhereTheServiceHasNone()
    {
        var families = (await cluster.GetAsync("service", "hello"))["spec"]!["ipFamilies"]!.AsArray().Select(family => (string)family!);
        var start = Stopwatch.GetTimestamp();
        await using var run = await vpn.Machine.RunAsync("curl", "-6", "-svS", $"http://{FullName}/");
        // Curl has one code for a name without any address and another for one that has none of this family; it mustn't have tried one of the other.
        Assert.True(families.Contains("IPv6") ? run.Output.Contains(Page, StringComparison.Ordinal) : run.ExitCode is 6 or 7 && !run.Errors.Contains("Trying", StringComparison.Ordinal), run.ToString());
        Tell("curl -6", families.Contains("IPv6") ? Page : "no address of that family", Stopwatch.GetElapsedTime(start));
    }

    [FactOnMachine("nc")]
    public async Task NcToAnOpenPort_Succeeds() => await SeesAsync("nc -z, open", "succeeded", "nc", "-zv", await cluster.ClusterAddressAsync("hello"), "80");

    [FactOnMachine("nc")]
    public async Task NcToAClosedPort_IsRefused()
    {
        await EndsAsync(1, "nc -z, closed", "Connection refused", "nc", "-zv", await cluster.PodAddressAsync("hello"), "81");
        await using var run = await vpn.Machine.RunAsync("python3", Programs.Source("errno.py"), await cluster.PodAddressAsync("hello"), "81");
        Assert.True(run.Output == "blocking ECONNREFUSED\nnon-blocking EINPROGRESS ECONNREFUSED\n", run.ToString());
    }

    /// <summary>What a connect to an address that nobody has comes to, the pod knows: it needn't be the same on every cluster.</summary>
    [FactOnMachine("nc")]
    public async Task ConnectToAnAddressThatNobodyHas_EndsAsInThePod()
    {
        var nobody = await AddressOfNobodyAsync();
        foreach (var bound in new[] { "1", "10" })
        {
            var inPod = (await cluster.KubectlAsync("exec", "deployment/probe", "--", "python3", "-c", await File.ReadAllTextAsync(Programs.Source("outcome.py")), nobody, "80", bound)).Trim();
            await SeesAsync($"nobody's address, {bound} s", inPod, "python3", Programs.Source("outcome.py"), nobody, "80", bound);
        }

        await using var run = await vpn.Machine.RunAsync("nc", "-zv", "-w", "1", nobody, "80");
        Assert.True(run.ExitCode == 1 && !run.Errors.Contains("refused", StringComparison.Ordinal), run.ToString());
        Tell("nc -z -w 1, nobody", LastLine(run.Errors));
    }

    [FactOnMachine("ping")]
    public async Task Ping_IsToldThatItIsProhibited() =>
        await EndsAsync(1, "ping", "Packet filtered", "ping", "-c", "1", "-W", "30", await cluster.ClusterAddressAsync("hello"));

    [FactOnMachine]
    public Task Datagram_IsRefusedAtOnce() => SeesAsync("UDP client", "ECONNREFUSED", "python3", Programs.Source("datagram.py"), "echo", "7");

    [FactOnMachine]
    public async Task Outside_IsReachedAsBefore()
    {
        await SeesAsync("curl -4 outside", OutsideWebServer.Text, "curl", "-4", "-sS", $"http://{OutsideWorld.Host}/");
        await SeesAsync("curl -6 outside", OutsideWebServer.Text, "curl", "-6", "-sS", $"http://{OutsideWorld.Host}/");
        Assert.Contains(await cluster.ClusterAddressAsync("hello"), await vpn.Machine.OutputAsync("kubectl", "get", "service", "hello", "-o", "wide"), StringComparison.Ordinal);
    }

    private async Task<Func<string, string[]>?> CommandAsync(string client)
    {
        var program = client.Split(' ')[0] switch { "python" => "python3", "dotnet" or "C" => "gcc", "Go" => "go", var name => name };
        if (Installed.Lacks(client.StartsWith("C musl", StringComparison.Ordinal) ? "musl-gcc" : program) is not null) return null;
        switch (client)
        {
            case "curl": return host => ["curl", "-sS", $"http://{host}/"];
            case "curl -4": return host => ["curl", "-4", "-sS", $"http://{host}/"];
            case "sudo curl": return host => ["sudo", "-n", "curl", "-sS", $"http://{host}/"];
            case "wget": return host => ["wget", "-qO-", $"http://{host}/"];
            case "python blocking": return host => ["python3", Programs.Source("blocking.py"), host, "80"];
            case "python asyncio": return host => ["python3", Programs.Source("asynchronous.py"), host, "80"];
            case "node fetch": return host => ["node", Programs.Source("fetch.mjs"), host, "80"];
            case "node connect": return host => ["node", Programs.Source("connect.mjs"), host, "80"];
            case "java socket": return host => ["java", Programs.Source("Reach.java"), "socket", host, "80"];
            case "java http-client": return host => ["java", Programs.Source("Reach.java"), "http-client", host, "80"];
            case "C glibc" or "C musl" or "C musl static" or "Go static":
                var compiled = client switch
                {
                    "C glibc" => await Programs.CompileAsync(cluster, "gcc", "reach.c"),
                    "C musl" => await Programs.CompileAsync(cluster, "musl-gcc", "reach.c"),
                    "C musl static" => await Programs.CompileAsync(cluster, "musl-gcc", "reach.c", "-static"),
                    _ => await Programs.CompileGoAsync(cluster, "reach.go"),
                };
                return host => [compiled, host, "80"];
            default: return host => [Programs.DotNetApp, client.Split(' ')[1], host, "80"];
        }
    }

    /// <summary>The program succeeds and says that.</summary>
    private Task SeesAsync(string what, string expected, string program, params string[] arguments) => EndsAsync(0, what, expected, program, arguments);

    private async Task EndsAsync(int exitCode, string what, string expected, string program, params string[] arguments)
    {
        var start = Stopwatch.GetTimestamp();
        await using var run = await vpn.Machine.RunAsync(program, arguments);
        Assert.True(run.ExitCode == exitCode && (run.Output + run.Errors).Contains(expected, StringComparison.Ordinal), $"{what}\n{run}");
        Tell(what, expected, Stopwatch.GetElapsedTime(start));
    }

    /// <summary>An address among those of Pods that no Pod has: the highest of the /24 of one that there is.</summary>
    private async Task<string> AddressOfNobodyAsync()
    {
        var taken = (await cluster.GetAsync("pods", "-A"))["items"]!.AsArray().Select(pod => (string?)pod!["status"]!["podIP"]).ToHashSet();
        var network = (await cluster.PodAddressAsync("hello")) is var address ? address[..(address.LastIndexOf('.') + 1)] : "";
        return Enumerable.Range(2, 253).Select(host => $"{network}{256 - host}").First(candidate => !taken.Contains(candidate));
    }

    private static string LastLine(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1];

    private static void Tell(string what, string saw, TimeSpan? took = null) =>
        Report.Add("vpn-tcp", string.Create(CultureInfo.InvariantCulture, $"{what,-24} {saw,-48} {took?.TotalMilliseconds,8:0} {(took is null ? "" : "ms")}"));
}
