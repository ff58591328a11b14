using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Telelaunch.EndToEnd.Dotnet;
using Xunit;

namespace Telelaunch.EndToEnd.Machine;

/// <summary>How a session of the whole machine begins and ends, what it takes and what it leaves alone.</summary>
[Collection(TestCluster.Name)]
public sealed class MachineSessionTests(TestCluster cluster)
{
    private const string Page = "hello from the cluster";

    [TheoryOnMachine, InlineData("INT"), InlineData("TERM"), InlineData("HUP")]
    public async Task SignalEndsIt_AndTheMachineIsAsItWas(string signal)
    {
        await using var machine = await DeveloperMachine.CreateAsync(cluster);
        var before = await machine.SnapshotAsync();
        await using (var session = await machine.StartVpnAsync())
        {
            Assert.Contains("telelaunch0", before.DifferenceTo(await machine.SnapshotAsync()), StringComparison.Ordinal);
            await ReachesAsync(machine);
            await session.EndAsync(signal);
            await cluster.NothingIsLeftAsync(session.Run);
        }

        MachineSnapshot.AssertSame(before, await machine.SnapshotAsync());
    }

    [FactOnMachine]
    public async Task Command_RunsInIt_AndItsExitCodeIsTheSessions()
    {
        await using var machine = await DeveloperMachine.CreateAsync(cluster);
        var before = await machine.SnapshotAsync();
        await using var run = await machine.RunAsync(TestCluster.Telelaunch, "run", "--vpn-tcp", "--", "sh", "-c", "curl -sS http://hello/; exit 7");
        Assert.True(run is { ExitCode: 7, Output: Page + "\n" }, run.ToString());
        MachineSnapshot.AssertSame(before, await machine.SnapshotAsync());
    }

    /// <summary>Without a shim in the process the hook comes by the application's own assembly, of which a copy is started.</summary>
    [FactOnMachine]
    public async Task WovenCommand_IsTraced_AndItsCopyGoesWithTheSession()
    {
        await using var machine = await DeveloperMachine.CreateAsync(cluster);
        var application = DotnetPrograms.File("net10.0", "framework-dependent", "calls.dll");
        var before = await File.ReadAllBytesAsync(application);
        await using var run = await machine.RunAsync(TestCluster.Telelaunch, "run", "--vpn-tcp", "--weave", "--trace", "--", DotnetPrograms.Muxer, application, "HttpClient");
        Assert.True(run is { ExitCode: 0, Output: $"HttpClient: {Page}\n" }, run.ToString());
        Assert.True(Regex.IsMatch(run.Errors, @"^telelaunch: in: \d+ calls, \.NET 10\.", RegexOptions.Multiline), run.ToString());
        // With the line: the symbols are the copy's, too.
        Assert.True(Regex.IsMatch(run.Errors, @" request \S+\[\d+\] http://hello:80/ .* at Call\.HttpClientAsync \(Call\.cs:\d+\)$", RegexOptions.Multiline), run.ToString());

        var copy = Regex.Match(run.Errors, @"its AppContext\.BaseDirectory is (/\S+)$", RegexOptions.Multiline);
        Assert.True(copy.Success && !Directory.Exists(machine.Root + copy.Groups[1].Value), run.ToString());
        Assert.Equal(before, await File.ReadAllBytesAsync(application));
    }

    [FactOnMachine]
    public async Task CommandGetsTheSignal_AndItsDeathIsToldByTheExitCode()
    {
        await using var machine = await DeveloperMachine.CreateAsync(cluster);
        var before = await machine.SnapshotAsync();
        await using var run = machine.Start(TestCluster.Telelaunch, "run", "--vpn-tcp", "--", "sh", "-c", "echo started; exec sleep infinity");
        await run.WaitForLineAsync("started");
        await run.SignalAsync("TERM");
        await run.WaitForExitAsync();
        Assert.True(run.ExitCode == 128 + 15, run.ToString());
        MachineSnapshot.AssertSame(before, await machine.SnapshotAsync());
    }

