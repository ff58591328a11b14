using System.Diagnostics;
using System.Globalization;
using Telelaunch.Impairment;
using Xunit;
using Xunit.Abstractions;

namespace Telelaunch.EndToEnd;

/// <summary>However it ends, the exit code is the command's and nothing is left.</summary>
[Collection(TestCluster.Name)]
public sealed class LifeCycleTests(TestCluster cluster, ITestOutputHelper output)
{
    /// <summary>What the command writes when it runs.</summary>
    private const string Running = "the-command-runs";

    [Theory, InlineData(0), InlineData(7), InlineData(255)]
    public async Task ExitCodeIsTheCommands(int code)
    {
        await using var run = await cluster.RunAsync("sh", "-c", $"exit {code}");
        Assert.True(run.ExitCode == code, run.ToString());
        await NothingIsLeftAsync(run);
    }

    [Fact]
    public async Task CommandKilledBySignal_Is128PlusN()
    {
        await using var run = await cluster.RunAsync("sh", "-c", "kill -KILL $$");
        Assert.True(run.ExitCode == 137, run.ToString());
    }

    [Fact]
    public async Task StandardStreamsAreTheCommands()
    {
        await using var run = ProcessRun.Start("sh", ["-c", $"echo text | {TestCluster.Telelaunch} run -- sh -c 'cat; echo error >&2'"], cluster.Variables());
        run.CloseInput();
        await run.WaitForExitAsync();
        Assert.Equal("text\n", run.Output);
        Assert.Contains("error\n", run.Errors, StringComparison.Ordinal);
    }

    [Theory, InlineData("INT"), InlineData("TERM"), InlineData("HUP")]
    public async Task Signal_ReachesTheCommand_AndNothingIsLeft(string signal)
    {
        await using var run = Start($"trap 'echo got {signal}; kill $!; exit 3' {signal}; sleep 600 & echo {Running}; wait $!");
        await run.WaitForTextAsync(Running);
        await run.SignalAsync(signal);
        await run.WaitForExitAsync();
        Assert.True(run.ExitCode == 3 && run.Output.Contains($"got {signal}", StringComparison.Ordinal), run.ToString());
        await NothingIsLeftAsync(run);
    }

    [Theory, InlineData("HUP", 129), InlineData("INT", 130), InlineData("TERM", 143)]
    public async Task SignalWhileTheAgentStarts_RemovesWhatWasMade(string signal, int exitCode)
    {
        using var link = ImpairedLink.StartBefore(cluster.Kubeconfig);
        var variables = cluster.Variables(("KUBECONFIG", link.KubeconfigThrough(cluster.Kubeconfig)));
        await using var run = ProcessRun.Start(TestCluster.Telelaunch, ["run", "--progress", "plain", "--", "true"], variables);
        await run.WaitForTextAsync("pod created");
        // Nothing arrives any more, so the start can't be over before the signal comes.
        link.BlackHole = true;
        Assert.NotEmpty(await cluster.AgentPodsAsync());
        await run.SignalAsync(signal);
        link.BlackHole = false;
        await run.WaitForExitAsync();
        Assert.True(run.ExitCode == exitCode && run.Errors.Contains("cancelled before the command started", StringComparison.Ordinal), run.ToString());
        await NothingIsLeftAsync(run);
    }

    [Fact]
    public async Task KillOfTheLauncher_LeavesNoPodNoProcessNoSocket()
    {
        await using var run = Start($"echo {Running}; exec sleep 600");
        await run.WaitForTextAsync(Running);
        Assert.NotEmpty(await cluster.AgentPodsAsync());
        var session = await SessionDirectoryOfAsync(run.Id);

        await run.SignalAsync("KILL");
        await run.WaitForExitAsync();

        await UntilAsync(async () => (await cluster.AgentPodsAsync()).Length == 0, "the agent's pod and secret are gone");
        await UntilAsync(() => Task.FromResult(!Directory.Exists(session)), "the session directory is gone");
        await UntilAsync(() => Task.FromResult(ProcessesOf(session).Count == 0), "no process of the session is left");
    }

