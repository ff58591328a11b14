using Microsoft.Extensions.Time.Testing;
using Telelaunch.Cli.Session;
using Telelaunch.Net;

namespace Telelaunch.Cli.Tests.Session;

public sealed class DeletionTests
{
    private readonly FakeTimeProvider _time = new();
    private int _attempts;

    [Theory]
    [InlineData("api-connection-lost")]
    [InlineData("api-unreachable")]
    [InlineData("api-overloaded")]
    [InlineData("api-error")]
    public async Task WhatMayPass_IsTriedAgain(string code)
    {
        var deletion = DeleteAsync(code, failures: 2);
        Assert.Equal(1, _attempts);
        _time.Advance(TimeSpan.FromMilliseconds(200));
        Assert.False(deletion.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(800));
        await deletion;
        Assert.Equal(3, _attempts);
    }

    [Fact]
    public async Task WhatDoesNotPass_IsToldInTheEnd()
    {
        var deletion = DeleteAsync("api-error", failures: 3);
        _time.Advance(TimeSpan.FromMilliseconds(200));
        _time.Advance(TimeSpan.FromMilliseconds(800));
        Assert.Equal("api-error", (await Assert.ThrowsAsync<ClusterException>(() => deletion)).Code);
        Assert.Equal(3, _attempts);
    }

    [Fact]
    public async Task Refusal_IsToldAtOnce()
    {
        Assert.Equal("forbidden", (await Assert.ThrowsAsync<ClusterException>(() => DeleteAsync("forbidden", failures: 1))).Code);
        Assert.Equal(1, _attempts);
    }

    [Fact]
    public async Task Deadline_EndsAPause()
    {
        using var deadline = new CancellationTokenSource();
        var deletion = DeleteAsync("api-unreachable", failures: 3, deadline.Token);
        await deadline.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => deletion);
        Assert.Equal(1, _attempts);
    }

    private Task DeleteAsync(string code, int failures, CancellationToken cancellationToken = default) =>
        Deletion.RunAsync(_ => ++_attempts > failures ? Task.CompletedTask : throw new ClusterException(code, "cause", "remedy"), _time, cancellationToken);
}
