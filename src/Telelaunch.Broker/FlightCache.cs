using Telelaunch.Net;

namespace Telelaunch.Broker;

/// <summary>What was kept of an answer.</summary>
/// <param name="Age">How long it has been kept.</param>
/// <param name="Cached">Nobody had to be asked or waited for.</param>
internal readonly record struct KeptAnswer<TAnswer>(TAnswer Answer, TimeSpan Age, bool Cached);

/// <summary>Answers for as long as they may be kept.</summary>
/// <remarks>One question a key is under way at a time; whoever asks meanwhile shares its answer. Bounded: the oldest goes first.</remarks>
/// <param name="lifeOf">How long an answer may be kept; zero for not at all.</param>
internal sealed class FlightCache<TKey, TAnswer>(int maximum, Func<TAnswer, TimeSpan> lifeOf, TimeProvider time, IEqualityComparer<TKey>? comparer = null)
    where TKey : notnull
{
    private readonly Lock _lock = new();
    private readonly Dictionary<TKey, Entry> _entries = new(comparer);
    private readonly Queue<Entry> _byAge = new();
    private readonly OpenTasks _flights = new();

    internal int Count
    {
        get
        {
            lock (_lock)
                return _entries.Count;
        }
    }

    /// <param name="ask">Runs once for all who wait; it isn't theirs to cancel.</param>
    internal async ValueTask<KeptAnswer<TAnswer>> GetAsync(TKey key, Func<Task<TAnswer>> ask, CancellationToken cancellationToken)
    {
        Entry? entry;
        bool mine = false;
        lock (_lock)
        {
            if (!_entries.TryGetValue(key, out entry) || entry.IsOver(time.GetUtcNow()))
            {
                entry = new Entry(key);
                Add(entry);
                mine = true;
            }
        }

        bool cached = entry.Answer.Task.IsCompleted;
        if (mine)
            _flights.Run(() => FlyAsync(entry, ask));
        TAnswer answer = await entry.Answer.Task.WaitAsync(cancellationToken);
        return new KeptAnswer<TAnswer>(answer, time.GetUtcNow() - entry.Landed, cached);
    }

    internal void Clear()
    {
        lock (_lock)
        {
            _entries.Clear();
            _byAge.Clear();
        }
    }

    /// <summary>Completes when no question is under way any more.</summary>
    internal Task WhenLandedAsync() => _flights.WhenAllAsync();

    private async Task FlyAsync(Entry entry, Func<Task<TAnswer>> ask)
    {
        TAnswer answer;
        try
        {
            answer = await ask();
        }
        catch (Exception error)
        {
            Remove(entry);
            entry.Answer.SetException(error);
            return;
        }

        TimeSpan life = lifeOf(answer);
        entry.Landed = time.GetUtcNow();
        entry.Expires = entry.Landed + life;
        if (life <= TimeSpan.Zero)
            Remove(entry);
        entry.Answer.SetResult(answer);
    }

    private void Add(Entry entry)
    {
        if (_byAge.Count >= maximum)
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

    private sealed class Entry(TKey key)
    {
        internal TKey Key { get; } = key;

        internal TaskCompletionSource<TAnswer> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal DateTimeOffset Landed { get; set; }

        internal DateTimeOffset Expires { get; set; }

        internal bool IsOver(DateTimeOffset now) => Answer.Task.IsCompleted && Expires <= now;
    }
}
