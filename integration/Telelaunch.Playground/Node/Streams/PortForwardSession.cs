using System.Text;
using System.Threading.Channels;

namespace Telelaunch.Playground.Node.Streams;

/// <summary>A port-forward over one connection, WebSocket channels or SPDY streams.</summary>
internal static class PortForwardSession
{
    private const int QueuedMessages = 16;

    /// <summary>Port i has channel 2i for data and 2i + 1 for its error; port frames first, then each target is dialled at once.</summary>
    public static async Task RunAsync(ChannelSocket socket, IReadOnlyList<int> ports, ForwardTarget target, CancellationToken cancellation)
    {
        for (var i = 0; i < ports.Count; i++)
        {
            await socket.WriteAsync((byte)(2 * i), ChannelSocket.PortFrame(ports[i]), cancellation);
            await socket.WriteAsync((byte)(2 * i + 1), ChannelSocket.PortFrame(ports[i]), cancellation);
        }
        var inputs = ports.Select(_ => Channel.CreateBounded<ReadOnlyMemory<byte>>(QueuedMessages)).ToList();
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var forwards = Task.WhenAll(ports.Select((port, i) => ForwardAsync(socket, (byte)(2 * i), port, inputs[i], target, cancellation)));
        var reading = ReadAsync(socket, inputs, over.Token);
        if (await Task.WhenAny(forwards, reading) == reading)
            await socket.CloseAsync(); // The client's close is answered at once; its targets learn of it a second later.
        await forwards;
        await socket.CloseAsync();
        await over.CancelAsync();
        await reading;
    }

    /// <summary>Pairs of streams with the headers <c>streamType</c> (error, data), <c>port</c> and <c>requestID</c>; a pair is one connection.</summary>
    public static async Task RunAsync(SpdyConnection connection, ForwardTarget target, CancellationToken cancellation)
    {
        var halves = new Dictionary<string, SpdyStream>();
        var forwards = new List<Task>();
        try
        {
            await connection.RunAsync(stream =>
            {
                var request = stream.Headers.GetValueOrDefault("requestid") ?? stream.Headers.GetValueOrDefault("port") ?? "";
                if (!halves.Remove(request, out var other))
                {
                    halves[request] = stream;
                    return;
                }
                var (data, error) = stream.Headers.GetValueOrDefault("streamtype") == "data" ? (stream, other) : (other, stream);
                forwards.Add(ForwardAsync(data, error, target, cancellation));
            }, cancellation);
        }
        catch (Exception error) when (error is IOException or InvalidDataException or System.Net.WebSockets.WebSocketException)
        {
            // The client is gone, or never spoke SPDY.
        }
        await Task.WhenAll(forwards);
    }

    private static async Task ForwardAsync(ChannelSocket socket, byte channel, int port, Channel<ReadOnlyMemory<byte>> input, ForwardTarget target, CancellationToken cancellation)
    {
        var error = await PortForwardTarget.RunAsync(target, port, input.Reader, (bytes, token) => socket.WriteAsync(channel, bytes, token), cancellation);
        // What still comes for it is dropped from here on, so that the other ports go on.
        input.Writer.TryComplete();
        if (error is not null)
            await TellAsync(() => socket.WriteAsync((byte)(channel + 1), Encoding.UTF8.GetBytes(error), cancellation));
    }

    private static async Task ForwardAsync(SpdyStream data, SpdyStream error, ForwardTarget target, CancellationToken cancellation)
    {
        if (!int.TryParse(data.Headers.GetValueOrDefault("port"), out var port))
            port = 0;
        var text = await PortForwardTarget.RunAsync(target, port, data.Input, data.WriteAsync, cancellation);
        await TellAsync(async () =>
        {
            if (text is not null)
                await error.WriteAsync(Encoding.UTF8.GetBytes(text), cancellation);
            await error.FinishAsync(cancellation);
            await data.FinishAsync(cancellation);
        });
        await SwallowAsync(data.Input, cancellation);
    }

    private static async Task ReadAsync(ChannelSocket socket, List<Channel<ReadOnlyMemory<byte>>> inputs, CancellationToken over)
    {
        try
        {
            while (await socket.ReadAsync(over) is { } message)
            {
                if (message.Channel % 2 != 0 || message.Channel / 2 >= inputs.Count || message.Payload.Length == 0)
                    continue;
                var writer = inputs[message.Channel / 2].Writer;
                while (!writer.TryWrite(message.Payload) && await writer.WaitToWriteAsync(over))
                {
                }
            }
        }
        catch (OperationCanceledException)
        {
            // All ports have ended.
        }
        foreach (var input in inputs)
            input.Writer.TryComplete();
    }

    private static async Task SwallowAsync(ChannelReader<ReadOnlyMemory<byte>> input, CancellationToken cancellation)
    {
        while (await input.WaitToReadAsync(cancellation))
        {
            while (input.TryRead(out _))
            {
            }
        }
    }

    private static async Task TellAsync(Func<Task> tell)
    {
        try
        {
            await tell();
        }
        catch (Exception error) when (error is IOException or System.Net.WebSockets.WebSocketException or ObjectDisposedException)
        {
            // Nobody is left to be told.
        }
    }
}
