using System.Globalization;

namespace Telelaunch.StartupHook.Tests;

/// <summary>What an application's code asks of System.Net is told, on every runtime, and nothing of what it sends.</summary>
public class TraceTests
{
    // request START DURATION SCHEME HOST PORT PATH VERSION STATUS ERROR DESTINATION LOOKUP CONNECT TLS FRAME
    private const int Path = 6;
    private const int Status = 8;
    private const int Destination = 10;
    private const int Lookup = 11;
    private const int Connect = 12;
    private const int Frame = 14;

    private static readonly Dictionary<string, string> Tracing = new() { ["TELELAUNCH_TRACE"] = "1" };

    public static TheoryData<int> Runtimes => DotNetRuntime.All;

    [Theory, MemberData(nameof(Runtimes))]
    public async Task Requests_HaveTheirPhases_AndTheCallersFrame(int runtime)
    {
        await using var server = new TestServer();
        List<string[]> lines = await TraceAsync(runtime, "7: 200,200", "requests", $"{server.Uri}/orders?token=secret#part", $"{server.Uri}/");

        Assert.Equal(2, lines.Count);
        Assert.All(lines, line => Assert.Equal("request", line[0]));
        Assert.DoesNotContain("secret", string.Concat(lines.SelectMany(line => line)), StringComparison.Ordinal);
        string[] first = lines[0];
        Assert.Equal(["http", "localhost", $"{server.Port}", "/orders", "1.1", "200", "-", $"127.0.0.1:{server.Port}"], first[3..11]);
        Assert.True(Number(first[1]) > 1_700_000_000_000_000 && Number(first[2]) >= Number(first[Lookup]) + Number(first[Connect]), string.Join(' ', first));
        Assert.Equal("-", first[13]);
        Assert.Matches(@"^Program\.StatusAsync \(Program\.cs:\d+\)$", first[Frame]);
        // The second goes over the first's connection.
        Assert.Equal(["/", "200", $"127.0.0.1:{server.Port}", "-", "-"], [lines[1][Path], lines[1][Status], lines[1][Destination], lines[1][Lookup], lines[1][Connect]]);
    }

    [Theory, MemberData(nameof(Runtimes))]
    public async Task SynchronousRequest_EndsWithItsCall(int runtime)
    {
        await using var server = new TestServer();
        List<string[]> lines = await TraceAsync(runtime, "7: 200", "request-of-a-thread", server.Uri);
        Assert.Equal(["request", "connect"], lines.Select(line => line[0]));
        Assert.StartsWith("Program.Main (", lines[0][Frame], StringComparison.Ordinal);
        Assert.StartsWith("Program.Main (", lines[1][5], StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Runtimes))]
    public async Task ConnectWithoutARequest_IsToldWithItsLookup(int runtime)
    {
        await using var server = new TestServer();
        List<string[]> lines = await TraceAsync(runtime, "7: ", "connects", $"{server.Port}");
        Assert.Equal(["lookup", "connect"], lines.Select(line => line[0]));
        Assert.Equal(["localhost", "-"], lines[0][3..5]);
        Assert.Equal([$"127.0.0.1:{server.Port}", "-"], lines[1][3..5]);
        Assert.All(lines, line => Assert.StartsWith("Program.Main (Program.cs:", line[5], StringComparison.Ordinal));
    }

    [Theory, MemberData(nameof(Runtimes))]
    public async Task RequestThroughAProxy_IsToldToGoElsewhere(int runtime)
    {
        await using var server = new TestServer();
        List<string[]> lines = await TraceAsync(runtime, "7: 200", "proxy", server.Uri, "http://hello/");
        Assert.Equal(["elsewhere", "hello", "80", $"the proxy localhost (127.0.0.1:{server.Port})"], lines.Single(line => line[0] == "elsewhere"));
    }

    [Theory, MemberData(nameof(Runtimes))]
    public async Task RequestByAConnectCallback_IsToldToGoElsewhere(int runtime)
    {
        await using var server = new TestServer();
        List<string[]> lines = await TraceAsync(runtime, "7: 200", "callback", server.Uri, "http://hello/");
        Assert.Equal(["elsewhere", "hello", "80", $"localhost (127.0.0.1:{server.Port})"], lines.Single(line => line[0] == "elsewhere"));
    }

    [Theory, MemberData(nameof(Runtimes))]
    public async Task ApplicationThatCrashes_HasToldEverything_AndCrashesAsEver(int runtime)
    {
        await using var server = new TestServer();
        using var broker = new StandInBroker();
        HookedRun run = await HookedRun.RunAsync(runtime, broker.SessionPath, HookedRun.Hook, Tracing, ["crash", server.Uri]);
        HookedRun plain = await HookedRun.RunAsync(runtime, null, "", [], ["crash", server.Uri]);

        StandInBroker.HelloTexts(await broker.ReceiveAsync());
        Assert.Single(await broker.TakeLinesAsync());
        Assert.Equal(plain, run);
        Assert.Contains("the application's own", run.Errors, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Runtimes))]
    public async Task WithoutTrace_NothingIsTold_ButWhereKestrelListens(int runtime)
    {
        using var broker = new StandInBroker();
        HookedRun run = await HookedRun.RunAsync(runtime, broker.SessionPath, HookedRun.Hook, "kestrel");
        Assert.Equal((7, ""), (run.ExitCode, run.Errors));

        StandInBroker.HelloTexts(await broker.ReceiveAsync());
        List<string[]> lines = await broker.TakeLinesAsync();
        Assert.Equal(run.Output.Trim().Split(' '), lines.Select(line => line[1]));
        Assert.Equal(2, lines.Count);
    }

    [Theory]
    [InlineData("1", true)]
    [InlineData("0", false)]
    public async Task IPv6SwitchedOff_IsTold(string value, bool isTold)
    {
        using var broker = new StandInBroker();
        await using var server = new TestServer();
        var variables = new Dictionary<string, string>(Tracing) { ["DOTNET_SYSTEM_NET_DISABLEIPV6"] = value };
        await HookedRun.RunAsync(Environment.Version.Major, broker.SessionPath, HookedRun.Hook, variables, ["requests", server.Uri]);
        StandInBroker.HelloTexts(await broker.ReceiveAsync());
        Assert.Equal(isTold, (await broker.TakeLinesAsync()).Exists(line => line[0] == "ipv6-off"));
    }

    /// <summary>All lines of an application's run; its exit code and its output are looked at too.</summary>
    private static async Task<List<string[]>> TraceAsync(int runtime, string ending, params string[] arguments)
    {
        using var broker = new StandInBroker();
        HookedRun run = await HookedRun.RunAsync(runtime, broker.SessionPath, HookedRun.Hook, Tracing, arguments);
        Assert.Equal((ending, ""), ($"{run.ExitCode}: {run.Output.Trim().Replace('\n', ',')}", run.Errors));
        StandInBroker.HelloTexts(await broker.ReceiveAsync());
        return await broker.TakeLinesAsync();
    }

    private static long Number(string field) => long.Parse(field, NumberStyles.None, CultureInfo.InvariantCulture);
}