    [Theory, InlineData("ssh"), InlineData("direct")]
    public async Task KillOfTheLauncher_ResetsOpenFlows_AndLeavesNothing(string carrier)
    {
        await using var faults = await FaultSession.StartAsync(cluster, carrier);
        var run = faults.Run;
        await faults.OpenFlowsAsync();
        var session = await SessionDirectoryOfAsync(run.Id);
        var start = Stopwatch.GetTimestamp();

        await run.SignalAsync("KILL");
        await faults.FlowsAreResetAsync(start);
        // The command has ignored the guard's SIGHUP; its connects can't be the cluster's any more, and say so.
        var connect = await faults.ConnectAsync("new");
        Assert.True(connect.StartsWith("failed ENETUNREACH", StringComparison.Ordinal), run.ToString());
        await UntilAsync(async () => (await cluster.AgentPodsAsync()).Length == 0, "the agent's pod and secret are gone");
        var gone = Stopwatch.GetElapsedTime(start);
        await run.WriteLineAsync("quit");
        await run.WaitForExitAsync();

        await UntilAsync(() => Task.FromResult(!Directory.Exists(session)), "the session directory is gone");
        await UntilAsync(() => Task.FromResult(ProcessesOf(session).Count == 0), "no process of the session is left");
        Assert.DoesNotContain(session, await File.ReadAllTextAsync("/proc/net/unix"), StringComparison.Ordinal);
        FaultReport.Write(output, "launcher killed (SIGKILL)", carrier, told: null, back: null,
            string.Create(CultureInfo.InvariantCulture, $"flows: ECONNRESET; a connect then {connect}; agent gone after {gone.TotalSeconds:0.00} s"));
    }

    [Fact]
    public async Task KillOfLauncherAndGuard_TheAgentEndsItself_AndTheNextRunRemovesItsPod()
    {
        await using var run = Start($"echo {Running}; exec sleep 600");
        await run.WaitForTextAsync(Running);
        var pod = (await cluster.AgentPodsAsync()).Single(name => name.StartsWith("pod/", StringComparison.Ordinal));
        foreach (var child in await ChildrenAsync(run.Id)) await (await ProcessRun.CompleteAsync("kill", ["-KILL", child])).DisposeAsync();
        await run.SignalAsync("KILL");
        await run.WaitForExitAsync();

        await UntilAsync(async () => (await cluster.KubectlAsync("get", pod, "-o", "jsonpath={.status.phase}")) == "Succeeded", "the agent has ended itself");
        await using var next = await cluster.RunAsync("true");
        Assert.True(next.ExitCode == 0, next.ToString());
        await cluster.NothingIsLeftAsync(next);
    }

    private ProcessRun Start(string script) => ProcessRun.Start(TestCluster.Telelaunch, ["run", "--", "bash", "-c", script], cluster.Variables());

    private async Task NothingIsLeftAsync(ProcessRun run)
    {
        await cluster.NothingIsLeftAsync(run);
        Assert.False(Directory.Exists($"/proc/{run.Id}"), "the launcher still runs");
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(cluster.RuntimeDirectory, "telelaunch")));
    }

    /// <summary>Where the command's environment says that its session is.</summary>
    private static async Task<string> SessionDirectoryOfAsync(int launcher)
    {
        foreach (var child in await ChildrenAsync(launcher))
        {
            var variables = (await File.ReadAllTextAsync($"/proc/{child}/environ")).Split('\0');
            if (variables.FirstOrDefault(variable => variable.StartsWith("TELELAUNCH_SESSION=", StringComparison.Ordinal)) is { } session) return session["TELELAUNCH_SESSION=".Length..];
        }

        throw new InvalidOperationException("no child of the launcher has TELELAUNCH_SESSION in its environment");
    }

    private static async Task<string[]> ChildrenAsync(int process)
    {
        await using var run = await ProcessRun.CompleteAsync("ps", ["-o", "pid=", "--ppid", $"{process}"]);
        return run.Output.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
    }

    private static List<string> ProcessesOf(string session)
    {
        var found = new List<string>();
        foreach (var directory in Directory.EnumerateDirectories("/proc").Where(path => char.IsAsciiDigit(Path.GetFileName(path)[0])))
        {
            try
            {
                if (File.ReadAllText(Path.Combine(directory, "environ")).Contains(session, StringComparison.Ordinal)) found.Add(directory);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It ended while we looked, or is none of ours.
            }
        }

        return found;
    }

    /// <summary>Polls until a condition holds; the documented bound for what a dead launcher leaves is two minutes.</summary>
    private static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        using var bound = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        while (!await condition())
        {
            try
            {
                await timer.WaitForNextTickAsync(bound.Token);
            }
            catch (OperationCanceledException)
            {
                Assert.Fail($"After two minutes it still isn't so that {what}.");
            }
        }
    }
}
