using System.ComponentModel;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Telelaunch.Playground.Node.Network;

namespace Telelaunch.Playground.Node.Streams;

/// <summary>Where a forward leads: a pod's network, by the names that the runtime's error texts use.</summary>
/// <param name="NamespacePath">The namespace as this daemon sees it.</param>
/// <param name="NamespaceName">As the node sees it.</param>
/// <param name="SandboxId">64 hexadecimal digits.</param>
internal sealed record ForwardTarget(string NamespacePath, string NamespaceName, string SandboxId);

// The texts, the one-second waits and the dialling of localhost are containerd's. There is no half-close: when one side has ended, the other lives for one
// more second, then the connection is closed.

/// <summary>One forwarded connection into a pod.</summary>
internal static class PortForwardTarget
{
    private const int ChunkSize = 32 * 1024;

    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(1);

    /// <summary>Dials 127.0.0.1:<paramref name="port"/> in the pod and copies both ways until it is over.</summary>
    /// <returns>The text for the error channel, or null after an orderly end.</returns>
    public static async Task<string?> RunAsync(
        ForwardTarget target, int port, ChannelReader<ReadOnlyMemory<byte>> input, Func<ReadOnlyMemory<byte>, CancellationToken, Task> output, CancellationToken cancellation)
    {
        var prefix = $"error forwarding port {port} to pod {target.SandboxId}, uid : failed to execute portforward in network namespace \"{target.NamespaceName}\": ";
        Socket socket;
        try
        {
            socket = await DialAsync(target.NamespacePath, port, cancellation);
        }
        catch (SocketException error)
        {
            return $"{prefix}failed to connect to localhost:{port} inside namespace \"{target.SandboxId}\", IPv4: dial tcp4 127.0.0.1:{port}: connect: {Text(error)} "
                + "IPv6 dial tcp6: address localhost: no suitable address found ";
        }
        catch (Exception error) when (error is Win32Exception or IOException)
        {
            return $"{prefix}{error.Message}";
        }
        using (socket)
        {
            var ends = $"tcp4 {socket.LocalEndPoint}->{socket.RemoteEndPoint}";
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            var up = SendAsync(socket, input, stop.Token);
            var down = ReceiveAsync(socket, output, stop.Token);
            var first = await Task.WhenAny(up, down);
            var other = first == up ? down : up;
            await Task.WhenAny(other, Task.Delay(Linger, cancellation));
            await stop.CancelAsync();
            await Task.WhenAll(up, down);
            return down.Result is { } reset ? $"{prefix}writeto {ends}: read {ends}: read: {Text(reset)}" : null;
        }
    }

    private static async Task<Socket> DialAsync(string path, int port, CancellationToken cancellation)
    {
        var socket = await NetworkNamespace.RunAsync(path, () => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true });
        try
        {
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), cancellation);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static async Task SendAsync(Socket socket, ChannelReader<ReadOnlyMemory<byte>> input, CancellationToken stop)
    {
        try
        {
            await foreach (var bytes in input.ReadAllAsync(stop))
            {
                for (var rest = bytes; rest.Length > 0;)
                    rest = rest[await socket.SendAsync(rest, stop)..];
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException)
        {
            // The receiving side tells how the target has ended.
        }
    }

    private static async Task<SocketException?> ReceiveAsync(Socket socket, Func<ReadOnlyMemory<byte>, CancellationToken, Task> output, CancellationToken stop)
    {
        var buffer = new byte[ChunkSize];
        try
        {
            while (await socket.ReceiveAsync(buffer, stop) is > 0 and var length)
                await output(buffer.AsMemory(0, length), stop);
            return null;
        }
        catch (SocketException error)
        {
            return error;
        }
        catch (Exception error) when (error is OperationCanceledException or IOException or System.Net.WebSockets.WebSocketException or ObjectDisposedException)
        {
            return null;
        }
    }

    // As Go writes strerror(3).
    private static string Text(SocketException error) => error.SocketErrorCode switch
    {
        SocketError.ConnectionRefused => "connection refused",
        SocketError.ConnectionReset => "connection reset by peer",
        SocketError.TimedOut => "connection timed out",
        _ => error.Message.ToLowerInvariant(),
    };
}
