using Xunit;

namespace Telelaunch.EndToEnd;

/// <summary>A program that doesn't talk to the cluster can't tell that it runs inside of one: case by case, the same with and without Telelaunch.</summary>
[Collection(TestCluster.Name)]
public sealed class TransparencyTests(TestCluster cluster)
{
    /// <summary>Debian's Python, because its package of CPython's own tests belongs to it; another one may stand before it in PATH.</summary>
    private const string Python = "/usr/bin/python3";

    [Theory]
    [InlineData("sockets", "test.test_socket", "test.test_select", "test.test_selectors")]
    [InlineData("tls", "test.test_ssl")]
    // What asyncio does without the system's network (futures, tasks, locks, queues) is left out.
    [InlineData("asyncio-loop", "test.test_asyncio.test_events")]
    [InlineData("asyncio", "test.test_asyncio.test_base_events", "test.test_asyncio.test_buffered_proto", "test.test_asyncio.test_runners", "test.test_asyncio.test_selector_events",
        "test.test_asyncio.test_server", "test.test_asyncio.test_sock_lowlevel", "test.test_asyncio.test_streams",
        "test.test_asyncio.test_threads", "test.test_asyncio.test_unix_events")]
    [InlineData("asyncio-tls", "test.test_asyncio.test_sendfile", "test.test_asyncio.test_ssl", "test.test_asyncio.test_sslproto", "test.test_asyncio.test_subprocess")]
    public async Task CPythonsOwnTests_HaveTheSameOutcomes(string part, params string[] modules)
    {
        string[] OutcomesOf(string file) => [Programs.Source("unittest_outcomes.py"), file, Programs.Source("unittest_left_out.txt"), .. modules];
        var bareFile = Path.Combine(cluster.Scratch, $"{part}-bare.jsonl");
        var shimmedFile = Path.Combine(cluster.Scratch, $"{part}-shimmed.jsonl");

        var bareRun = ProcessRun.CompleteAsync(Python, OutcomesOf(bareFile));
        var shimmedRun = cluster.RunAsync([Python, .. OutcomesOf(shimmedFile)]);
        await using var bare = await bareRun;
        await using var shimmed = await shimmedRun;

        // The runner fails only where it couldn't run the cases.
        Assert.True(bare.ExitCode == 0, bare.ToString());
        Assert.True(shimmed.ExitCode == 0, shimmed.ToString());
        var expected = await CaseOutcomes.OfJsonLinesAsync(bareFile);
        Assert.True(expected.Count > modules.Length, $"only {expected.Count} cases");
        CaseOutcomes.AssertSame(expected, await CaseOutcomes.OfJsonLinesAsync(shimmedFile));
    }

    [Theory]
    [InlineData("gcc", "behaviour_sockets.c", "-luring")]
    [InlineData("musl-gcc", "behaviour_sockets.c")]
    [InlineData("gcc", "behaviour_names.c", "-lresolv", "-lanl")]
    [InlineData("musl-gcc", "behaviour_names.c")]
    [InlineData("gcc", "behaviour_processes.c")]
    [InlineData("musl-gcc", "behaviour_processes.c")]
    public async Task CPrograms_SeeTheSame(string compiler, string source, params string[] libraries) =>
        await AssertSameLinesAsync([await Programs.CompileAsync(cluster, compiler, source, ["-D_GNU_SOURCE", "-pthread", .. libraries])]);

    [FactWith("node")]
    public async Task Node_SeesTheSame() => await AssertSameLinesAsync("node", Programs.Source("node_behaviour.mjs"));

    /// <summary>Runs a program that writes a line <c>case: outcome</c> each for what it tries.</summary>
    private async Task AssertSameLinesAsync(params string[] command)
    {
        // The .NET runtime ignores SIGPIPE before it can be asked what it was: a child of ours inherits that, and one of `telelaunch run` gets the default.
        var bareRun = ProcessRun.CompleteAsync("env", ["--default-signal=PIPE", .. command], workingDirectory: cluster.Scratch);
        var shimmedRun = cluster.RunAsync(["env", "--default-signal=PIPE", .. command]);
        await using var bare = await bareRun;
        await using var shimmed = await shimmedRun;

        Assert.True(bare.ExitCode == 0, bare.ToString());
        Assert.True(shimmed.ExitCode == 0, shimmed.ToString());
        // The dynamic linker tells each program that can't load what LD_PRELOAD names; nobody else would write that.
        Assert.DoesNotContain("LD_PRELOAD", shimmed.Errors, StringComparison.Ordinal);
        var expected = CaseOutcomes.OfLines(bare.Output);
        Assert.True(expected.Count > 20, $"only {expected.Count} cases");
        CaseOutcomes.AssertSame(expected, CaseOutcomes.OfLines(shimmed.Output));
    }
}
