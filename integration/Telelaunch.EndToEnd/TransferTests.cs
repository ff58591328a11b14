using System.Security.Cryptography;
using Xunit;

namespace Telelaunch.EndToEnd;

/// <summary>Bytes arrive as they were sent, through both carriers, and each direction ends by itself.</summary>
[Collection(TestCluster.Name)]
public sealed class TransferTests(TestCluster cluster)
{
    private const int Size = 100 * 1024 * 1024;

    public static TheoryData<string> Carriers => ["ssh", "direct"];

    [Theory, MemberData(nameof(Carriers))]
    public async Task HundredMebibytesDown_AreIdentical(string carrier)
    {
        // The far end sends a stream that both sides can compute: SHA-256 in counter mode over the text it is asked for.
        await using var run = await ScriptAsync(carrier, $"curl -sS http://probe:8080/bytes/{Size} | sha256sum");
        var expected = await cluster.KubectlAsync("exec", "deployment/probe", "--", "python3", "/probe/hash.py", $"{Size}");
        Assert.True(run.Output.Split(' ')[0] == expected.Trim(), run.ToString());
    }

    [Theory, MemberData(nameof(Carriers))]
    public async Task HundredMebibytesUp_AreIdentical(string carrier)
    {
        var file = Path.Combine(cluster.Scratch, $"up-{carrier}");
        var bytes = new byte[Size];
        new Random(42).NextBytes(bytes);
        await File.WriteAllBytesAsync(file, bytes);
        // The far end reads until FIN and then answers with the hash: it needs the half-close.
        await using var run = await ScriptAsync(carrier, $"nc -N probe 9000 < {file}");
        File.Delete(file);
        Assert.True(run.Output.Trim() == Convert.ToHexStringLower(SHA256.HashData(bytes)), run.ToString());
    }

    [Theory, MemberData(nameof(Carriers))]
    public async Task EchoThroughNc_AnswersAfterOurFin(string carrier)
    {
        await using var run = await ScriptAsync(carrier, "echo x | nc -N echo 7");
        Assert.True(run is { ExitCode: 0, Output: "x\n" }, run.ToString());
    }

    [Theory, MemberData(nameof(Carriers))]
    public async Task FarEndFinishesFirst_OurDirectionGoesOn(string carrier)
    {
        // Port 9001 sends a line and FIN at once, then reads; what it has read is told on a second connection.
        await using var run = await ScriptAsync(carrier, $"python3 {Programs.Source("half_close.py")} probe");
        Assert.True(run is { ExitCode: 0, Output: "first line, then 1048576 bytes after FIN\n" }, run.ToString());
    }

    [Theory, MemberData(nameof(Carriers))]
    public async Task ResetOfTheFarEnd_IsAReset(string carrier)
    {
        await using var run = await ScriptAsync(carrier, $"python3 {Programs.Source("reset.py")} probe");
        Assert.True(run is { ExitCode: 0, Output: "ECONNRESET\n" }, run.ToString());
    }

    [Theory, MemberData(nameof(Carriers))]
    public async Task ResetOfTheFarEndAmongData_IsAReset_AndWhatCameBeforeIsIntact(string carrier)
    {
        await using var run = await ScriptAsync(carrier, $"python3 {Programs.Source("transfer.py")} probe far-end-resets");
        Assert.True(run is { ExitCode: 0, Output: "identical some ECONNRESET\n" }, run.ToString());
    }

    [Theory, MemberData(nameof(Carriers))]
    public async Task ResetOfTheApplication_IsAResetForTheFarEnd(string carrier)
    {
        await using var run = await ScriptAsync(carrier, $"python3 {Programs.Source("transfer.py")} probe app-resets");
        Assert.True(run is { ExitCode: 0, Output: "idle: ECONNRESET\nwhile we send: ECONNRESET\nwhile it sends: ECONNRESET\n" }, run.ToString());
    }

    [Theory]
    [InlineData("ssh", "down"), InlineData("ssh", "up")]
    [InlineData("direct", "down"), InlineData("direct", "up")]
    public async Task Gibibyte_IsIdenticalByteByByte(string carrier, string direction)
    {
        await using var run = await ScriptAsync(carrier, $"python3 {Programs.Source("transfer.py")} probe {direction} 1024");
        Assert.True(run.Output == $"identical {1L << 30} end\n", run.ToString());
    }

    [Theory, MemberData(nameof(Carriers))]
    public async Task StalledReaders_StallNobodyElse_AndTakeBoundedMemory(string carrier)
    {
        const int Stalled = 256;
        await using var run = ProcessRun.Start(
            TestCluster.Telelaunch,
            ["run", "--progress", "quiet", "--tunnel", carrier, "--", "python3", Programs.Source("transfer.py"), "probe", "stalled", $"{Stalled}"],
            cluster.Variables());
        await run.WaitForTextAsync($"others: identical {64 << 20} end and identical {64 << 20} end\n");
        var agent = (await cluster.AgentPodsAsync()).Single(name => name.StartsWith("pod/", StringComparison.Ordinal));
        var (here, there) = (Usage.OfProcess(run.Id), await Usage.OfAgentAsync(cluster, agent));
        Report.Add("load", $"{carrier,-6} launcher, two flows stalled       {here}");
        Report.Add("load", $"{carrier,-6} agent,    two flows stalled       {there}");
        // Twice 256 MiB are on their way: what isn't read stays with its sender.
        Assert.InRange(here.ResidentKibibytes, 1, Stalled * 1024);
        Assert.InRange(there.ResidentKibibytes, 1, Stalled * 1024);

        await run.WriteLineAsync("go on");
        await run.WaitForTextAsync($"resumed: identical {Stalled << 20} end and identical {Stalled << 20} end\n");
        await run.WaitForExitAsync();
        Assert.True(run.ExitCode == 0, run.ToString());
    }

    [Theory, MemberData(nameof(Carriers))]
    public async Task NcEndsFirst_AndStillGetsAllOfTheAnswer(string carrier)
    {
        await using var run = await ScriptAsync(carrier, "echo send 16 | nc -N probe 9004 | wc -c");
        Assert.True(run is { ExitCode: 0, Output: "16777216\n" }, run.ToString());
    }

    [Theory, MemberData(nameof(Carriers))]
    public async Task FarEndEndsFirst_AndNcGoesOnSending(string carrier)
    {
        await using var run = await ScriptAsync(carrier, """
            coproc nc { nc -N probe 9001; }
            exec {out}<&${nc[0]} {in}>&${nc[1]}-
            read -r _ _ ticket <&$out
            head -c 1048576 /dev/zero >&$in
            exec {in}>&-
            echo $ticket | nc -N probe 9002
            """);
        Assert.True(run is { ExitCode: 0, Output: "1048576\n" }, run.ToString());
    }

    [Theory, MemberData(nameof(Carriers))]
    public async Task HundredConnectionsAtOnce(string carrier)
    {
        await using var run = await ScriptAsync(carrier, $"python3 {Programs.Source("many.py")} echo 7 100");
        Assert.True(run is { ExitCode: 0, Output: "100 open at once, 100 echoed\n" }, run.ToString());
    }

    private Task<ProcessRun> ScriptAsync(string carrier, string script) => cluster.TelelaunchAsync(["run", "--tunnel", carrier, "--", "bash", "-c", script]);
}
