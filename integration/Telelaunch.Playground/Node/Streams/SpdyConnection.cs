using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Threading.Channels;

namespace Telelaunch.Playground.Node.Streams;

// SPDY/3.1, big-endian.
//   control frame   1 VERSION(15) | TYPE 2 | FLAGS 1 | LENGTH 3 | …
//     SYN_STREAM 1  STREAM 4 | ASSOCIATED 4 | PRIORITY, SLOT 2 | header block
//     SYN_REPLY  2  STREAM 4 | header block
//     RST_STREAM 3  STREAM 4 | STATUS 4
//     SETTINGS 4, PING 6 (ID 4), GOAWAY 7 (LAST 4 | STATUS 4), HEADERS 8, WINDOW_UPDATE 9 (STREAM 4 | DELTA 4)
//   data frame      0 STREAM(31) | FLAGS 1 | LENGTH 3 | bytes          FLAGS 1 = FIN
//
// Windows are not kept: the implementation that kubectl and the kubelet share neither counts them down nor updates them. A stream that isn't read stops
// the whole connection, as theirs does.

/// <summary>The server's end of a SPDY/3.1 connection.</summary>
internal sealed class SpdyConnection(Stream transport) : IAsyncDisposable
{
    private const ushort SynStream = 1, SynReply = 2, RstStream = 3, Ping = 6, GoAway = 7, Headers = 8;
    private const int MaxFrame = 1 << 24, ChunkSize = 32 * 1024;

    private readonly ConcurrentDictionary<uint, SpdyStream> _streams = [];
    private readonly SemaphoreSlim _writing = new(1);
    private readonly SpdyHeaders _headers = new();

    /// <summary>Reads frames until the client ends the connection; each stream that it opens is told to <paramref name="opened"/>, which must not wait.</summary>
    /// <exception cref="InvalidDataException">That isn't SPDY/3.1.</exception>
    public async Task RunAsync(Action<SpdyStream> opened, CancellationToken cancellation)
    {
        var head = new byte[8];
        try
        {
            while (await transport.ReadAtLeastAsync(head, 8, throwOnEndOfStream: false, cancellation) == 8)
            {
                var length = BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(4)) & 0xffffff;
                if (length >= MaxFrame)
                    throw new InvalidDataException("The SPDY frame is too long.");
                var body = new byte[length];
                await transport.ReadExactlyAsync(body, cancellation);
                if ((head[0] & 0x80) == 0)
                    await TakeDataAsync(BinaryPrimitives.ReadUInt32BigEndian(head) & 0x7fffffff, body, head[4], cancellation);
                else if (BinaryPrimitives.ReadUInt16BigEndian(head) != 0x8003)
                    throw new InvalidDataException("The frame is not SPDY/3.");
                else if (!await TakeControlAsync(BinaryPrimitives.ReadUInt16BigEndian(head.AsSpan(2)), body, head[4], opened, cancellation))
                    return;
            }
        }
        catch (EndOfStreamException)
        {
            // Cut off inside a frame: the client is gone all the same.
        }
        finally
        {
            foreach (var stream in _streams.Values)
                stream.EndInput();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _writing.WaitAsync();
        _headers.Dispose();
        await transport.DisposeAsync();
        _writing.Dispose();
    }

