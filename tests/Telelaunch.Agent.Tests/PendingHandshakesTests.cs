namespace Telelaunch.Agent.Tests;

public sealed class PendingHandshakesTests
{
    [Fact]
    public void OldestMakesRoom_AndNobodyElse()
    {
        var handshakes = new PendingHandshakes(2);
        using var first = new CancellationTokenSource();
        using var second = new CancellationTokenSource();
        using var third = new CancellationTokenSource();
        handshakes.Enter(first);
        handshakes.Enter(second);
        Assert.False(first.IsCancellationRequested);
        handshakes.Enter(third);
        Assert.Equal([true, false, false], new[] { first, second, third }.Select(source => source.IsCancellationRequested));
    }

    [Fact]
    public void WhoHasLeft_LeavesItsPlaceToAnother()
    {
        var handshakes = new PendingHandshakes(2);
        using var first = new CancellationTokenSource();
        using var second = new CancellationTokenSource();
        using var third = new CancellationTokenSource();
        PendingHandshakes.Place place = handshakes.Enter(first);
        handshakes.Enter(second);
        handshakes.Leave(place);
        handshakes.Enter(third);
        Assert.Equal([false, false, false], new[] { first, second, third }.Select(source => source.IsCancellationRequested));
    }

    [Fact]
    public void WhoWasPushedOut_LeavesWithoutHarm()
    {
        var handshakes = new PendingHandshakes(1);
        using var second = new CancellationTokenSource();
        using (var first = new CancellationTokenSource())
        {
            PendingHandshakes.Place place = handshakes.Enter(first);
            handshakes.Enter(second);
            handshakes.Leave(place);
        }

        handshakes.PushOutOldest();
        Assert.True(second.IsCancellationRequested);
        handshakes.PushOutOldest();
    }
}
