using System.Text.RegularExpressions;
using Xunit;

namespace Telelaunch.EndToEnd;

/// <summary>The startup hook in .NET applications: what it tells, and that it does no harm.</summary>
[Collection(TestCluster.Name)]
public sealed class HookTests(TestCluster cluster)
{
    [Fact]
    public async Task Trace_ShowsTheRequest_WithItsPhasesItsCodeAndItsFlow()
    {
        await using var run = await cluster.TelelaunchAsync(["run", "--trace", "--", Programs.DotNetApp, "http-async", "hello", "80"]);
        Assert.True(run.ExitCode == 0, run.ToString());

        var entered = Regex.Match(run.Errors, @"^telelaunch: in: (\d+) reach, \.NET \d+\.\S+$", RegexOptions.Multiline);
        Assert.True(entered.Success, run.ToString());
        var request = Regex.Match(run.Errors, @" request (reach\[\d+\]) http://hello:80/ (\S+:80) HTTP/1\.1 200 \d\.\d+s \(dns \d\.\d+s, connect \d\.\d+s\) at Program\.Main \(Program\.cs:\d+\)$", RegexOptions.Multiline);
        Assert.True(request.Success, run.ToString());
        Assert.Equal($"reach[{entered.Groups[1].Value}]", request.Groups[1].Value);
        Assert.Contains($" flow {request.Groups[1].Value} hello {request.Groups[2].Value} ", run.Errors, StringComparison.Ordinal);
    }

    /// <summary>It costs a start something: where nobody hears what it tells, it isn't there.</summary>
    [Fact]
    public async Task Hook_IsThereOnlyWhereItIsHeard()
    {
        await using var unheard = await cluster.RunAsync("env");
        Assert.True(unheard.ExitCode == 0, unheard.ToString());
        Assert.DoesNotContain("TELELAUNCH_HOOK=", unheard.Output, StringComparison.Ordinal);
        foreach (var option in new[] { "-v", "--trace", "--expose=auto" })
        {
            await using var heard = await cluster.TelelaunchAsync(["run", option, "--", "env"]);
            Assert.True(heard.ExitCode == 0 && heard.Output.Contains("TELELAUNCH_HOOK=/", StringComparison.Ordinal), heard.ToString());
        }
    }

    [Fact]
    public async Task HookThatIsMissingTooNewOrBroken_LeavesExitCodeAndOutputAlone()
    {
        await using var plain = await cluster.RunAsync(Programs.DotNetApp, "http-async", "hello", "80");
        Assert.True(plain.ExitCode == 0, plain.ToString());

        var program = CopyOfTelelaunch(out var hook);
        foreach (var (put, told) in ((Action, string)[])[
            (() => File.Delete(hook), "can't be read"),
            // This test's own assembly is for the newest runtime.
            (() => File.Copy(typeof(HookTests).Assembly.Location, hook, overwrite: true), "is built for .NETCoreApp"),
            (() => File.WriteAllText(hook, "no assembly"), "without the startup hook")])
        {
            put();
            await using var run = await ProcessRun.CompleteAsync(program, ["run", "--progress", "plain", "--trace", "--", Programs.DotNetApp, "http-async", "hello", "80"], cluster.Variables());
            Assert.True(run.ExitCode == 0 && run.Output == plain.Output, run.ToString());
            Assert.Contains(told, Assert.Single(run.Errors.Split('\n'), line => line.Contains("startup hook", StringComparison.Ordinal)), StringComparison.Ordinal);
        }
    }

    /// <summary>The program and what lies beside it, in a folder of the test's own.</summary>
    private string CopyOfTelelaunch(out string hook)
    {
        var program = File.ResolveLinkTarget(TestCluster.Telelaunch, returnFinalTarget: true)?.FullName ?? TestCluster.Telelaunch;
        var folder = Directory.CreateDirectory(Path.Combine(cluster.Scratch, Guid.NewGuid().ToString("N"))).FullName;
        foreach (var file in Directory.EnumerateFiles(Path.GetDirectoryName(program)!).Where(file => Path.GetExtension(file) is "" or ".dll" or ".json" or ".so"))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        hook = Path.Combine(folder, "Telelaunch.StartupHook.dll");
        return Path.Combine(folder, Path.GetFileName(program));
    }
}
