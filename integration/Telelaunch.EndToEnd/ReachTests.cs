using Xunit;

namespace Telelaunch.EndToEnd;

/// <summary>Which program reaches the cluster, and by which kind of address.</summary>
[Collection(TestCluster.Name)]
public sealed class ReachTests(TestCluster cluster)
{
    private const string Page = "hello from the cluster";

    /// <summary>How the Service <c>hello</c> can be addressed.</summary>
    public static TheoryData<string> Addresses => ["short name", "namespace", "FQDN", "ClusterIP", "Pod IP"];

    [Theory, MemberData(nameof(Addresses))]
    public Task Curl(string address) => ReachesAsync(address, host => ["curl", "-sS", $"http://{host}/"]);

    [Theory, MemberData(nameof(Addresses))]
    public Task Wget(string address) => ReachesAsync(address, host => ["wget", "-qO-", $"http://{host}/"]);

    [Theory, MemberData(nameof(Addresses))]
    public Task PythonBlocking(string address) => ReachesAsync(address, host => ["python3", Programs.Source("blocking.py"), host, "80"]);

    [Theory, MemberData(nameof(Addresses))]
    public Task PythonAsyncio(string address) => ReachesAsync(address, host => ["python3", Programs.Source("asynchronous.py"), host, "80"]);

    [TheoryWith("node"), MemberData(nameof(Addresses))]
    public Task NodeFetch(string address) => ReachesAsync(address, host => ["node", Programs.Source("fetch.mjs"), host, "80"]);

    [TheoryWith("node"), MemberData(nameof(Addresses))]
    public Task NodeConnect(string address) => ReachesAsync(address, host => ["node", Programs.Source("connect.mjs"), host, "80"]);

    [TheoryWith("java"), MemberData(nameof(Addresses))]
    public Task JavaSocket(string address) => ReachesAsync(address, host => ["java", Programs.Source("Reach.java"), "socket", host, "80"]);

    [TheoryWith("java"), MemberData(nameof(Addresses))]
    public Task JavaHttpClient(string address) => ReachesAsync(address, host => ["java", Programs.Source("Reach.java"), "http-client", host, "80"]);

    [Theory, MemberData(nameof(Addresses))]
    public Task DotNetHttpClientAsync(string address) => ReachesAsync(address, host => [Programs.DotNetApp, "http-async", host, "80"]);

    [Theory, MemberData(nameof(Addresses))]
    public Task DotNetHttpClientSync(string address) => ReachesAsync(address, host => [Programs.DotNetApp, "http-sync", host, "80"]);

    [Theory, MemberData(nameof(Addresses))]
    public Task DotNetTcpClient(string address) => ReachesAsync(address, host => [Programs.DotNetApp, "tcp-client", host, "80"]);

    [Theory, MemberData(nameof(Addresses))]
    public Task DotNetSocketInterNetwork(string address) => ReachesAsync(address, host => [Programs.DotNetApp, "socket-ipv4", host, "80"]);

    [Theory, MemberData(nameof(Addresses))]
    public Task DotNetSocketDualMode(string address) => ReachesAsync(address, host => [Programs.DotNetApp, "socket-dual", host, "80"]);

    [Theory, MemberData(nameof(Addresses))]
    public async Task Glibc(string address)
    {
        var program = await Programs.CompileAsync(cluster, "gcc", "reach.c");
        await ReachesAsync(address, host => [program, host, "80"]);
    }

    [TheoryWith("musl-gcc"), MemberData(nameof(Addresses))]
    public async Task Musl(string address)
    {
        var program = await Programs.CompileAsync(cluster, "musl-gcc", "reach.c");
        await ReachesAsync(address, host => [program, host, "80"]);
    }

    [Theory, InlineData("same"), InlineData("empty")]
    public async Task ChildOfPosixSpawn_WithAnyEnvironment_IsInTheCluster(string environment)
    {
        var program = await Programs.CompileAsync(cluster, "gcc", "spawn.c");
        await ReachesAsync("short name", host => [program, environment, "curl", "-sS", $"http://{host}/"]);
    }

    [Fact]
    public Task ChildWithScrubbedEnvironment_IsInTheCluster() =>
        ReachesAsync("short name", host => ["env", "-i", "/usr/bin/curl", "-sS", $"http://{host}/"]);

    [Fact]
    public Task ShellPipeline_IsInTheCluster() =>
        ReachesAsync("short name", host => ["sh", "-c", $"curl -sS http://{host}/ | cat"]);

    [Fact]
    public async Task GitClone_OverHttp()
    {
        var target = Path.Combine(cluster.Scratch, "clone");
        await using var run = await cluster.RunAsync("git", "clone", "-q", "http://probe:8080/repository.git", target);
        Assert.True(run.ExitCode == 0, run.ToString());
        Assert.True(File.Exists(Path.Combine(target, "README")), "the clone has no README");
    }

    [Fact]
    public async Task DotNetDns_AnswersAllAddressesOfAHeadlessService()
    {
        await using var run = await cluster.RunAsync(Programs.DotNetApp, "dns", "web", "80");
        var pods = await cluster.GetAsync("pods", "-l", "app=web");
        var expected = pods["items"]!.AsArray().Select(pod => (string)pod!["status"]!["podIP"]!).Order();
        Assert.Equal(expected, run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order());
    }

    [FactWith("psql")]
    public async Task Psql()
    {
        await using var run = await cluster.TelelaunchAsync(["run", "--", "psql", "-h", "db", "-U", "postgres", "-tAc", "select 6*7"], ("PGPASSWORD", "postgres"));
        Assert.True(run.Output.Trim() == "42", run.ToString());
    }

    [FactWith("redis-cli")]
    public async Task RedisCli()
    {
        await using var run = await cluster.RunAsync("redis-cli", "-h", "redis", "PING");
        Assert.True(run.Output.Trim() == "PONG", run.ToString());
    }

    [Fact]
    public async Task DotNetRun_BuildsAndReaches()
    {
        var project = Path.Combine(TestCluster.Root, "integration", "Telelaunch.EndToEnd.App");
        await using var run = await cluster.RunAsync("dotnet", "run", "--no-build", "-c", new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name, "--project", project, "--", "http-async", "hello", "80");
        Assert.True(run.Output.Contains(Page, StringComparison.Ordinal), run.ToString());
    }

    private async Task ReachesAsync(string address, Func<string, string[]> command)
    {
        var host = address switch
        {
            "short name" => "hello",
            "namespace" => "hello.default",
            "FQDN" => "hello.default.svc.cluster.local",
            "ClusterIP" => await cluster.ClusterAddressAsync("hello"),
            _ => await cluster.PodAddressAsync("hello"),
        };
        await using var run = await cluster.RunAsync(command(host));
        Assert.True(run.ExitCode == 0 && run.Output.Contains(Page, StringComparison.Ordinal), run.ToString());
    }
}