    internal async Task WriteDataAsync(uint stream, ReadOnlyMemory<byte> bytes, bool fin, CancellationToken cancellation)
    {
        do
        {
            var chunk = bytes[..Math.Min(bytes.Length, ChunkSize)];
            bytes = bytes[chunk.Length..];
            var frame = new byte[8 + chunk.Length];
            BinaryPrimitives.WriteUInt32BigEndian(frame, stream);
            BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(4), chunk.Length);
            frame[4] = fin && bytes.Length == 0 ? (byte)1 : (byte)0;
            chunk.CopyTo(frame.AsMemory(8));
            await WriteAsync(() => frame, cancellation);
        }
        while (bytes.Length > 0);
    }

    internal async Task ResetAsync(uint stream, CancellationToken cancellation)
    {
        _streams.TryRemove(stream, out _);
        var body = new byte[8];
        BinaryPrimitives.WriteUInt32BigEndian(body, stream);
        body[7] = 5; // CANCEL
        await WriteAsync(() => Control(RstStream, body), cancellation);
    }

    private async Task TakeDataAsync(uint id, byte[] body, byte flags, CancellationToken cancellation)
    {
        if (!_streams.TryGetValue(id, out var stream))
            return;
        if (body.Length > 0)
            await stream.TakeAsync(body, cancellation);
        if ((flags & 1) != 0)
            stream.EndInput();
    }

    /// <summary>False at GOAWAY.</summary>
    private async Task<bool> TakeControlAsync(ushort type, byte[] body, byte flags, Action<SpdyStream> opened, CancellationToken cancellation)
    {
        switch (type)
        {
            case SynStream when body.Length >= 10:
                var id = BinaryPrimitives.ReadUInt32BigEndian(body) & 0x7fffffff;
                var stream = new SpdyStream(this, id, _headers.Unpack(body.AsSpan(10)));
                _streams[id] = stream;
                await WriteAsync(() => Control(SynReply, [.. body[..4], .. _headers.Pack(new Dictionary<string, string>())]), cancellation);
                if ((flags & 1) != 0)
                    stream.EndInput();
                opened(stream);
                return true;
            case RstStream when body.Length >= 4:
                if (_streams.TryRemove(BinaryPrimitives.ReadUInt32BigEndian(body) & 0x7fffffff, out var reset))
                    reset.EndInput();
                return true;
            case Headers when body.Length >= 4:
                // Unpacked although nobody wants them: the compression has one state for the whole connection.
                _headers.Unpack(body.AsSpan(4));
                return true;
            case Ping when body.Length == 4:
                await WriteAsync(() => Control(Ping, body), cancellation);
                return true;
            default:
                return type != GoAway;
        }
    }

    // The frame is made inside the lock, because header blocks must be packed in the order in which they are sent.
    private async Task WriteAsync(Func<byte[]> frame, CancellationToken cancellation)
    {
        await _writing.WaitAsync(cancellation);
        try
        {
            await transport.WriteAsync(frame(), cancellation);
            await transport.FlushAsync(cancellation);
        }
        finally
        {
            _writing.Release();
        }
    }

    private static byte[] Control(ushort type, byte[] body)
    {
        var frame = new byte[8 + body.Length];
        BinaryPrimitives.WriteUInt16BigEndian(frame, 0x8003);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(2), type);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(4), body.Length);
        body.CopyTo(frame, 8);
        return frame;
    }
}

/// <summary>One stream of a SPDY connection, opened by the client.</summary>
internal sealed class SpdyStream(SpdyConnection connection, uint id, IReadOnlyDictionary<string, string> headers)
{
    private readonly Channel<ReadOnlyMemory<byte>> _input = Channel.CreateBounded<ReadOnlyMemory<byte>>(16);
    private bool _finished;

    public IReadOnlyDictionary<string, string> Headers => headers;

    /// <summary>What the client sends; complete when it has ended its side.</summary>
    public ChannelReader<ReadOnlyMemory<byte>> Input => _input.Reader;

    public Task WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation) => connection.WriteDataAsync(id, bytes, fin: false, cancellation);

    /// <summary>Ends our side.</summary>
    public Task FinishAsync(CancellationToken cancellation)
    {
        if (_finished)
            return Task.CompletedTask;
        _finished = true;
        return connection.WriteDataAsync(id, default, fin: true, cancellation);
    }

    /// <summary>Ends both sides.</summary>
    public Task ResetAsync(CancellationToken cancellation) => connection.ResetAsync(id, cancellation);

    internal void EndInput() => _input.Writer.TryComplete();

    internal async Task TakeAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        try
        {
            await _input.Writer.WriteAsync(bytes, cancellation);
        }
        catch (ChannelClosedException)
        {
            // Data after the end of the stream: nobody reads it.
        }
    }
}
