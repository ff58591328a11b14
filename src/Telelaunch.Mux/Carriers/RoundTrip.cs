using System.Buffers.Binary;

using Telelaunch.Mux.Frames;

namespace Telelaunch.Mux.Carriers;

/// <summary>How long a frame takes to the peer and back, by PING and PONG: the shortest that was seen, which queues don't inflate.</summary>
internal sealed class RoundTrip(CarrierWriter writer, TimeProvider time)
{
    // The token of the PING that waits for its PONG; 0 = none.
    private long _token;
    private long _shortest = long.MaxValue;

    /// <summary>The shortest so far; null before the first PONG.</summary>
    public TimeSpan? Shortest => Volatile.Read(ref _shortest) is var ticks && ticks == long.MaxValue ? null : TimeSpan.FromTicks(ticks);

    /// <summary>Sends PING.</summary>
    public void Ping()
    {
        long now = time.GetTimestamp();
        Volatile.Write(ref _token, now);
        Span<byte> token = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(token, now);
        writer.Send(FrameType.Ping, 0, token);
    }

    /// <summary>Sends PING unless one is under way.</summary>
    public void Measure()
    {
        if (Volatile.Read(ref _token) == 0)
            Ping();
    }

    /// <summary>Takes the token of a PONG; one that wasn't asked for means nothing.</summary>
    public void OnPong(long token)
    {
        if (token == 0 || Interlocked.CompareExchange(ref _token, 0, token) != token)
            return;
        long ticks = Math.Max(time.GetElapsedTime(token).Ticks, 1);
        if (ticks < Volatile.Read(ref _shortest))
            Volatile.Write(ref _shortest, ticks);
    }
}
