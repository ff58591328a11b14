namespace Telelaunch.Bench.Tests;

public sealed class ChildProcessTests
{
    [Fact]
    public async Task WhileRunning_ProcessThatEndsFirst_IsAnErrorWithWhatItSaid_AndTheWaitIsCancelled()
    {
        await using var process = ChildProcess.Start("sh", ["-c", "echo why >&2; exit 3"]);
        CancellationToken given = default;

        var error = await Assert.ThrowsAsync<BenchException>(() => process.WhileRunningAsync(
            token =>
            {
                given = token;
                return Task.Delay(Timeout.Infinite, token);
            },
            CancellationToken.None));

        Assert.Contains("ended", error.Message, StringComparison.Ordinal);
        Assert.Contains("why", error.Remedy, StringComparison.Ordinal);
        Assert.True(given.IsCancellationRequested);
    }

    [Fact]
    public async Task WhileRunning_WhatComes_LeavesTheProcessRunning()
    {
        await using var process = ChildProcess.Start("cat", []);

        await process.WhileRunningAsync(_ => Task.CompletedTask, CancellationToken.None);
        await process.WriteLineAsync("still there", CancellationToken.None);

        Assert.Equal("still there", await process.ReadLineAsync(CancellationToken.None));
    }

    [Fact]
    public async Task WhileRunning_FailureOfTheWait_IsTheCause()
    {
        await using var process = ChildProcess.Start("cat", []);

        await Assert.ThrowsAsync<TimeoutException>(() => process.WhileRunningAsync(_ => Task.FromException(new TimeoutException()), CancellationToken.None));
    }

    [Fact]
    public async Task WhileRunning_CancelledByTheCaller_IsCancelled()
    {
        await using var process = ChildProcess.Start("cat", []);
        using var stop = new CancellationTokenSource();
        var waiting = process.WhileRunningAsync(token => Task.Delay(Timeout.Infinite, token), stop.Token);

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }
}
