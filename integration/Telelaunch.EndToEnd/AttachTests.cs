using System.Text.Json.Nodes;
using Telelaunch.EndToEnd.Dotnet;
using Xunit;
using Xunit.Abstractions;

namespace Telelaunch.EndToEnd;

/// <summary>A .NET program that runs already comes into the cluster's network and leaves it, unharmed, whatever becomes of those who brought it in.</summary>
[Collection(TestCluster.Name)]
public sealed class AttachTests(TestCluster cluster, ITestOutputHelper output)
{
    private const int Cycles = 20;
    private const int Settled = 5;

    public static TheoryData<string> Forms => [.. AttachForms.All];

    [Theory, MemberData(nameof(Forms))]
    public async Task RunningProgram_ComesIn_AndGoesOut(string form)
    {
        await using var loop = await AttachedLoop.StartAsync(cluster, form);
        await loop.IsOutAsync();
        await loop.GapAsync();

        await using var attach = await AttachAsync(loop);
        var told = attach.Errors.Split('\n').Single(line => line.StartsWith("telelaunch: in: ", StringComparison.Ordinal));
        var gap = await loop.GapAsync();
        await loop.IsInAsync(cluster);

        await attach.SignalAsync("TERM");
        await attach.WaitForExitAsync();
        Assert.True(attach.ExitCode == 0 && attach.Errors.Contains($"telelaunch: out: {loop.Id} loop", StringComparison.Ordinal), attach.ToString());
        await loop.IsOutAsync();
        await cluster.NothingIsLeftAsync(attach);
        Write($"{form,-20} {told["telelaunch: in: ".Length..]}; stood still for {gap} ms at most meanwhile");
    }

