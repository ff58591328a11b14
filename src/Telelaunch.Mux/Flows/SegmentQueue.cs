using System.Buffers;

namespace Telelaunch.Mux.Flows;

/// <summary>Received bytes that wait for their reader, in pooled arrays. Holds none while it is empty.</summary>
internal sealed class SegmentQueue
{
    private const int SmallestSegment = 4 * 1024;

    private Segment[] _segments = [];
    private int _head;
    private int _count;

    /// <summary>Bytes held.</summary>
    public int Length { get; private set; }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        Length += bytes.Length;
        if (_count > 0)
        {
            ref Segment last = ref _segments[(_head + _count - 1) % _segments.Length];
            int room = Math.Min(bytes.Length, last.Bytes.Length - last.End);
            bytes[..room].CopyTo(last.Bytes.AsSpan(last.End));
            last.End += room;
            bytes = bytes[room..];
        }

        if (bytes.IsEmpty)
            return;
        byte[] array = ArrayPool<byte>.Shared.Rent(Math.Max(bytes.Length, SmallestSegment));
        bytes.CopyTo(array);
        Add(new Segment { Bytes = array, End = bytes.Length });
    }

    /// <summary>Moves as many bytes as there are, or as fit.</summary>
    public int Take(Span<byte> target)
    {
        int taken = 0;
        while (_count > 0 && taken < target.Length)
        {
            ref Segment first = ref _segments[_head];
            int count = Math.Min(first.End - first.Start, target.Length - taken);
            first.Bytes.AsSpan(first.Start, count).CopyTo(target[taken..]);
            first.Start += count;
            taken += count;
            if (first.Start == first.End)
                RemoveFirst();
        }

        Length -= taken;
        return taken;
    }

    public void Clear()
    {
        while (_count > 0)
            RemoveFirst();
        Length = 0;
    }

    private void Add(Segment segment)
    {
        if (_count == _segments.Length)
        {
            var larger = new Segment[Math.Max(4, _count * 2)];
            for (int i = 0; i < _count; i++)
                larger[i] = _segments[(_head + i) % _segments.Length];
            _segments = larger;
            _head = 0;
        }

        _segments[(_head + _count++) % _segments.Length] = segment;
    }

    private void RemoveFirst()
    {
        ArrayPool<byte>.Shared.Return(_segments[_head].Bytes);
        _segments[_head] = default;
        _head = (_head + 1) % _segments.Length;
        _count--;
    }

    private struct Segment
    {
        public byte[] Bytes;
        public int Start;
        public int End;
    }
}