    [FactOnMachine]
    public async Task SecondSession_IsRefusedByTheNameOfTheFirst_WhichGoesOn()
    {
        await using var machine = await DeveloperMachine.CreateAsync(cluster);
        await using var first = await machine.StartVpnAsync();
        var during = await machine.SnapshotAsync();

        await using var second = await machine.RunAsync(TestCluster.Telelaunch, "run", "--vpn-tcp");
        Assert.True(second.ExitCode == 125 && second.Errors.Contains($"{first.Run.Id}", StringComparison.Ordinal), second.ToString());
        await ReachesAsync(machine);
        MachineSnapshot.AssertSame(during, await machine.SnapshotAsync());

        await first.EndAsync();
        await using var third = await machine.StartVpnAsync();
        await ReachesAsync(machine);
    }

    [FactOnMachine]
    public async Task NeverProxy_LeavesARangeAlone()
    {
        await using var machine = await DeveloperMachine.CreateAsync(cluster);
        var (hello, echo) = (await cluster.ClusterAddressAsync("hello"), await cluster.ClusterAddressAsync("echo"));
        await using var session = await machine.StartVpnAsync("--never-proxy", $"{echo}/32");
        Assert.Contains($"{echo}", Assert.Single(Lines(session, "excluded")), StringComparison.Ordinal);
        await ReachesAsync(machine, hello);
        Assert.Contains("uplink", await machine.OutputAsync("ip", "route", "get", echo), StringComparison.Ordinal);
        Assert.False(await IsOpenAsync(machine, echo, 7));
    }

    [FactOnMachine]
    public async Task AlsoProxy_TakesARangeAndAName()
    {
        await using var machine = await DeveloperMachine.CreateAsync(cluster);
        // The API server, as pods reach it: an address of its own, in no range of Pods or Services.
        var subset = (await cluster.GetAsync("endpointslices", "-l", "kubernetes.io/service-name=kubernetes"))["items"]![0]!;
        var (address, port) = ((string)subset["endpoints"]![0]!["addresses"]![0]!, (int)subset["ports"]![0]!["port"]!);
        const string Name = "outpost.default.svc.cluster.local";
        await ApplyOutpostAsync(address, port);
        try
        {
            Assert.False(await IsOpenAsync(machine, address, port));
            await using (var session = await machine.StartVpnAsync("--also-proxy", $"{address}/32"))
            {
                Assert.True(await IsOpenAsync(machine, address, port), session.Screen);
                await session.EndAsync();
            }

            // What a name leads to is followed when it is asked for.
            await using (var session = await machine.StartVpnAsync("--also-proxy", Name))
            {
                Assert.True(await IsOpenAsync(machine, Name, port), session.Screen);
                Assert.True(await IsOpenAsync(machine, address, port), session.Screen);
                await session.EndAsync();
            }

            Assert.False(await IsOpenAsync(machine, address, port));
        }
        finally
        {
            await cluster.KubectlAsync("delete", "service/outpost", "endpointslice/outpost", "--ignore-not-found");
        }
    }

