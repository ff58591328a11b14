using System.Diagnostics;
using System.Globalization;
using Xunit;
using Xunit.Abstractions;

namespace Telelaunch.EndToEnd;

/// <summary>Thousands of connections through one session: each works, none holds a thread, and none leaves a descriptor behind.</summary>
[Collection(TestCluster.Name)]
public sealed class LoadTests(TestCluster cluster, ITestOutputHelper output)
{
    private const int AtOnce = 2000;

    /// <summary>Connections after which every descriptor and thread that the session keeps is there.</summary>
    private const int WarmUp = 64;

    /// <summary>A thread for each connection would be twenty times as many.</summary>
    private const int MostThreads = 100;

    /// <summary>The memory limit of the agent's container.</summary>
    private const long AgentLimitKibibytes = 256 * 1024;

    // What a connection costs lies above the carrier, so one of them carries the long sequence.
    [Theory, InlineData("ssh", 20_000), InlineData("direct", 4_000)]
    public async Task ManyConnections_AtOnceAndInSequence_LeaveNothingBehind(string carrier, int inSequence)
    {
        var program = await Programs.CompileAsync(cluster, "gcc", "load.c");
        await using var run = ProcessRun.Start(
            TestCluster.Telelaunch, ["run", "--progress", "quiet", "--tunnel", carrier, "--", program, "echo", "7"], cluster.Variables());
        await run.WaitForTextAsync("ready\n");
        var agent = (await cluster.AgentPodsAsync()).Single(name => name.StartsWith("pod/", StringComparison.Ordinal));

        await SayAsync($"open {WarmUp}", $"open: {WarmUp}\n");
        await SayAsync("close", $"closed: {WarmUp}\n");
        await SayAsync($"sequence {WarmUp}", $"sequence: {WarmUp}\n");
        var idle = await LookAsync("idle");

        await SayAsync($"open {AtOnce}", $"open: {AtOnce}\n");
        var peak = await LookAsync($"{AtOnce} open at once");
        // One descriptor a connection on either side: they are all there, and at the same time. What was idle can't be added: one of it may have been about to be closed.
        Assert.InRange(peak.Launcher.Descriptors, AtOnce, int.MaxValue);
        Assert.InRange(peak.Agent.Descriptors, AtOnce, int.MaxValue);
        Assert.InRange(peak.Launcher.Threads, 1, MostThreads);
        Assert.InRange(peak.Agent.Threads, 1, MostThreads);
        Assert.InRange(peak.Agent.ResidentKibibytes, 1, AgentLimitKibibytes);
        await SayAsync("close", $"closed: {AtOnce}\n");
        await LeftAsync($"after {AtOnce} at once");

        var start = Stopwatch.GetTimestamp();
        // In parts, so that the bound of a wait is one of a part.
        for (var done = WarmUp; done < WarmUp + inSequence; done += 1000) await SayAsync("sequence 1000", $"sequence: {done + 1000}\n");
        var took = Stopwatch.GetElapsedTime(start);
        Tell(string.Create(CultureInfo.InvariantCulture, $"{carrier,-6} {inSequence} in sequence: {took.TotalSeconds:0.0} s, {took.TotalMilliseconds / inSequence:0.00} ms each"));
        await LeftAsync($"after {inSequence} in sequence");

        run.CloseInput();
        await run.WaitForExitAsync();
        Assert.True(run.ExitCode == 0, run.ToString());

        async Task SayAsync(string command, string answer)
        {
            await run.WriteLineAsync(command);
            await run.WaitForTextAsync(answer);
        }

        async Task<(Usage Launcher, Usage Agent)> LookAsync(string when)
        {
            var (launcher, there) = (Usage.OfProcess(run.Id), await Usage.OfAgentAsync(cluster, agent));
            Tell($"{carrier,-6} launcher, {when,-24}{launcher}");
            Tell($"{carrier,-6} agent,    {when,-24}{there}");
            return (launcher, there);
        }

        // The application's close comes before that of the two sockets behind it.
        async Task LeftAsync(string when)
        {
            await Eventually.SeeAsync(() => Task.FromResult(Usage.OfProcess(run.Id)), usage => usage.Descriptors <= idle.Launcher.Descriptors, "the launcher has closed what it opened");
            await Eventually.SeeAsync(() => Usage.OfAgentAsync(cluster, agent), usage => usage.Descriptors <= idle.Agent.Descriptors, "the agent has closed what it opened");
            await LookAsync(when);
        }
    }

    private void Tell(string line)
    {
        output.WriteLine(line);
        Report.Add("load", line);
    }
}
