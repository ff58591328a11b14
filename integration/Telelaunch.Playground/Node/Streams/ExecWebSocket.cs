using System.Net.WebSockets;
using System.Text;

namespace Telelaunch.Playground.Node.Streams;

/// <summary>Exec over WebSocket. Channels: 0 stdin, 1 stdout, 2 stderr, 3 error, 4 size; in version 5 also 255, which closes the channel it names.</summary>
internal sealed class ExecWebSocket(ChannelSocket socket, string protocol) : ExecConnection
{
    /// <summary>In the order of preference; the empty one is version 1.</summary>
    public static readonly string[] Protocols =
    [
        "v5.channel.k8s.io", "v4.channel.k8s.io", "v4.base64.channel.k8s.io", "channel.k8s.io", "base64.channel.k8s.io",
    ];

    public override async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            while (await socket.ReadAsync(cancellation) is { } message)
            {
                if (message.Channel == 0 && message.Payload.Length > 0)
                {
                    while (!InputWriter.TryWrite(message.Payload) && await InputWriter.WaitToWriteAsync(cancellation))
                    {
                    }
                }
                else if (message.Channel == 4 && TerminalSize.Parse(message.Payload.Span) is { } size)
                {
                    SizesWriter.TryWrite(size);
                }
                else if (message.Channel == 255 && protocol == "v5.channel.k8s.io" && message.Payload.Span is [0])
                {
                    InputWriter.TryComplete();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The command has ended.
        }
        InputWriter.TryComplete();
        SizesWriter.TryComplete();
        await socket.CloseAsync();
    }

    public override Task WriteAsync(bool error, ReadOnlyMemory<byte> bytes, CancellationToken cancellation) => socket.WriteAsync((byte)(error ? 2 : 1), bytes, cancellation);

    public override async Task EndAsync(ExecEnding ending, IReadOnlyList<string> arguments, CancellationToken cancellation)
    {
        try
        {
            var structured = protocol.StartsWith('v');
            var status = ending.ToStatus(protocol == "v5.channel.k8s.io" ? $"command terminated with exit code {ending.ExitCode}" : ending.TextOf(arguments));
            if (structured)
                await socket.WriteAsync(3, Encoding.UTF8.GetBytes(StatusText.Of(status)), cancellation);
            else if (status["message"] is { } message)
                await socket.WriteAsync(3, Encoding.UTF8.GetBytes(message.GetValue<string>()), cancellation);
        }
        catch (Exception error) when (error is WebSocketException or IOException or ObjectDisposedException)
        {
            // Nobody waits for it.
        }
        await socket.CloseAsync();
    }
}
