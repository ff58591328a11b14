using Telelaunch.Broker.Managed;
using Telelaunch.Cli.Attach;

namespace Telelaunch.Cli.Tests.Attach;

public sealed class ShimGreetingsTests
{
    [Fact]
    public async Task OnlyTheProcessItself_WithTheRightWord_Counts()
    {
        var greetings = new ShimGreetings(7);
        greetings.Hear(Hello(8, HelloSource.ShimAttached));
        greetings.Hear(Hello(7, HelloSource.StartupHook));
        greetings.Hear(Hello(7, HelloSource.ShimDetached));
        var right = Hello(7, HelloSource.ShimAttached);
        greetings.Hear(right);
        Assert.Same(right, await greetings.WaitAsync(HelloSource.ShimAttached, TimeSpan.FromMinutes(1), TimeProvider.System, CancellationToken.None));
        Assert.Null(await greetings.WaitAsync(HelloSource.ShimAttached, TimeSpan.Zero, TimeProvider.System, CancellationToken.None));
    }

    [Fact]
    public async Task Cancellation_IsNoSilence() =>
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new ShimGreetings(7).WaitAsync(HelloSource.ShimAttached, TimeSpan.FromMinutes(1), TimeProvider.System, new CancellationToken(canceled: true)));

    private static HelloRecord Hello(int process, HelloSource source) => new(DateTimeOffset.UnixEpoch, source, process, "shop", 0, 15, "", "");
}
