using System.Net;
using Microsoft.Extensions.Time.Testing;
using Telelaunch.Net;

namespace Telelaunch.Broker.Tests;

public class NameCacheTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly NameCache _cache;
    private int _asked;

    public NameCacheTests() => _cache = new NameCache(_time);

    [Fact]
    public async Task Answer_IsKeptForItsTimeToLive_AndTheRestIsTold()
    {
        await AskAsync("a", Found(10));
        _time.Advance(TimeSpan.FromSeconds(4));

        CachedLookup second = await AskAsync("a", Found(10));

        Assert.Equal((true, TimeSpan.FromSeconds(6), 1), (second.Cached, second.Lookup.TimeToLive, _asked));
        _time.Advance(TimeSpan.FromSeconds(6));
        Assert.False((await AskAsync("a", Found(10))).Cached);
    }

    [Fact]
    public async Task NegativeAnswer_IsKeptToo()
    {
        await AskAsync("a", AddressLookup.Failed(LookupStatus.NoName, TimeSpan.FromSeconds(5)));
        Assert.Equal(LookupStatus.NoName, (await AskAsync("a", Found(10))).Lookup.Status);
    }

    [Fact]
    public async Task TryAgain_IsNeverKept()
    {
        await AskAsync("a", AddressLookup.Failed(LookupStatus.TryAgain, TimeSpan.FromSeconds(5)));
        Assert.Equal(LookupStatus.Found, (await AskAsync("a", Found(10))).Lookup.Status);
    }

    [Fact]
    public async Task HugeTimeToLive_IsCut()
    {
        await AskAsync("a", Found(1_000_000));
        _time.Advance(TimeSpan.FromMinutes(5));
        Assert.False((await AskAsync("a", Found(10))).Cached);
    }

    [Fact]
    public async Task QuestionsForOneName_ShareOneFlight()
    {
        var gate = new TaskCompletionSource<AddressLookup>();
        Task<CachedLookup> first = _cache.GetAsync("a", AddressFamilies.Both, () => CountAsync(gate.Task), CancellationToken.None).AsTask();
        Task<CachedLookup> second = _cache.GetAsync("a", AddressFamilies.Both, () => CountAsync(gate.Task), CancellationToken.None).AsTask();
        Task<CachedLookup> other = _cache.GetAsync("a", AddressFamilies.IPv4, () => CountAsync(gate.Task), CancellationToken.None).AsTask();
        Assert.False(second.IsCompleted);

        gate.SetResult(Found(10));

        await Task.WhenAll(first, second, other);
        Assert.Equal(2, _asked);
    }

    [Fact]
    public async Task WaiterWhoGivesUp_DoesNotEndTheFlight()
    {
        var gate = new TaskCompletionSource<AddressLookup>();
        Task<CachedLookup> first = _cache.GetAsync("a", AddressFamilies.Both, () => CountAsync(gate.Task), CancellationToken.None).AsTask();
        using var cancel = new CancellationTokenSource();
        Task<CachedLookup> second = _cache.GetAsync("a", AddressFamilies.Both, () => CountAsync(gate.Task), cancel.Token).AsTask();

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        gate.SetResult(Found(10));
        Assert.Equal(LookupStatus.Found, (await first).Lookup.Status);
    }

    [Fact]
    public async Task FailedFlight_IsThrownToAll_AndForgotten()
    {
        await Assert.ThrowsAsync<InvalidOperationException>(async () =>
            await _cache.GetAsync("a", AddressFamilies.Both, () => Task.FromException<AddressLookup>(new InvalidOperationException()), CancellationToken.None));
        Assert.Equal(LookupStatus.Found, (await AskAsync("a", Found(10))).Lookup.Status);
    }

    [Fact]
    public async Task Bounded_TheOldestGoesFirst()
    {
        for (int i = 0; i <= NameCache.MaximumEntries; i++)
            await AskAsync($"name-{i}", Found(100));

        Assert.Equal(NameCache.MaximumEntries, _cache.Count);
        Assert.False((await AskAsync("name-0", Found(100))).Cached);
        Assert.True((await AskAsync("name-9", Found(100))).Cached);
    }

    private static AddressLookup Found(int seconds) => new(LookupStatus.Found, [IPAddress.Parse("10.96.0.1")], null, TimeSpan.FromSeconds(seconds));

    private async Task<CachedLookup> AskAsync(string name, AddressLookup answer) =>
        await _cache.GetAsync(name, AddressFamilies.Both, () => CountAsync(Task.FromResult(answer)), CancellationToken.None);

    private Task<AddressLookup> CountAsync(Task<AddressLookup> answer)
    {
        _asked++;
        return answer;
    }
}
