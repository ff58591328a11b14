namespace Telelaunch.Impairment;

/// <summary>What ends a direction.</summary>
internal enum DirectionEnd
{
    /// <summary>Not the end: bytes.</summary>
    None,

    /// <summary>FIN: the other direction goes on.</summary>
    Fin,

    /// <summary>RST: both directions are over.</summary>
    Reset,
}

/// <summary>Bytes that arrived together, or the end of their direction.</summary>
/// <param name="Due">When they may leave, by <see cref="MonotonicClock"/>.</param>
internal readonly record struct Chunk(Segment? Segment, int Offset, int Count, DirectionEnd End, long Due)
{
    public ReadOnlySpan<byte> Bytes => Segment!.Buffer.AsSpan(Offset, Count);
}

/// <summary>A buffer that several chunks share.</summary>
internal sealed class Segment
{
    public const int Size = 256 * 1024;

    public byte[] Buffer { get; } = GC.AllocateUninitializedArray<byte>(Size);

    /// <summary>How much of it was ever filled since it was last empty.</summary>
    public int Filled { get; set; }

    /// <summary>How many of its bytes haven't left yet.</summary>
    public int Waiting { get; set; }
}

/// <summary>The bytes of one direction that are on their way: what a cable of that length holds.</summary>
/// <remarks>One thread fills it, one empties it. Order is that of arrival, whatever the due times are.</remarks>
internal sealed class InFlight
{
    /// <summary>Most bytes held: 1.28 GB/s at 200 ms of distance. A sender that has so many on the way waits.</summary>
    public const int Capacity = 128 * 1024 * 1024;

    // Small chunks share a segment; one with less room than this is left as it is.
    private const int LeastRoom = 64 * 1024;

    // Bounds what the queue itself takes when every chunk is a few bytes.
    private const int MostChunks = 256 * 1024;

    private readonly object _changed = new();
    private readonly Queue<Chunk> _chunks = new();
    private readonly Stack<Segment> _spare = new();
    private Segment _filling = new();
    private int _bytes;
    private bool _isClosed;

    /// <summary>Waits for room.</summary>
    /// <returns>Where to read to; empty when closed.</returns>
    public ArraySegment<byte> Room()
    {
        lock (_changed)
        {
            while (!_isClosed && (_bytes >= Capacity || _chunks.Count >= MostChunks))
                Monitor.Wait(_changed);
            return _isClosed ? ArraySegment<byte>.Empty : FreeRoom();
        }
    }

    /// <summary>Takes the first bytes of the room as one chunk.</summary>
    public void Add(int count, long due)
    {
        lock (_changed)
        {
            _chunks.Enqueue(new Chunk(_filling, _filling.Filled, count, DirectionEnd.None, due));
            _filling.Filled += count;
            _filling.Waiting += count;
            _bytes += count;
            Monitor.PulseAll(_changed);
        }
    }

    public void AddEnd(DirectionEnd end, long due)
    {
        lock (_changed)
        {
            _chunks.Enqueue(new Chunk(null, 0, 0, end, due));
            Monitor.PulseAll(_changed);
        }
    }

    /// <summary>Waits for the next chunk.</summary>
    /// <returns>False when closed.</returns>
    public bool TryTake(out Chunk chunk)
    {
        lock (_changed)
        {
            while (!_isClosed && _chunks.Count == 0)
                Monitor.Wait(_changed);
            return _chunks.TryDequeue(out chunk) && !_isClosed;
        }
    }

    /// <summary>The chunk has left: its room is free.</summary>
    public void Free(in Chunk chunk)
    {
        lock (_changed)
        {
            Segment segment = chunk.Segment!;
            segment.Waiting -= chunk.Count;
            _bytes -= chunk.Count;
            if (segment.Waiting == 0 && segment != _filling)
                _spare.Push(segment);
            Monitor.PulseAll(_changed);
        }
    }

    /// <summary>Lets both threads go; what is held is dropped.</summary>
    public void Close()
    {
        lock (_changed)
        {
            _isClosed = true;
            Monitor.PulseAll(_changed);
        }
    }

    private ArraySegment<byte> FreeRoom()
    {
        if (_filling.Waiting == 0)
        {
            // Everything of it has left: start over in memory that the processor still has in its cache.
            _filling.Filled = 0;
        }
        else if (Segment.Size - _filling.Filled < LeastRoom)
        {
            _filling = _spare.TryPop(out Segment? spare) ? spare : new Segment();
            _filling.Filled = 0;
        }

        return new ArraySegment<byte>(_filling.Buffer, _filling.Filled, Segment.Size - _filling.Filled);
    }
}
