using System.Security.Cryptography;
using Xunit;

namespace Telelaunch.EndToEnd.Machine;

/// <summary>On the machine bytes arrive as they were sent, each direction ends by itself, and a reset is a reset.</summary>
[Collection(TestCluster.Name)]
public sealed class MachineTransferTests(TestCluster cluster, VpnMachine vpn) : IClassFixture<VpnMachine>
{
    private const int Size = 100 * 1024 * 1024;

    [FactOnMachine]
    public async Task HundredMebibytesDown_AreIdentical()
    {
        await using var run = await vpn.Machine.ScriptAsync($"curl -sS http://probe:8080/bytes/{Size} | sha256sum");
        var expected = await cluster.KubectlAsync("exec", "deployment/probe", "--", "python3", "/probe/hash.py", $"{Size}");
        Assert.True(run.Output.Split(' ')[0] == expected.Trim(), run.ToString());
    }

    [FactOnMachine]
    public async Task HundredMebibytesUp_AreIdentical()
    {
        var file = Path.Combine(cluster.Scratch, "up-vpn-tcp");
        var bytes = new byte[Size];
        new Random(42).NextBytes(bytes);
        await File.WriteAllBytesAsync(file, bytes);
        await using var run = await vpn.Machine.ScriptAsync($"nc -N probe 9000 < {file}");
        File.Delete(file);
        Assert.True(run.Output.Trim() == Convert.ToHexStringLower(SHA256.HashData(bytes)), run.ToString());
    }

    [FactOnMachine]
    public async Task FarEndFinishesFirst_OurDirectionGoesOn()
    {
        await using var run = await PythonAsync("half_close.py", "probe");
        Assert.True(run is { ExitCode: 0, Output: "first line, then 1048576 bytes after FIN\n" }, run.ToString());
    }

    [FactOnMachine]
    public async Task EchoThroughNc_AnswersAfterOurFin()
    {
        await using var run = await vpn.Machine.ScriptAsync("echo x | nc -N echo 7");
        Assert.True(run is { ExitCode: 0, Output: "x\n" }, run.ToString());
    }

    [FactOnMachine]
    public async Task ResetOfTheFarEnd_IsAReset()
    {
        await using var run = await PythonAsync("reset.py", "probe");
        Assert.True(run is { ExitCode: 0, Output: "ECONNRESET\n" }, run.ToString());
    }

    [FactOnMachine]
    public async Task ResetOfTheFarEndAmongData_IsAReset_AndWhatCameBeforeIsIntact()
    {
        await using var run = await PythonAsync("transfer.py", "probe", "far-end-resets");
        Assert.True(run is { ExitCode: 0, Output: "identical some ECONNRESET\n" }, run.ToString());
    }

    [FactOnMachine]
    public async Task ResetOfTheApplication_IsAResetForTheFarEnd()
    {
        await using var run = await PythonAsync("transfer.py", "probe", "app-resets");
        Assert.True(run is { ExitCode: 0, Output: "idle: ECONNRESET\nwhile we send: ECONNRESET\nwhile it sends: ECONNRESET\n" }, run.ToString());
    }

    [FactOnMachine]
    public async Task NcEndsFirst_AndStillGetsAllOfTheAnswer()
    {
        await using var run = await vpn.Machine.ScriptAsync("echo send 16 | nc -N probe 9004 | wc -c");
        Assert.True(run is { ExitCode: 0, Output: "16777216\n" }, run.ToString());
    }

    [FactOnMachine]
    public async Task TwoHundredConnectionsAtOnce()
    {
        await using var run = await PythonAsync("many.py", "echo", "7", "200");
        Assert.True(run is { ExitCode: 0, Output: "200 open at once, 200 echoed\n" }, run.ToString());
    }

    private Task<ProcessRun> PythonAsync(string program, params string[] arguments) => vpn.Machine.RunAsync("python3", [Programs.Source(program), .. arguments]);
}
