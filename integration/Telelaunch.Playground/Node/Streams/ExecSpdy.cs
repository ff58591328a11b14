using System.Text;

namespace Telelaunch.Playground.Node.Streams;

/// <summary>Exec over SPDY/3.1: one stream each, named by the header <c>streamType</c>, all opened by the client.</summary>
internal sealed class ExecSpdy(SpdyConnection connection, IReadOnlySet<string> expected) : ExecConnection
{
    /// <summary>In the order in which the real server lists them.</summary>
    public static readonly string[] Versions = ["v4.channel.k8s.io", "v3.channel.k8s.io", "v2.channel.k8s.io", "channel.k8s.io"];

    private readonly Dictionary<string, SpdyStream> _streams = [];
    private readonly TaskCompletionSource _complete = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<Task> _readers = [];

    /// <summary>Completes when the client has opened every stream that its query promises; faults when it is gone before.</summary>
    public Task Complete => _complete.Task;

    public override async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            await connection.RunAsync(stream => Take(stream, cancellation), cancellation);
        }
        catch (Exception error) when (error is IOException or InvalidDataException or OperationCanceledException or System.Net.WebSockets.WebSocketException)
        {
            // The client is gone, or the command has ended.
        }
        _complete.TrySetException(new IOException("The client went away before it had opened all streams."));
        InputWriter.TryComplete();
        SizesWriter.TryComplete();
        await Task.WhenAll(_readers);
    }

    public override Task WriteAsync(bool error, ReadOnlyMemory<byte> bytes, CancellationToken cancellation) =>
        bytes.Length > 0 && _streams.TryGetValue(error ? "stderr" : "stdout", out var stream) ? stream.WriteAsync(bytes, cancellation) : Task.CompletedTask;

    public override async Task EndAsync(ExecEnding ending, IReadOnlyList<string> arguments, CancellationToken cancellation)
    {
        try
        {
            if (_streams.TryGetValue("error", out var stream))
                await stream.WriteAsync(Encoding.UTF8.GetBytes(StatusText.Of(ending.ToStatus(ending.TextOf(arguments)))), cancellation);
            foreach (var each in _streams.Values)
                await each.FinishAsync(cancellation);
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException or System.Net.WebSockets.WebSocketException)
        {
            // Nobody waits for it.
        }
    }

    private void Take(SpdyStream stream, CancellationToken cancellation)
    {
        var type = stream.Headers.GetValueOrDefault("streamtype") ?? "";
        _streams[type] = stream;
        if (type == "stdin")
            _readers.Add(ReadInputAsync(stream, cancellation));
        else if (type == "resize")
            _readers.Add(ReadSizesAsync(stream, cancellation));
        if (expected.IsSubsetOf(_streams.Keys))
            _complete.TrySetResult();
    }

    private async Task ReadInputAsync(SpdyStream stream, CancellationToken cancellation)
    {
        try
        {
            await foreach (var bytes in stream.Input.ReadAllAsync(cancellation))
            {
                while (!InputWriter.TryWrite(bytes) && await InputWriter.WaitToWriteAsync(cancellation))
                {
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The command has ended.
        }
        InputWriter.TryComplete();
    }

    private async Task ReadSizesAsync(SpdyStream stream, CancellationToken cancellation)
    {
        try
        {
            await foreach (var bytes in stream.Input.ReadAllAsync(cancellation))
            {
                if (TerminalSize.Parse(bytes.Span) is { } size)
                    SizesWriter.TryWrite(size);
            }
        }
        catch (OperationCanceledException)
        {
            // The command has ended.
        }
    }
}
