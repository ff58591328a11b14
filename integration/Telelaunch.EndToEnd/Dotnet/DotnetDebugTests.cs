using System.Globalization;
using Xunit;

namespace Telelaunch.EndToEnd.Dotnet;

/// <summary>A program in the cluster's network can be looked into as any other: by the diagnostics socket and by a debugger.</summary>
[Collection(TestCluster.Name)]
public sealed class DotnetDebugTests(TestCluster cluster)
{
    [Fact]
    public async Task Trace_IsCollectedThroughTheDiagnosticsSocket()
    {
        await using var run = await StartAsync();
        var trace = Path.Combine(cluster.Scratch, "calls.nettrace");
        await using var collected = await ProcessRun.CompleteAsync(Path.Combine(DotnetPrograms.Tools, "dotnet-trace"),
            ["collect", "--process-id", await ProcessAsync(run), "--duration", "00:00:01", "--providers", "System.Runtime:0:1:EventCounterIntervalSec=1", "--output", trace],
            cluster.Variables(DotnetPrograms.Variables));
        Assert.True(collected.ExitCode == 0, collected.ToString());
        var head = new byte[8];
        await using (var file = File.OpenRead(trace)) await file.ReadExactlyAsync(head);
        Assert.Equal("Nettrace"u8.ToArray(), head);
        await AnswersAsync(run);
    }

    /// <summary>ptrace(2), as native debuggers and vsdbg's stack walks use it.</summary>
    [FactWith("gdb")]
    public async Task Debugger_StopsItAndLetsItGoOn()
    {
        await using var run = await StartAsync();
        await using var debugger = await ProcessRun.CompleteAsync("gdb", ["-p", await ProcessAsync(run), "-batch", "-ex", "info threads", "-ex", "info sharedlibrary libtelelaunch", "-ex", "detach"]);
        Assert.True(debugger.ExitCode == 0, debugger.ToString());
        Assert.Contains("libtelelaunch.so", debugger.Output, StringComparison.Ordinal);
        Assert.Contains(".NET", debugger.Output, StringComparison.Ordinal);
        await AnswersAsync(run);
    }

    private async Task<ProcessRun> StartAsync()
    {
        var run = ProcessRun.Start(TestCluster.Telelaunch, ["run", "--", .. DotnetPrograms.Command("net10.0", "muxer"), "--each-line"], cluster.Variables(DotnetPrograms.Variables));
        await AnswersAsync(run);
        return run;
    }

    private static async Task<string> ProcessAsync(ProcessRun run) =>
        int.Parse((await run.WaitForLineAsync("ready ")).Split(' ')[1], CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture);

    /// <summary>One more answer of the cluster's than before.</summary>
    private static async Task AnswersAsync(ProcessRun run)
    {
        var before = run.Output.Split("HttpClient: hello").Length;
        await run.WriteLineAsync("HttpClient");
        await Eventually.SeeAsync(() => Task.FromResult(run.ToString()), _ => run.Output.Split("HttpClient: hello").Length > before, "the program gets an answer");
    }
}
