using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Tests.Node;

/// <summary>Recorded exchanges of exec and port-forward, played again: the same frames in the same order, but for ids and times.</summary>
[Collection(PlaygroundCollection.Name)]
public sealed partial class RecordedStreamTests(RunningPlayground test)
{
    // 9001 echoes, 9003 answers and resets, 9013 says something and closes; as the recordings' target did.
    private const string Target = """
        import socket, struct, threading
        def serve(port, handle):
            listener = socket.create_server(("0.0.0.0", port))
            def loop():
                while True:
                    handle(listener.accept()[0])
            threading.Thread(target=loop).start()
        def echo(s):
            while data := s.recv(65536):
                s.sendall(data)
            s.close()
        def reset(s):
            s.recv(1)
            s.sendall(b"partial")
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            import time
            time.sleep(0.1)
            s.close()
        def last_words(s):
            s.sendall(b"last words\n")
            s.close()
        serve(9001, echo)
        serve(9003, reset)
        serve(9013, last_words)
        """;

    [NodeTheory]
    [InlineData("exec-v5-exit-3")]
    [InlineData("exec-v4-exit-3")]
    [InlineData("exec-v5-stdin-close")]
    [InlineData("exec-command-not-found")]
    [InlineData("exec-command-not-executable")]
    [InlineData("exec-killed-by-signal")]
    public async Task Exec_IsAsRecorded(string recording)
    {
        if (test.Store.Get(ResourceKinds.Pods, "play", "debugme") is null)
            await test.CreatePodAsync("debugme", "\"command\": [\"sleep\", \"100000\"]");
        await test.AwaitReadyAsync("debugme");
        await ReplayAsync(recording);
    }

    [NodeTheory]
    [InlineData("port-forward-echo-client-closes")]
    [InlineData("port-forward-port-not-listening")]
    [InlineData("port-forward-target-closes")]
    [InlineData("port-forward-target-resets")]
    public async Task PortForward_IsAsRecorded(string recording)
    {
        if (test.Store.Get(ResourceKinds.Pods, "play", "target") is null)
        {
            await test.CreatePodAsync("target", $"\"command\": [\"/usr/bin/python3\", \"-c\", {JsonValue.Create(Target)!.ToJsonString()}],"
                + "\"readinessProbe\": {\"tcpSocket\": {\"port\": 9013}, \"periodSeconds\": 1}");
        }
        await test.AwaitReadyAsync("target");
        await ReplayAsync(recording);
    }

    private async Task ReplayAsync(string name)
    {
        var recording = (JsonObject)JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "Node", "Recordings", name + ".json")))!;
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var socket = await test.ConnectAsync($"{recording.At("request", "path").Text()}?{recording.At("request", "query").Text()}",
            recording.At("request", "headers", "Sec-WebSocket-Protocol").Text());
        Assert.Equal(recording.At("response", "headers", "Sec-WebSocket-Protocol").Text(), socket.SubProtocol);
        foreach (var frame in recording["frames"].Items().Where(f => f["end"] is null && f["note"] is null))
        {
            if (frame["from"].Text() == "client")
                await SendAsync(socket, frame, patience.Token);
            else
                Assert.Equal(Normal(Describe(frame)), Normal(await ReceiveAsync(socket, patience.Token)));
        }
    }

    private static async Task SendAsync(ClientWebSocket socket, JsonObject frame, CancellationToken cancellation)
    {
        if (frame["opcode"].Text() == "close")
            await socket.CloseOutputAsync((WebSocketCloseStatus)frame["code"].Number(), frame["reason"].Text(), cancellation);
        else
            await socket.SendAsync((byte[])[(byte)frame["channel"].Number(), .. Payload(frame)], WebSocketMessageType.Binary, true, cancellation);
    }

    private static async Task<string> ReceiveAsync(ClientWebSocket socket, CancellationToken cancellation)
    {
        var buffer = new byte[1 << 20];
        var result = await socket.ReceiveAsync(buffer, cancellation);
        Assert.True(result.EndOfMessage);
        return result.MessageType == WebSocketMessageType.Close ? $"close {(int)socket.CloseStatus!} {socket.CloseStatusDescription}"
            : $"{buffer[0]} {Encoding.Latin1.GetString(buffer, 1, result.Count - 1)}";
    }

    private static string Describe(JsonObject frame) => frame["opcode"].Text() == "close" ? $"close {frame["code"].Number()} {frame["reason"].Text()}"
        : $"{frame["channel"].Number()} {Encoding.Latin1.GetString(Payload(frame))}";

    private static byte[] Payload(JsonObject frame) => frame["base64"] is { } base64 ? Convert.FromBase64String(base64.Text()) : Encoding.UTF8.GetBytes(frame["text"].Text());

    private static string Normal(string text) => EphemeralPort().Replace(Namespace().Replace(Id().Replace(text, "ID"), "cni-NS"), "127.0.0.1:PORT->");

    [GeneratedRegex("[0-9a-f]{64}")]
    private static partial Regex Id();

    [GeneratedRegex("cni-[0-9a-f-]{36}")]
    private static partial Regex Namespace();

    [GeneratedRegex(@"127\.0\.0\.1:\d+->")]
    private static partial Regex EphemeralPort();
}
