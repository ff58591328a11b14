using System.Diagnostics;
using System.Text.Json;

namespace Telelaunch.Cli.Tests.Attach;

/// <summary>What is refused before the cluster is asked: there is no kubeconfig, which would be the next failure.</summary>
public sealed class AttachCommandTests
{
    private static readonly string[] WithoutCluster = ["--kubeconfig", "/nowhere"];

    [Fact]
    public async Task ProcessThatCanBeAttached_GetsAsFarAsTheCluster() =>
        Assert.Equal((125, "kubeconfig-not-found"), await FailAsync($"{Environment.ProcessId}", "--dry-run"));

    [Fact]
    public async Task NoSuchProcess_IsRefused()
    {
        using var process = Process.Start("true");
        await process.WaitForExitAsync();
        Assert.Equal((125, "attach-no-process"), await FailAsync($"{process.Id}"));
    }

    [Fact]
    public async Task ProcessWithoutARuntime_IsRefused()
    {
        using var process = Process.Start("sleep", "1000");
        try
        {
            Assert.Equal((125, "attach-no-dotnet"), await FailAsync($"{process.Id}"));
        }
        finally
        {
            process.Kill();
        }
    }

    [Fact]
    public async Task ProcessWithoutDiagnostics_IsRefused_WithTheTablesReason()
    {
        // Waits for its launcher's lines, as a guard does.
        using var process = StartedProgram.Start("telelaunch", ["guard"], new Dictionary<string, string?> { ["DOTNET_EnableDiagnostics"] = "0" });
        while (!(await File.ReadAllTextAsync($"/proc/{process.Id}/maps")).Contains("libcoreclr.so", StringComparison.Ordinal)) await Task.Yield();
        Assert.Equal((125, "attach-diagnostics-off"), await FailAsync($"{process.Id}"));
    }

    [Fact]
    public async Task WithoutANumber_AndWithoutATerminal_TheTableIsPrinted()
    {
        var (exitCode, output, errors) = await StartedProgram.RunAsync("telelaunch", ["attach", .. WithoutCluster]);
        Assert.Equal(2, exitCode);
        Assert.Matches($@"(?m)^{Environment.ProcessId} ", output);
        Assert.Contains("attach PID", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task NameThatNobodyHas_IsRefused_WithTheTable()
    {
        var (exitCode, output, errors) = await StartedProgram.RunAsync("telelaunch", ["attach", "--name", "no-such-application", "-o", "json", .. WithoutCluster]);
        Assert.Equal(2, exitCode);
        Assert.NotEmpty(JsonDocument.Parse(output).RootElement.GetProperty("processes").EnumerateArray());
        Assert.Equal("attach-name-unknown", JsonDocument.Parse(errors).RootElement.GetProperty("code").GetString());
    }

    [Fact]
    public async Task LeavingAProcessThatNobodyHas_IsRefused()
    {
        var (exitCode, _, errors) = await StartedProgram.RunAsync("telelaunch", "leave", $"{Environment.ProcessId}", "-o", "json");
        Assert.Equal((1, "attach-not-attached"), (exitCode, JsonDocument.Parse(errors).RootElement.GetProperty("code").GetString()));
    }

    private static async Task<(int ExitCode, string? Code)> FailAsync(string process, params string[] options)
    {
        var (exitCode, _, errors) = await StartedProgram.RunAsync("telelaunch", ["attach", process, "-o", "json", .. WithoutCluster, .. options]);
        return (exitCode, JsonDocument.Parse(errors).RootElement.GetProperty("code").GetString());
    }
}
