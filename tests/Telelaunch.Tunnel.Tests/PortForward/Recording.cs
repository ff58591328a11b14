using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Telelaunch.Tunnel.Tests.PortForward;

/// <summary>A recorded port-forward of a real Kubernetes: plays the server's frames, and waits for the client's where it sent some.</summary>
internal sealed class Recording(JsonArray frames)
{
    /// <summary>The bytes that the recorded pod sent: what a reader must get, no more and no less.</summary>
    public byte[] PodBytes => [.. Frames("server").Where(f => Channel(f) == 0 && f["port"] is null).SelectMany(Payload)];

    public string ErrorText => string.Concat(Frames("server").Where(f => Channel(f) == 1 && f["port"] is null).Select(f => (string?)f["text"]));

    public int Port => (int)Frames("server").First(f => f["port"] is not null)["port"]!;

    public static Recording Load(string name)
    {
        using FileStream file = File.OpenRead(Path.Combine(AppContext.BaseDirectory, "Recordings", name + ".json"));
        return new Recording(JsonNode.Parse(file)!["frames"]!.AsArray());
    }

    /// <summary>Plays the server's part.</summary>
    /// <returns>The messages that the client sent, channel byte first.</returns>
    public async Task<List<byte[]>> PlayServerAsync(WebSocketPair pair, CancellationToken cancellationToken)
    {
        var received = new List<byte[]>();
        foreach (JsonNode? frame in frames)
        {
            string from = (string)frame!["from"]!;
            string? opcode = (string?)frame["opcode"];
            if (from == "client" && opcode is "binary")
                received.Add(await ReceiveMessageAsync(pair.Server, cancellationToken));
            else if (from == "server" && opcode == "close")
                await pair.Server.CloseOutputAsync((WebSocketCloseStatus)(int)frame["code"]!, null, cancellationToken);
            else if (from == "server" && opcode == "binary")
                await pair.SendAsync((byte)Channel(frame), Payload(frame), cancellationToken);
        }

        return received;
    }

    private static async Task<byte[]> ReceiveMessageAsync(WebSocket socket, CancellationToken cancellationToken)
    {
        var buffer = new byte[256 * 1024];
        ValueWebSocketReceiveResult message = await socket.ReceiveAsync(buffer.AsMemory(), cancellationToken);
        Assert.True(message.EndOfMessage, "the client fragmented a message");
        return buffer[..message.Count];
    }

    private static int Channel(JsonNode frame) => (int?)frame["channel"] ?? -1;

    private static byte[] Payload(JsonNode frame) =>
        frame["base64"] is JsonNode base64 ? Convert.FromBase64String((string)base64!)
        : frame["text"] is JsonNode text ? Encoding.UTF8.GetBytes((string)text!)
        : [.. Enumerable.Range(0, (int)frame["length"]!).Select(i => (byte)(i * 31))];

    private IEnumerable<JsonNode> Frames(string from) =>
        frames.OfType<JsonNode>().Where(f => (string?)f["from"] == from && (string?)f["opcode"] == "binary");
}
