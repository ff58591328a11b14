using System.Buffers.Binary;
using System.Net.WebSockets;
using System.Text;

namespace Telelaunch.Playground.Node.Streams;

/// <summary>One message of a client: the channel and what came on it.</summary>
internal readonly record struct ChannelMessage(byte Channel, ReadOnlyMemory<byte> Payload);

/// <summary>A WebSocket whose messages begin with a channel byte (<c>*.channel.k8s.io</c>), or, base64, with a digit and are text.</summary>
internal sealed class ChannelSocket(WebSocket socket, bool base64) : IDisposable
{
    /// <summary>Bytes of a message; over that, the connection is closed.</summary>
    public const int MaxMessage = 32 * 1024 * 1024;

    private readonly SemaphoreSlim _writing = new(1);
    private readonly byte[] _buffer = new byte[64 * 1024];

    /// <summary>The next message that has a channel; null when the client closes, is gone, or sends too much.</summary>
    public async Task<ChannelMessage?> ReadAsync(CancellationToken cancellation)
    {
        while (true)
        {
            var message = await ReadMessageAsync(cancellation);
            if (message is null)
                return null;
            if (message.Length == 0)
                continue;
            return base64
                ? new((byte)(message[0] - '0'), Convert.FromBase64String(Encoding.ASCII.GetString(message.AsSpan(1))))
                : new(message[0], message.AsMemory(1));
        }
    }

    /// <summary>Sends one message of one frame.</summary>
    public async Task WriteAsync(byte channel, ReadOnlyMemory<byte> payload, CancellationToken cancellation)
    {
        byte[] message = base64 ? [(byte)('0' + channel), .. Encoding.ASCII.GetBytes(Convert.ToBase64String(payload.Span))] : [channel, .. payload.Span];
        await _writing.WaitAsync(cancellation);
        try
        {
            // Not cancelled half-way, which would spoil the connection for the others.
            await socket.SendAsync(message, base64 ? WebSocketMessageType.Text : WebSocketMessageType.Binary, WebSocketMessageFlags.EndOfMessage, CancellationToken.None);
        }
        finally
        {
            _writing.Release();
        }
    }

    public static byte[] PortFrame(int port)
    {
        var bytes = new byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, (ushort)port);
        return bytes;
    }

    /// <summary>Close frame 1000 without a reason, whatever the client has said. Never throws.</summary>
    public async Task CloseAsync()
    {
        await _writing.WaitAsync();
        try
        {
            if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
                await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        }
        catch (Exception error) when (error is WebSocketException or IOException or ObjectDisposedException)
        {
            // The client is gone.
        }
        finally
        {
            _writing.Release();
        }
    }

    public void Dispose()
    {
        socket.Dispose();
        _writing.Dispose();
    }

    private async Task<byte[]?> ReadMessageAsync(CancellationToken cancellation)
    {
        try
        {
            var part = await socket.ReceiveAsync(_buffer.AsMemory(), cancellation);
            if (part.MessageType != WebSocketMessageType.Close && part.EndOfMessage)
                return _buffer[..part.Count];
            using var message = new MemoryStream();
            while (true)
            {
                if (part.MessageType == WebSocketMessageType.Close || message.Length + part.Count > MaxMessage + 1)
                    return null;
                message.Write(_buffer, 0, part.Count);
                if (part.EndOfMessage)
                    return message.ToArray();
                part = await socket.ReceiveAsync(_buffer.AsMemory(), cancellation);
            }
        }
        catch (Exception error) when (error is WebSocketException or IOException)
        {
            return null;
        }
    }
}