    [FactOnMachine]
    public async Task RouteOfAnotherNetworkInsideTheServicesRange_IsNamedAndLeftAlone()
    {
        const string Answer = "hello from the other network";
        await using var machine = await DeveloperMachine.CreateAsync(cluster);
        var taken = await cluster.ClusterAddressAsync("echo");
        // A network of a company: a link with a host behind it that has an address of a Service.
        await machine.OutputAsync("ip", "link", "add", "corp", "type", "veth", "peer", "name", "corp", "netns", $"{machine.Outside.Process}");
        await machine.OutputAsync("ip", "address", "add", "198.51.100.1/24", "dev", "corp");
        await machine.OutputAsync("ip", "link", "set", "corp", "up");
        await machine.Outside.OutputAsync("ip", "address", "add", "198.51.100.2/24", "dev", "corp");
        await machine.Outside.OutputAsync("ip", "address", "add", $"{taken}/32", "dev", "corp");
        await machine.Outside.OutputAsync("ip", "link", "set", "corp", "up");
        await machine.OutputAsync("ip", "route", "add", $"{taken}/32", "via", "198.51.100.2");
        await using var host = machine.Outside.Start("python3", Programs.Source("page.py"), taken, "7", Answer);
        await host.WaitForLineAsync("ready");
        var before = await machine.SnapshotAsync();

        await using (var session = await machine.StartVpnAsync())
        {
            Assert.Contains(Lines(session, "excluded"), line => line.Contains(taken, StringComparison.Ordinal) && line.Contains("corp", StringComparison.Ordinal));
            Assert.Contains(Answer, await machine.OutputAsync("curl", "-sS", $"http://{taken}:7/"), StringComparison.Ordinal);
            await ReachesAsync(machine);
            await session.EndAsync();
        }

        Assert.Contains(Answer, await machine.OutputAsync("curl", "-sS", $"http://{taken}:7/"), StringComparison.Ordinal);
        MachineSnapshot.AssertSame(before, await machine.SnapshotAsync());
    }

    [FactOnMachine]
    public async Task ApiServerInsideARoutedRange_IsReachedAsBefore_AlsoAfterItsConnectionsWereReset()
    {
        await using var machine = await DeveloperMachine.CreateAsync(cluster);
        // Its address and its neighbours', not those of the name server.
        await using var session = await machine.StartVpnAsync("--also-proxy", "203.0.113.4/30");
        await ReachesAsync(machine);
        Assert.Contains("hello", await machine.OutputAsync("kubectl", "get", "service", "hello"), StringComparison.Ordinal);

        machine.ApiServer.Reset();
        await session.Run.WaitForTextAsync(FaultSession.BackNotice);
        await ReachesAsync(machine);
        Assert.Contains("hello", await machine.OutputAsync("kubectl", "get", "service", "hello"), StringComparison.Ordinal);
        await session.EndAsync();
    }

    private static async Task ReachesAsync(DeveloperMachine machine, string host = "hello") =>
        Assert.Contains(Page, await machine.OutputAsync("curl", "-sS", $"http://{host}/"), StringComparison.Ordinal);

    /// <summary>The bound is for an address that answers nothing.</summary>
    private static async Task<bool> IsOpenAsync(DeveloperMachine machine, string host, int port)
    {
        await using var run = await machine.RunAsync("nc", "-z", "-w", "2", host, $"{port}");
        return run.ExitCode == 0;
    }

    /// <summary>The lines of the screen that begin with a word.</summary>
    private static string[] Lines(VpnSession session, string word) =>
        [.. session.Screen.Split('\n').Where(line => line.TrimStart().StartsWith(word, StringComparison.Ordinal))];

    private async Task ApplyOutpostAsync(string address, int port)
    {
        var file = Path.Combine(cluster.Scratch, "outpost.json");
        var metadata = new JsonObject { ["name"] = "outpost", ["labels"] = new JsonObject { ["kubernetes.io/service-name"] = "outpost" } };
        await File.WriteAllTextAsync(file, new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "List",
            ["items"] = new JsonArray(
                new JsonObject
                {
                    ["apiVersion"] = "v1",
                    ["kind"] = "Service",
                    ["metadata"] = metadata,
                    ["spec"] = new JsonObject { ["clusterIP"] = "None", ["ports"] = new JsonArray(new JsonObject { ["name"] = "https", ["port"] = port }) },
                },
                new JsonObject
                {
                    ["apiVersion"] = "discovery.k8s.io/v1",
                    ["kind"] = "EndpointSlice",
                    ["metadata"] = metadata.DeepClone(),
                    ["addressType"] = "IPv4",
                    ["endpoints"] = new JsonArray(new JsonObject { ["addresses"] = new JsonArray(address) }),
                    ["ports"] = new JsonArray(new JsonObject { ["name"] = "https", ["port"] = port }),
                }),
        }.ToJsonString());
        await cluster.KubectlAsync("apply", "-f", file);
    }
}
