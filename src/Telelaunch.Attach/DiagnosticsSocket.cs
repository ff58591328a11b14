using System.Buffers.Binary;
using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Telelaunch.Attach;

// Request and answer: MAGIC 14 "DOTNET_IPC_V1\0" | SIZE 2 (of all) | SET 1 | COMMAND 1 | ZERO 2 | payload; little-endian.
// A text is LENGTH 4 (in characters, NUL included) | UTF-16. dotnet/diagnostics, documentation/design-docs/ipc-protocol.md.

/// <summary>What a runtime tells about itself on its diagnostics socket: ProcessInfo2.</summary>
/// <param name="EntryAssembly">Empty while the runtime hasn't begun the application.</param>
/// <param name="RuntimeVersion">With what the build added: <c>10.0.12</c>, <c>9.0.0-preview.1</c>.</param>
internal sealed record RuntimeInfo(string EntryAssembly, string RuntimeVersion);

/// <summary>The socket that a runtime listens on for diagnostic tools.</summary>
/// <remarks>Microsoft.Diagnostics.NETCore.Client keeps ProcessInfo2 to itself, so that one question is asked here.</remarks>
internal static class DiagnosticsSocket
{
    private const int HeaderLength = 20;
    private const byte ProcessCommands = 4;
    private const byte ProcessInfo2 = 4;
    private const byte ServerCommands = 0xFF;

    private static ReadOnlySpan<byte> Magic => "DOTNET_IPC_V1\0"u8;

    /// <summary>Where the process's socket is, as this process sees it; null where it has none.</summary>
    /// <param name="isElsewhere">It has another root or mount namespace: its files are reached through /proc.</param>
    public static string? Find(ProcessFiles process, bool isElsewhere)
    {
        if (process.StartTime is not { } start) return null;
        // The runtime's GetTempPath: TMPDIR, else /tmp.
        var folder = process.Environment.TryGetValue("TMPDIR", out var temporary) && temporary.StartsWith('/') ? temporary : "/tmp";
        var path = string.Create(CultureInfo.InvariantCulture, $"{(isElsewhere ? process.RootFolder : "")}{folder.TrimEnd('/')}/dotnet-diagnostic-{process.OwnId}-{start}-socket");
        return File.Exists(path) ? path : null;
    }

    /// <summary>Asks; null where no answer comes that is one.</summary>
    public static async Task<RuntimeInfo?> AskAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
            await using var stream = new NetworkStream(socket);
            await stream.WriteAsync(Request(), cancellationToken);
            var header = new byte[HeaderLength];
            await stream.ReadExactlyAsync(header, cancellationToken);
            var size = BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(14));
            if (!header.AsSpan().StartsWith(Magic) || header[16] != ServerCommands || header[17] != 0 || size < HeaderLength) return null;
            var payload = new byte[size - HeaderLength];
            await stream.ReadExactlyAsync(payload, cancellationToken);
            return Parse(payload);
        }
        catch (Exception error) when (error is SocketException or IOException or OperationCanceledException or ArgumentException)
        {
            return null;
        }
    }

    internal static byte[] Request()
    {
        var request = new byte[HeaderLength];
        Magic.CopyTo(request);
        BinaryPrimitives.WriteUInt16LittleEndian(request.AsSpan(14), HeaderLength);
        request[16] = ProcessCommands;
        request[17] = ProcessInfo2;
        return request;
    }

    /// <summary>PROCESS 8 | COOKIE 16 | command line | operating system | architecture | entry assembly | runtime's version.</summary>
    internal static RuntimeInfo? Parse(ReadOnlySpan<byte> payload)
    {
        if (payload.Length < 24) return null;
        payload = payload[24..];
        var texts = new string[5];
        for (var i = 0; i < texts.Length; i++)
        {
            if (payload.Length < 4) return null;
            var length = BinaryPrimitives.ReadUInt32LittleEndian(payload);
            payload = payload[4..];
            if (length > payload.Length / 2) return null;
            texts[i] = Encoding.Unicode.GetString(payload[..((int)length * 2)]).TrimEnd('\0');
            payload = payload[((int)length * 2)..];
        }
        return new(texts[3], texts[4].Split('+', ' ')[0]);
    }
}
