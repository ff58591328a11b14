using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Telelaunch.Attach.Tests;

/// <summary>The table about processes that run: the test's own, and a .NET program in several states.</summary>
public sealed class RunningApplicationTests
{
    [Fact]
    public async Task ProgramThatRuns_CanBeAttached() => await LookAsync([], process =>
    {
        Assert.Null(process.Obstacle);
        Assert.Equal("Telelaunch.TestApp", process.Application);
        Assert.Equal(Environment.Version.ToString(), process.Runtime);
        Assert.Equal(Environment.UserName, process.User);
    });

    [Fact]
    public async Task SocketOfAnotherTemporaryFolder_IsFound()
    {
        var folder = Directory.CreateTempSubdirectory("telelaunch-tmp-");
        await LookAsync([("TMPDIR", folder.FullName)], process =>
        {
            Assert.Null(process.Obstacle);
            Assert.StartsWith(folder.FullName, process.DiagnosticsSocket, StringComparison.Ordinal);
        });
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task ProgramWithoutDiagnostics_IsRefused() =>
        await LookAsync([("DOTNET_EnableDiagnostics", "0")], process => Assert.Equal("attach-diagnostics-off", process.Obstacle?.Code));

    [Fact]
    public async Task StoppedProgram_IsRefusedAtOnce() => await LookAsync([], process => Assert.Equal("attach-debugged", process.Obstacle?.Code), stop: true);

    [Fact]
    public async Task SuspendedProgram_IsRefused()
    {
        using var process = Start([("DOTNET_DefaultDiagnosticPortSuspend", "1")], port: 1);
        try
        {
            DotnetProcess? found;
            do
            {
                // Its socket is there before it waits.
                found = await new DotnetProcesses().FindAsync(process.Id, CancellationToken.None);
                Assert.False(process.HasExited);
            }
            while (found?.DiagnosticsSocket is null);
            Assert.Equal("attach-suspended", found.Obstacle?.Code);
        }
        finally
        {
            process.Kill();
        }
    }

    [Fact]
    public async Task NoDotnetProgram_IsNone()
    {
        using var process = Process.Start("sleep", "1000");
        try
        {
            Assert.Null(await new DotnetProcesses().FindAsync(process.Id, CancellationToken.None));
            Assert.True(new DotnetProcesses().IsThere(process.Id));
        }
        finally
        {
            process.Kill();
        }
    }

    /// <summary>With a program that connects to the test and waits for an answer that doesn't come.</summary>
    internal static async Task WithAsync(Func<DotnetProcess, Task> use, (string Name, string Value)[]? environment = null, bool stop = false)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var process = Start(environment ?? [], ((IPEndPoint)listener.LocalEndpoint).Port);
        try
        {
            using var connection = await listener.AcceptSocketAsync();
            if (stop)
            {
                using var kill = Process.Start("kill", ["-STOP", $"{process.Id}"]);
                await kill.WaitForExitAsync();
            }
            var all = await new DotnetProcesses().ListAsync(CancellationToken.None);
            Assert.DoesNotContain(all, found => found.ProcessId == Environment.ProcessId);
            await use(Assert.Single(all, found => found.ProcessId == process.Id));
        }
        finally
        {
            process.Kill();
        }
    }

    private static Task LookAsync((string Name, string Value)[] environment, Action<DotnetProcess> look, bool stop = false) => WithAsync(
        process =>
        {
            look(process);
            return Task.CompletedTask;
        },
        environment,
        stop);

    private static Process Start((string Name, string Value)[] environment, int port)
    {
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "..", "..", "..", "..", "Telelaunch.TestApp", "bin", configuration, "net10.0", "Telelaunch.TestApp"), ["sync", "127.0.0.1", $"{port}"]) { RedirectStandardOutput = true };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        return Process.Start(start)!;
    }
}
