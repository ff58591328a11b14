namespace Telelaunch.StartupHook.Tests;

/// <summary>An application says that it is in, and is otherwise what it was.</summary>
public class HelloTests
{
    public static TheoryData<int> Runtimes => DotNetRuntime.All;

    [Theory, MemberData(nameof(Runtimes))]
    public async Task Application_IsAnnounced_WithItsRuntime(int runtime)
    {
        using var broker = new StandInBroker();
        HookedRun run = await HookedRun.RunAsync(runtime, broker.SessionPath, HookedRun.Hook, "greet");

        string[] texts = StandInBroker.HelloTexts(await broker.ReceiveAsync());
        Assert.StartsWith($".NET {runtime}.", texts[0], StringComparison.Ordinal);
        Assert.Equal(["HookedApp", ""], texts[1..]);
        Assert.Equal(new HookedRun(7, "hello from the application\n", ""), run);
    }

    [Theory, MemberData(nameof(Runtimes))]
    public async Task HookOfTheUsersOwn_RunsBesideOurs(int runtime)
    {
        using var broker = new StandInBroker();
        HookedRun run = await HookedRun.RunAsync(runtime, broker.SessionPath, $"{HookedRun.App}:{HookedRun.Hook}:{HookedRun.Hook}", "greet");

        StandInBroker.HelloTexts(await broker.ReceiveAsync());
        Assert.Equal(new HookedRun(7, "hello from the user's hook\nhello from the application\n", ""), run);
    }
}