    [Fact]
    public async Task SecondAttachIsRefused_LeaveEndsTheFirst_AndTheProgramsEndEndsANext()
    {
        await using var loop = await AttachedLoop.StartAsync(cluster, "framework-dependent");
        await using var first = await AttachAsync(loop);
        await using var second = await RunAsync("attach", $"{loop.Id}", "-o", "json");
        Assert.True(second.ExitCode == 125, second.ToString());
        var failure = JsonNode.Parse(second.Errors)!;
        Assert.Equal("attach-attached-already", (string?)failure["code"]);
        Assert.Contains($"process {first.Id}", (string?)failure["cause"], StringComparison.Ordinal);
        Assert.Equal((false, "attach-attached-already"), await ListedAsync(loop));
        await loop.IsInAsync(cluster);

        await using var leave = await RunAsync("leave", $"{loop.Id}");
        Assert.True(leave.ExitCode == 0, leave.ToString());
        await first.WaitForExitAsync();
        Assert.True(first.ExitCode == 0, first.ToString());
        await loop.IsOutAsync();
        Assert.Equal((true, null), await ListedAsync(loop));

        await using var next = await AttachAsync(loop);
        await loop.IsInAsync(cluster);
        await loop.EndAsync();
        await next.WaitForExitAsync();
        Assert.True(next.ExitCode == 0 && next.Errors.Contains("has ended", StringComparison.Ordinal), next.ToString());
        await cluster.NothingIsLeftAsync(next);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task KilledLauncher_LeavesAProgramThatWorksOutside_AndCanBeAttachedAgain(bool withGuard)
    {
        await using var loop = await AttachedLoop.StartAsync(cluster, "framework-dependent");
        await using (var attach = await AttachAsync(loop))
        {
            await loop.IsInAsync(cluster);
            var guard = withGuard ? GuardOf(attach.Id) : 0;
            // While the launcher stands still nobody notices the guard's end, and the guard not the launcher's.
            await attach.SignalAsync("STOP");
            if (withGuard) await (await ProcessRun.CompleteAsync("kill", ["-KILL", $"{guard}"])).DisposeAsync();
            await attach.SignalAsync("KILL");
            await attach.WaitForExitAsync();
        }

        await loop.IsOutAsync();
        if (withGuard) foreach (var pod in await cluster.AgentPodsAsync()) await cluster.KubectlAsync("delete", pod, "--ignore-not-found");
        await Eventually.SeeAsync(cluster.AgentPodsAsync, pods => pods.Length == 0, "the agent's pod is removed");
        await using var again = await AttachAsync(loop);
        await loop.IsInAsync(cluster);
    }

    [Fact]
    public async Task ManyTimesInAndOut_TakesNothingFromTheProgram()
    {
        await using var loop = await AttachedLoop.StartAsync(cluster, "framework-dependent");
        var settled = loop.Use();
        for (var cycle = 1; cycle <= Cycles; cycle++)
        {
            await using var attach = await AttachAsync(loop);
            await loop.IsInAsync(cluster);
            await attach.SignalAsync("TERM");
            await attach.WaitForExitAsync();
            Assert.True(attach.ExitCode == 0, attach.ToString());
            // The first times load libraries and make threads, of the runtime's pool among them.
            if (cycle == Settled) settled = loop.Use();
        }

        await loop.IsOutAsync();
        var end = loop.Use();
        Write($"after {Settled} and {Cycles} times: {settled.Memory / 1024} and {end.Memory / 1024} MiB, {settled.Descriptors} and {end.Descriptors} descriptors, {settled.Threads} and {end.Threads} threads");
        // What is lost each time would be at least fifteen; connections that are just closing are a few.
        Assert.InRange(end.Descriptors, 0, settled.Descriptors + 10);
        Assert.InRange(end.Threads, 0, settled.Threads + 10);
        Assert.InRange(end.Memory, 0, settled.Memory + (16 * 1024));
    }

    [Fact]
    public async Task RunningProgram_StandsInForADeployment_UntilItIsLetGo()
    {
        await using var shop = await Shop.CreateAsync(cluster, "attach-swap");
        var before = await shop.SnapshotAsync();
        await using var loop = await AttachedLoop.StartAsync(cluster, "framework-dependent");
        var port = await loop.AskAsync("serve", "attached");

        await using var attach = await AttachAsync(loop, "-s", shop.Name, "--expose", $"{port}:8080");
        Assert.True(attach.Errors.Contains($" → 127.0.0.1:{port}: is served by loop (pid {loop.Id})\n", StringComparison.Ordinal), attach.ToString());
        await Eventually.SeeAsync(() => shop.CallAsync(), answer => answer == "attached", "the Service leads to the attached program");
        await loop.IsInAsync(cluster);

        await attach.SignalAsync("TERM");
        await attach.WaitForExitAsync();
        Assert.True(attach.ExitCode == 0, attach.ToString());
        Assert.Equal(before, await shop.SnapshotAsync());
        await loop.IsOutAsync();
        await shop.ReadyAsync();
        Assert.StartsWith("pod attach-swap-", await shop.CallAsync(), StringComparison.Ordinal);
        await cluster.NothingIsLeftAsync(attach);
    }

    [Fact]
    public async Task TunnelLostForGood_LetsTheProgramGo()
    {
        await using var loop = await AttachedLoop.StartAsync(cluster, "framework-dependent");
        await using var attach = await AttachAsync(loop);
        var pod = (await cluster.AgentPodsAsync()).Single(name => name.StartsWith("pod/", StringComparison.Ordinal));
        await cluster.KubectlAsync("delete", pod, "--wait=false");
        await attach.WaitForExitAsync();
        Assert.True(attach.ExitCode == 124 && attach.Errors.Contains($"telelaunch: out: {loop.Id} loop", StringComparison.Ordinal), attach.ToString());
        await loop.IsOutAsync();
        await cluster.NothingIsLeftAsync(attach);
    }

    [Fact]
    public async Task ProgramsThatCannotBeAttached_AreRefused_WithTheReason()
    {
        await using var native = ProcessRun.Start(DotnetPrograms.File("net10.0", "native-aot"), ["--each-line"]);
        await native.WaitForLineAsync("ready ");
        await using var shell = ProcessRun.Start("cat", []);
        foreach (var (run, code) in new[] { (native, "attach-native-aot"), (shell, "attach-no-dotnet") })
        {
            await using var refused = await RunAsync("attach", $"{run.Id}", "-o", "json");
            Assert.True(refused.ExitCode == 125 && (string?)JsonNode.Parse(refused.Errors)!["code"] == code, refused.ToString());
            Assert.False(run.HasExited);
            await cluster.NothingIsLeftAsync(refused);
        }
    }

    private async Task<ProcessRun> AttachAsync(AttachedLoop loop, params string[] options)
    {
        var run = ProcessRun.Start(TestCluster.Telelaunch, ["attach", $"{loop.Id}", .. options], cluster.Variables());
        await run.WaitForTextAsync($"telelaunch: in: {loop.Id} loop, .NET ");
        return run;
    }

    private Task<ProcessRun> RunAsync(params string[] arguments) => ProcessRun.CompleteAsync(TestCluster.Telelaunch, arguments, cluster.Variables());

    private async Task<(bool IsAttachable, string? Code)> ListedAsync(AttachedLoop loop)
    {
        await using var run = await RunAsync("ps", "-o", "json");
        var process = JsonNode.Parse(run.Output)!["processes"]!.AsArray().Single(process => (int)process!["processId"]! == loop.Id)!;
        return ((bool)process["isAttachable"]!, (string?)process["code"]);
    }

    private static int GuardOf(int launcher) => File.ReadAllText($"/proc/{launcher}/task/{launcher}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries)
        .Concat(Directory.GetDirectories($"/proc/{launcher}/task").SelectMany(thread => File.ReadAllText(Path.Combine(thread, "children")).Split(' ', StringSplitOptions.RemoveEmptyEntries)))
        .Select(id => int.Parse(id, System.Globalization.CultureInfo.InvariantCulture))
        .First(id => File.ReadAllText($"/proc/{id}/cmdline").Contains("guard", StringComparison.Ordinal));

    private void Write(string line)
    {
        output.WriteLine(line);
        Report.Add("attaching to running processes", line);
    }
}
