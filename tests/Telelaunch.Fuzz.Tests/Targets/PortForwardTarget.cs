using System.Buffers.Binary;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using Telelaunch.Fuzz.Tests.Fuzzing;
using Telelaunch.Tunnel.PortForward;

namespace Telelaunch.Fuzz.Tests.Targets;

/// <summary>The frames of a port-forward's WebSocket from a hostile API server or proxy.</summary>
/// <remarks>
/// Input: MODE 1 | MODE 0: messages, OP 1 | LENGTH 2 (big-endian) | payload, where OP 0 is a binary message or the last part of one, 1 a part that isn't the last,
/// 2 text, 3 a close frame, 4 a ping; MODE 1: the WebSocket's raw bytes. MODE's other bits: bytes come in pieces of so many (0: at once).
/// </remarks>
internal sealed class PortForwardTarget : FuzzTarget
{
    private const int PodPort = 9005;
    private const int ErrorTextLimit = 4096;

    public override string Name => "port-forward";

    public override int Iterations => 15_000;

    public override IReadOnlyList<byte[]> Corpus { get; } =
    [
        .. Recordings(),
        .. Recordings().Select(messages => (byte[])[7, .. Frames(messages.AsSpan(1))]),
        [0, .. Message(0, [0, 0x2d, 0x23]), .. Message(1, [0, .. "hel"u8]), .. Message(1, "l"u8), .. Message(0, "o"u8), .. Message(0, []), .. Message(0, [2, .. "other channel"u8]), .. Message(3, [3, 0xe8])],
        [0, .. Message(0, [1, 0x2d, 0x23]), .. Message(0, [1, .. "connection refused\u001b[2J\r\n\u009b1m\u202e"u8]), .. Message(3, [3, 0xe8])],
        [0, .. Message(0, [0, 0x2d]), .. Message(0, [0, 0x23]), .. Message(4, "ping"u8), .. Message(3, [0x0f, 0xa0, .. "reason"u8])],
        .. CorpusFiles.Regressions("port-forward"),
    ];

    public override async Task RunAsync(byte[] input)
    {
        if (input.Length == 0)
            return;
        bool raw = (input[0] & 1) != 0;
        byte[] wire = raw ? input[1..] : Frames(input.AsSpan(1));
        int piece = input[0] >> 1 == 0 ? int.MaxValue : input[0] >> 1;
        using WebSocket socket = WebSocket.CreateFromStream(new ReplayStream(wire, piece), new WebSocketCreationOptions { KeepAliveInterval = TimeSpan.Zero });
        await using var stream = new PortForwardStream(socket, PodPort, TimeProvider.System);
        using var read = new MemoryStream();
        bool clean = await ReadAsync(stream, read);
        await WriteAsync(stream);
        if (!raw)
            CheckRead(input.AsSpan(1), read.ToArray(), clean);
    }

    /// <summary>Reads to the end; false when it was a failure, which says why.</summary>
    private static async Task<bool> ReadAsync(PortForwardStream stream, MemoryStream read)
    {
        byte[] buffer = new byte[100];
        try
        {
            for (int size = 1, count; (count = await stream.ReadAsync(buffer.AsMemory(0, size))) > 0; size = (size * 3 % 100) + 1)
                read.Write(buffer, 0, count);
        }
        catch (IOException error)
        {
            Oracle.Must(stream.Failure is not null && ReferenceEquals(error.InnerException, stream.Failure), "it fails without saying why");
            Oracle.Must(!stream.Failure!.Message.Any(char.IsControl), "the failure's text holds control characters");
            Oracle.Must(stream.Failure.Message.Length < ErrorTextLimit + 512, "the failure's text is too long");
            return false;
        }

        Oracle.Must(stream.Failure is null && await stream.ReadAsync(buffer) == 0, "the end doesn't stay the end");
        return true;
    }

    private static async Task WriteAsync(PortForwardStream stream)
    {
        try
        {
            await stream.WriteAsync(new byte[300]);
        }
        catch (IOException)
        {
            // It takes no more.
        }
    }

