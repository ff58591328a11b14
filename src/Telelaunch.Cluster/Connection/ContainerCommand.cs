using System.Buffers;
using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Telelaunch.Net;

namespace Telelaunch.Cluster;

/// <summary>A command that was run in a container, to its end.</summary>
/// <param name="ExitCode">Null where it couldn't be started: it isn't there, or isn't executable.</param>
/// <param name="Output">All of its standard output.</param>
/// <param name="Message">What the Status says, or the command's own standard error; empty on success.</param>
internal sealed record ContainerCommand(int? ExitCode, byte[] Output, string Message)
{
    private const int OutputChannel = 1;
    private const int ErrorChannel = 2;
    private const int StatusChannel = 3;

    // Its beginning says what was wrong.
    private const int KeptErrorBytes = 4096;

    /// <param name="mostBytes">The longest output that is taken.</param>
    /// <exception cref="ClusterException">
    /// It can't be asked for (<see cref="ClusterConnection.OpenExecAsync"/>), the connection broke before the end (<c>exec-lost</c>), or the output is too long (<c>exec-output-too-long</c>).
    /// </exception>
    public static async Task<ContainerCommand> RunAsync(
        ClusterConnection connection, string podNamespace, string podName, string container, IReadOnlyList<string> command, int mostBytes, CancellationToken cancellationToken)
    {
        using var webSocket = await connection.OpenExecAsync(podNamespace, podName, container, command, cancellationToken);
        var output = new ArrayBufferWriter<byte>();
        var errors = new ArrayBufferWriter<byte>();
        var status = new ArrayBufferWriter<byte>();
        try
        {
            while (await ReadMessageAsync(webSocket, cancellationToken) is { } message)
            {
                // CHANNEL 1 | bytes; a channel of its own in each message, and no bytes are an end of nothing.
                if (message.Length < 2) continue;
                var bytes = message.AsSpan(1);
                switch (message[0])
                {
                    case OutputChannel when output.WrittenCount + bytes.Length > mostBytes:
                        throw new ClusterException("exec-output-too-long", $"{command[0]} in the pod {podName} said more than {mostBytes} bytes.", "Look into the container: this isn't what it was asked for.");
                    case OutputChannel:
                        output.Write(bytes);
                        break;
                    case ErrorChannel:
                        errors.Write(bytes[..Math.Min(bytes.Length, KeptErrorBytes - errors.WrittenCount)]);
                        break;
                    case StatusChannel when status.WrittenCount + bytes.Length <= mostBytes:
                        status.Write(bytes);
                        break;
                }
            }
        }
        catch (WebSocketException error)
        {
            throw Lost(podName, error.Message, error);
        }
        return End(podName, output.WrittenSpan.ToArray(), Encoding.UTF8.GetString(errors.WrittenSpan).Trim(), status.WrittenMemory);
    }

    /// <summary>Null at the end of the connection.</summary>
    private static async Task<byte[]?> ReadMessageAsync(WebSocket webSocket, CancellationToken cancellationToken)
    {
        var message = new ArrayBufferWriter<byte>();
        while (true)
        {
            var read = await webSocket.ReceiveAsync(message.GetMemory(32 * 1024), cancellationToken);
            if (read.MessageType == WebSocketMessageType.Close) return null;
            message.Advance(read.Count);
            if (read.EndOfMessage) return message.WrittenSpan.ToArray();
        }
    }

    // Status: {"status":"Success"}, or "Failure" with the exit code among details.causes; without one it was never started.
    private static ContainerCommand End(string podName, byte[] output, string errors, ReadOnlyMemory<byte> status)
    {
        if (status.IsEmpty) throw Lost(podName, "it was closed before the command's end was told", null);
        try
        {
            using var document = JsonDocument.Parse(status);
            var root = document.RootElement;
            if (root.GetProperty("status").GetString() == "Success") return new(0, output, "");
            var message = errors.Length > 0 ? errors : root.TryGetProperty("message", out var said) ? said.GetString() ?? "" : "";
            return new(ExitCodeOf(root), output, message);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw Lost(podName, "what it says of the command's end is no Status", error);
        }
    }

    private static int? ExitCodeOf(JsonElement status)
    {
        if (!status.TryGetProperty("details", out var details) || !details.TryGetProperty("causes", out var causes)) return null;
        foreach (var cause in causes.EnumerateArray())
        {
            if (cause.TryGetProperty("reason", out var reason) && reason.GetString() == "ExitCode"
                && int.TryParse(cause.GetProperty("message").GetString(), NumberStyles.None, CultureInfo.InvariantCulture, out var code))
                return code;
        }
        return null;
    }

    private static ClusterException Lost(string podName, string reason, Exception? error) => new(
        "exec-lost", $"The connection to the command in the pod {podName} broke: {reason}.", "See that the pod still runs, and start again; a proxy in between must let WebSockets through.", error);
}
