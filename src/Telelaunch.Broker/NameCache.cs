using Telelaunch.Net;

namespace Telelaunch.Broker;

/// <summary>An answer and whether it was there already.</summary>
internal readonly record struct CachedLookup(AddressLookup Lookup, bool Cached);

/// <summary>Answers by name, for as long as their TTL says, negative ones too (RFC 2308); "try again" is never kept.</summary>
/// <remarks>One question a name is under way at a time; whoever asks meanwhile shares its answer. Bounded: the oldest goes first.</remarks>
internal sealed class NameCache
{
    internal const int MaximumEntries = 4096;

    // A pod's address can change at any moment; CoreDNS says 5 s or 30 s. Whatever an outside server says, this is the most.
    private static readonly TimeSpan LongestLife = TimeSpan.FromMinutes(5);

    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Name, AddressFamilies Families), Entry> _entries = [];
    private readonly Queue<Entry> _byAge = new();

    internal NameCache(TimeProvider time) => _time = time;

    internal int Count
    {
        get
        {
            lock (_lock)
                return _entries.Count;
        }
    }

    /// <param name="ask">Runs once for all who wait; it isn't theirs to cancel.</param>
    internal async ValueTask<CachedLookup> GetAsync(
        string name,
        AddressFamilies families,
        Func<Task<AddressLookup>> ask,
        CancellationToken cancellationToken)
    {
        Entry? entry;
        bool mine = false;
        lock (_lock)
        {
            if (!_entries.TryGetValue((name, families), out entry) || entry.IsOver(_time.GetUtcNow()))
            {
                entry = new Entry((name, families));
                Add(entry);
                mine = true;
            }
        }

        bool cached = entry.Answer.Task.IsCompleted;
        if (mine)
            await FlyAsync(entry, ask);
        AddressLookup lookup = await entry.Answer.Task.WaitAsync(cancellationToken);
        TimeSpan rest = entry.Expires - _time.GetUtcNow();
        return new CachedLookup(lookup with { TimeToLive = rest > TimeSpan.Zero ? rest : TimeSpan.Zero }, cached);
    }

    internal void Clear()
    {
        lock (_lock)
        {
            _entries.Clear();
            _byAge.Clear();
        }
    }

    private async Task FlyAsync(Entry entry, Func<Task<AddressLookup>> ask)
    {
        AddressLookup lookup;
        try
        {
            lookup = await ask();
        }
        catch (Exception error)
        {
            Remove(entry);
            entry.Answer.SetException(error);
            return;
        }

        TimeSpan life = lookup.TimeToLive < LongestLife ? lookup.TimeToLive : LongestLife;
        entry.Expires = _time.GetUtcNow() + life;
        if (lookup.Status == LookupStatus.TryAgain || life <= TimeSpan.Zero)
            Remove(entry);
        entry.Answer.SetResult(lookup);
    }

    private void Add(Entry entry)
    {
        if (_byAge.Count >= MaximumEntries)
            RemoveExactly(_byAge.Dequeue());
        _byAge.Enqueue(entry);
        _entries[entry.Key] = entry;
    }

    private void Remove(Entry entry)
    {
        lock (_lock)
            RemoveExactly(entry);
    }

    private void RemoveExactly(Entry entry)
    {
        if (_entries.TryGetValue(entry.Key, out Entry? current) && ReferenceEquals(current, entry))
            _entries.Remove(entry.Key);
    }

    private sealed class Entry((string Name, AddressFamilies Families) key)
    {
        internal (string Name, AddressFamilies Families) Key { get; } = key;

        internal TaskCompletionSource<AddressLookup> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal DateTimeOffset Expires { get; set; }

        internal bool IsOver(DateTimeOffset now) => Answer.Task.IsCompleted && Expires <= now;
    }
}