    /// <summary>What Kubernetes means by these messages: the same bytes, and the same kind of end.</summary>
    private static void CheckRead(ReadOnlySpan<byte> messages, byte[] read, bool clean)
    {
        using var data = new MemoryStream();
        var prefixes = new byte[2][] { [], [] };
        bool? ending = null;
        bool errorText = false;
        bool exact = true;
        bool inside = false;
        int channel = -1;
        foreach ((int op, byte[] payload) in Split(messages))
        {
            if (op == 4)
                continue;
            if (op == 3)
            {
                // Codes and reasons that RFC 6455 doesn't allow are the WebSocket's to refuse.
                ending = payload.Length == 0 || (payload.Length >= 2 && BinaryPrimitives.ReadUInt16BigEndian(payload) == 1000);
                exact &= payload.Length == 0 || (payload.Length >= 2 && BinaryPrimitives.ReadUInt16BigEndian(payload) is 1000 or 4000 && Ascii.IsValid(payload.AsSpan(2)));
                break;
            }

            // What the WebSocket itself refuses of text, it refuses where it likes.
            exact &= op != 2;
            ReadOnlySpan<byte> rest = payload;
            if (!inside && !rest.IsEmpty)
            {
                channel = rest[0];
                rest = rest[1..];
                inside = true;
            }

            if (inside && channel is 0 or 1 && !rest.IsEmpty)
            {
                bool began = prefixes[channel].Length == 2;
                int taken = Math.Min(2 - prefixes[channel].Length, rest.Length);
                prefixes[channel] = [.. prefixes[channel], .. rest[..taken]];
                rest = rest[taken..];
                if (prefixes[channel].Length == 2 && BinaryPrimitives.ReadUInt16LittleEndian(prefixes[channel]) != PodPort)
                {
                    ending = false;
                    break;
                }

                // The port stands alone: data behind it in one part is refused, whether that is seen at once or not.
                if (channel == 0 && !began && !rest.IsEmpty)
                {
                    ending = false;
                    break;
                }

                if (channel == 0)
                    data.Write(rest);
                else
                    errorText |= !rest.IsEmpty;
            }

            if (op != 1)
                inside = false;
        }

        byte[] expected = data.ToArray();
        Oracle.Must(expected.AsSpan().StartsWith(read), $"it read {Convert.ToHexString(read)} of {Convert.ToHexString(expected)}");
        if (!exact)
            return;
        // Without a close frame the connection broke.
        bool expectedClean = ending == true && !errorText;
        Oracle.Must(clean == expectedClean, expectedClean ? "a clean end was told as a failure" : "a failure was told as a clean end");
        Oracle.Must(!clean || read.Length == expected.Length, "the end came before all bytes were read");
    }

    private static List<(int Op, byte[] Payload)> Split(ReadOnlySpan<byte> messages)
    {
        var all = new List<(int, byte[])>();
        while (messages.Length >= 3)
        {
            int length = Math.Min(BinaryPrimitives.ReadUInt16BigEndian(messages[1..]), messages.Length - 3);
            int op = messages[0] % 5;
            // Control frames carry at most 125 bytes (RFC 6455 §5.5).
            ReadOnlySpan<byte> payload = messages.Slice(3, op >= 3 ? Math.Min(length, 125) : length);
            all.Add((op, payload.ToArray()));
            messages = messages[(3 + length)..];
        }

        return all;
    }

    /// <summary>As a server's frames: FIN and opcode, LENGTH 1 or 126 | 2, payload, unmasked (RFC 6455 §5.2).</summary>
    private static byte[] Frames(ReadOnlySpan<byte> messages)
    {
        using var wire = new MemoryStream();
        bool continued = false;
        foreach ((int op, byte[] payload) in Split(messages))
        {
            int opcode = op switch { 3 => 8, 4 => 9, _ when continued => 0, 2 => 1, _ => 2 };
            wire.WriteByte((byte)(opcode | (op == 1 ? 0 : 0x80)));
            if (op < 3)
                continued = op == 1;
            if (payload.Length < 126)
                wire.WriteByte((byte)payload.Length);
            else
                wire.Write([126, (byte)(payload.Length >> 8), (byte)payload.Length]);
            wire.Write(payload);
        }

        return wire.ToArray();
    }

    private static byte[] Message(byte op, ReadOnlySpan<byte> payload) => [op, (byte)(payload.Length >> 8), (byte)payload.Length, .. payload];

    /// <summary>What a real API server sent, each to the same port.</summary>
    private static IEnumerable<byte[]> Recordings()
    {
        foreach (string file in Directory.GetFiles(CorpusFiles.PathOf("port-forward"), "*.json").Order(StringComparer.Ordinal))
        {
            using var messages = new MemoryStream();
            messages.WriteByte(0);
            foreach (JsonNode? frame in JsonNode.Parse(File.ReadAllText(file))!["frames"]!.AsArray())
            {
                if ((string?)frame!["from"] != "server" || (string?)frame["opcode"] is not { } opcode)
                    continue;
                if (opcode == "close")
                    messages.Write(Message(3, [(byte)((int)frame["code"]! >> 8), (byte)(int)frame["code"]!]));
                else if (opcode == "binary")
                    messages.Write(Message(0, [(byte)(int)frame["channel"]!, .. Payload(frame)]));
            }

            yield return messages.ToArray();
        }
    }

    private static byte[] Payload(JsonNode frame) =>
        frame["port"] is not null ? [PodPort & 0xff, PodPort >> 8]
        : frame["base64"] is { } base64 ? Convert.FromBase64String((string)base64!)
        : frame["text"] is { } text ? Encoding.UTF8.GetBytes((string)text!)
        : new byte[Math.Min((int)frame["length"]!, 300)];

    /// <summary>A connection that says so many bytes and ends, and swallows what it is told.</summary>
    private sealed class ReplayStream(byte[] bytes, int piece) : Stream
    {
        private int _at;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            int count = Math.Min(Math.Min(buffer.Length, piece), bytes.Length - _at);
            bytes.AsMemory(_at, count).CopyTo(buffer);
            _at += count;
            return new(count);
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => ReadAsync(buffer.AsMemory(offset, count)).AsTask().Result;

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count)
        {
        }
    }
}
