using Telelaunch.Net;

namespace Telelaunch.Broker;

/// <summary>An answer and whether it was there already.</summary>
internal readonly record struct CachedLookup(AddressLookup Lookup, bool Cached);

/// <summary>Answers by name, for as long as their TTL says, negative ones too (RFC 2308); "try again" is never kept.</summary>
internal sealed class NameCache(TimeProvider time)
{
    internal const int MaximumEntries = 4096;

    /// <summary>A pod's address can change at any moment; CoreDNS says 5 s or 30 s. Whatever an outside server says, this is the most.</summary>
    internal static readonly TimeSpan LongestLife = TimeSpan.FromMinutes(5);

    private readonly FlightCache<(string Name, AddressFamilies Families), AddressLookup> _cache = new(MaximumEntries, LifeOf, time);

    internal int Count => _cache.Count;

    /// <param name="ask">Runs once for all who wait; it isn't theirs to cancel.</param>
    internal async ValueTask<CachedLookup> GetAsync(
        string name,
        AddressFamilies families,
        Func<Task<AddressLookup>> ask,
        CancellationToken cancellationToken)
    {
        KeptAnswer<AddressLookup> kept = await _cache.GetAsync((name, families), ask, cancellationToken);
        TimeSpan rest = LifeOf(kept.Answer) - kept.Age;
        return new CachedLookup(kept.Answer with { TimeToLive = rest > TimeSpan.Zero ? rest : TimeSpan.Zero }, kept.Cached);
    }

    internal void Clear() => _cache.Clear();

    /// <summary>Completes when no question is under way any more.</summary>
    internal Task WhenLandedAsync() => _cache.WhenLandedAsync();

    private static TimeSpan LifeOf(AddressLookup lookup) =>
        lookup.Status == LookupStatus.TryAgain ? TimeSpan.Zero : lookup.TimeToLive < LongestLife ? lookup.TimeToLive : LongestLife;
}
