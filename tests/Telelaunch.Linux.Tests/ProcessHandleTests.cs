using System.Diagnostics;
using Telelaunch.Linux;

namespace Telelaunch.Linux.Tests;

public sealed class ProcessHandleTests
{
    [Fact]
    public async Task EndOfAnyProcess_IsSeen()
    {
        using Process process = Process.Start(new ProcessStartInfo("cat") { RedirectStandardInput = true })!;
        using ProcessHandle handle = ProcessHandle.Open(process.Id)!;
        Task ended = handle.WaitForEndAsync(CancellationToken.None);
        Assert.False(ended.IsCompleted);
        process.StandardInput.Close();
        await ended.WaitAsync(TimeSpan.FromMinutes(1));
        // Nobody gets the signal.
        handle.Terminate();
    }

    [Fact]
    public async Task Terminate_IsSigterm_AndWaitingCanBeGivenUp()
    {
        using Process process = Process.Start("sleep", "1000");
        using ProcessHandle handle = ProcessHandle.Open(process.Id)!;
        using var given = new CancellationTokenSource();
        Task waiting = handle.WaitForEndAsync(given.Token);
        await given.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        handle.Terminate();
        await process.WaitForExitAsync();
        Assert.Equal(128 + 15, process.ExitCode);
        Assert.Null(ProcessHandle.Open(process.Id));
    }
}
