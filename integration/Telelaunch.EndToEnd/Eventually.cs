using Xunit;

namespace Telelaunch.EndToEnd;

/// <summary>Waits for what nobody tells of.</summary>
internal static class Eventually
{
    /// <summary>Only stops a wait that would never end.</summary>
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    /// <summary>Looks until what is seen is as wanted, and returns it; never seeing it fails the test with the last that was seen.</summary>
    public static async Task<T> SeeAsync<T>(Func<Task<T>> look, Func<T, bool> isWanted, string what)
    {
        using var bound = new CancellationTokenSource(Bound);
        using var timer = new PeriodicTimer(Look);
        while (true)
        {
            var seen = await look();
            if (isWanted(seen)) return seen;
            try
            {
                await timer.WaitForNextTickAsync(bound.Token);
            }
            catch (OperationCanceledException)
            {
                Assert.Fail($"After {Bound.TotalSeconds} s it still isn't so that {what}: {seen}");
            }
        }
    }
}
