using System.Buffers.Binary;
using System.Collections.Concurrent;
using Telelaunch.Fuzz.Tests.Fuzzing;
using Telelaunch.Mux;
using Telelaunch.Mux.Frames;

namespace Telelaunch.Fuzz.Tests.Targets;

/// <summary>The hostile end of a carrier: sends what it is given, and checks every frame that comes back.</summary>
internal sealed class MuxConversation
{
    private readonly Stream _carrier;
    private readonly ConcurrentDictionary<uint, long> _dataSent = new();
    private readonly ConcurrentDictionary<ulong, TaskCompletionSource> _pongs = new();
    private readonly TaskCompletionSource<uint> _nextResolve = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _resolved = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _enough = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _frames;
    private int _awaitedFrames = int.MaxValue;
    private uint _awaitedResolved;
    private bool _wantsResolve;

    public MuxConversation(Stream carrier)
    {
        _carrier = carrier;
        Reading = ReadAsync();
    }

    /// <summary>Ends with the carrier; faults where the other end sent what isn't a frame.</summary>
    public Task Reading { get; }

    /// <summary>DATA bytes that the other end sent, by flow.</summary>
    public IReadOnlyDictionary<uint, long> DataSent => _dataSent;

    /// <summary>The next RESOLVE that comes, its number.</summary>
    public Task<uint> ExpectResolve()
    {
        Volatile.Write(ref _wantsResolve, true);
        return _nextResolve.Task;
    }

    /// <summary>The RESOLVED of a number.</summary>
    public Task ExpectResolved(uint number)
    {
        Volatile.Write(ref _awaitedResolved, number);
        return _resolved.Task;
    }

    /// <summary>Waits until so many frames have come.</summary>
    public Task WaitForFramesAsync(int count)
    {
        Volatile.Write(ref _awaitedFrames, count);
        if (Volatile.Read(ref _frames) >= count)
            _enough.TrySetResult();
        return _enough.Task;
    }

    /// <summary>Sends in pieces; false when the other end has hung up.</summary>
    public async Task<bool> TrySendAsync(ReadOnlyMemory<byte> bytes, int pieceLength)
    {
        try
        {
            while (!bytes.IsEmpty)
            {
                int count = Math.Min(pieceLength, bytes.Length);
                await _carrier.WriteAsync(bytes[..count], CancellationToken.None);
                await _carrier.FlushAsync(CancellationToken.None);
                bytes = bytes[count..];
            }

            return true;
        }
        catch (Exception error) when (error is IOException or InvalidOperationException or ObjectDisposedException)
        {
            return false;
        }
    }

    /// <summary>Sends PING; true when its PONG came, false when the carrier ended first.</summary>
    public async Task<bool> SettleAsync(Task<CarrierEnd> end)
    {
        ulong token = 0x7465_6c65_6675_7a7a;
        TaskCompletionSource pong = _pongs.GetOrAdd(token, _ => new(TaskCreationOptions.RunContinuationsAsynchronously));
        byte[] payload = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(payload, token);
        await TrySendAsync(Frame(FrameType.Ping, 0, payload), int.MaxValue);
        return await Task.WhenAny(pong.Task, end) == pong.Task && !end.IsCompleted;
    }

    public static byte[] Frame(FrameType type, uint flow, ReadOnlySpan<byte> payload)
    {
        byte[] frame = new byte[FrameHeader.Size + payload.Length];
        new FrameHeader(type, flow, payload.Length).Write(frame);
        payload.CopyTo(frame.AsSpan(FrameHeader.Size));
        return frame;
    }

    /// <summary>A golden vector's payload under another number.</summary>
    public static byte[] Vector(string name, uint flow)
    {
        byte[] vector = CorpusFiles.Mux(name);
        return Frame((FrameType)vector[3], flow, vector.AsSpan(FrameHeader.Size));
    }

    /// <summary>Takes whole frames from the front; what is left over is no whole frame.</summary>
    public static (List<(FrameType Type, uint Flow, byte[] Payload)> Frames, bool Whole) Split(ReadOnlySpan<byte> bytes)
    {
        var frames = new List<(FrameType, uint, byte[])>();
        while (bytes.Length >= 8)
        {
            int length = (bytes[0] << 16) | (bytes[1] << 8) | bytes[2];
            if (length > bytes.Length - 8)
                break;
            frames.Add(((FrameType)bytes[3], BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]), bytes.Slice(8, length).ToArray()));
            bytes = bytes[(8 + length)..];
        }

        return (frames, bytes.IsEmpty);
    }

    /// <summary>The ending that a peer may bring about, and no other: a defect would show as a lost carrier with its exception.</summary>
    public static void CheckEnd(CarrierEnd end)
    {
        bool expected = end.Kind switch
        {
            CarrierEndKind.ProtocolError => end.Cause is ProtocolException,
            CarrierEndKind.ClosedByPeer => true,
            CarrierEndKind.Lost or CarrierEndKind.GoAway => end.Cause is null or IOException,
            _ => false,
        };
        Oracle.Must(expected, $"the carrier ended with {end}");
    }

    private async Task ReadAsync()
    {
        byte[] header = new byte[8];
        while (await ReadFullyAsync(header))
        {
            int length = (header[0] << 16) | (header[1] << 8) | header[2];
            Oracle.Must(length <= FrameHeader.MaxPayload, $"it sent a frame of {length} bytes");
            byte[] payload = new byte[length];
            if (!await ReadFullyAsync(payload))
                return;
            Take((FrameType)header[3], BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(4)), payload);
        }
    }

    private void Take(FrameType type, uint flow, byte[] payload)
    {
        switch (type)
        {
            case FrameType.Data:
                Oracle.Must(payload.Length > 0, "it sent DATA without data");
                _dataSent.AddOrUpdate(flow, payload.Length, (_, sent) => sent + payload.Length);
                break;
            case FrameType.Pong when _pongs.TryGetValue(BinaryPrimitives.ReadUInt64BigEndian(payload), out TaskCompletionSource? pong):
                pong.TrySetResult();
                break;
            case FrameType.Resolve when Volatile.Read(ref _wantsResolve):
                _nextResolve.TrySetResult(flow);
                break;
            case FrameType.Resolved when flow == Volatile.Read(ref _awaitedResolved):
                _resolved.TrySetResult();
                break;
        }

        if (Interlocked.Increment(ref _frames) >= Volatile.Read(ref _awaitedFrames))
            _enough.TrySetResult();
    }

    /// <summary>False when the carrier ended.</summary>
    private async Task<bool> ReadFullyAsync(Memory<byte> buffer)
    {
        try
        {
            return await _carrier.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false) == buffer.Length;
        }
        catch (Exception error) when (error is IOException or InvalidOperationException or ObjectDisposedException)
        {
            return false;
        }
    }
}
