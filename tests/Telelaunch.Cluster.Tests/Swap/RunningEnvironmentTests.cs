using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Telelaunch.Net;

namespace Telelaunch.Cluster.Tests;

public class RunningEnvironmentTests
{
    private const string Exec = "/api/v1/namespaces/play/pods/web-1/exec";

    // As a kubelet of 1.36 says it over v5.channel.k8s.io.
    private const string Success = """{"metadata":{},"status":"Success"}""";
    private const string ExitOne = """{"metadata":{},"status":"Failure","message":"command terminated with exit code 1","reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"1"}]}}""";
    private const string NotThere = """{"metadata":{},"status":"Failure","message":"Internal error occurred: OCI runtime exec failed: exec: \"cat\": executable file not found in $PATH","reason":"InternalError","details":{"causes":[{"message":"exec: \"cat\": executable file not found in $PATH"}]},"code":500}""";

    private static readonly byte[] Block = [.. "A=1\nB\0C=\0D="u8, 0xff, 0];

    private static CancellationToken None => CancellationToken.None;

    [Fact]
    public async Task Cat_TellsItByteForByte_InHoweverManyMessages()
    {
        await using var cluster = await TestCluster.StartAsync();
        cluster.Server.On($"WS {Exec}", context => AnswerAsync(context, (1, []), (1, Block[..3]), (2, "noise"u8.ToArray()), (1, Block[3..]), (3, Encoding.UTF8.GetBytes(Success))));
        using var connection = cluster.Connect();

        var read = await RunningEnvironment.ReadAsync(connection, "play", "web-1", "main", None);

        Assert.Equal(Block, read.Block);
        Assert.Empty(read.Reason);
        var request = Assert.Single(cluster.Server.Seen);
        Assert.Equal("?command=cat&command=%2Fproc%2Fself%2Fenviron&stdout=true&stderr=true&container=main", request.Query);
        Assert.Equal("v5.channel.k8s.io", request.Headers["Sec-WebSocket-Protocol"]);
    }

    [Theory]
    [InlineData(NotThere)]
    [InlineData(ExitOne)]
    public async Task WithoutCat_EnvIsAsked(string failure)
    {
        await using var cluster = await TestCluster.StartAsync();
        cluster.Server.On($"WS {Exec}", context => context.Request.QueryString.Value!.Contains("command=env&command=-0", StringComparison.Ordinal)
            ? AnswerAsync(context, (1, Block), (3, Encoding.UTF8.GetBytes(Success)))
            : AnswerAsync(context, (1, []), (3, Encoding.UTF8.GetBytes(failure))));
        using var connection = cluster.Connect();

        Assert.Equal(Block, (await RunningEnvironment.ReadAsync(connection, "play", "web-1", "main", None)).Block);
    }

    [Fact]
    public async Task WithNeither_ThereIsAReason()
    {
        await using var cluster = await TestCluster.StartAsync();
        cluster.Server.On($"WS {Exec}", context => AnswerAsync(context, (1, []), (3, Encoding.UTF8.GetBytes(NotThere))));
        using var connection = cluster.Connect();

        var read = await RunningEnvironment.ReadAsync(connection, "play", "web-1", "main", None);

        Assert.Null(read.Block);
        Assert.Contains("neither cat nor env", read.Reason, StringComparison.Ordinal);
        Assert.Equal(2, cluster.Server.Seen.Count);
    }

    [Theory]
    [InlineData(403, """{"kind":"Status","message":"pods \"web-1\" is forbidden: ","code":403}""", "get and create on pods/exec")]
    [InlineData(404, """{"kind":"Status","message":"pods \"web-1\" not found","reason":"NotFound","code":404}""", "is gone")]
    [InlineData(500, "container not found (\"main\")", "container not found")]
    [InlineData(400, "container nosuch is not valid for pod web-1", "is not valid")]
    public async Task RefusedExec_IsAReason_NoFailure(int status, string body, string reason)
    {
        await using var cluster = await TestCluster.StartAsync();
        cluster.Server.On($"WS {Exec}", status, body);
        using var connection = cluster.Connect();

        var read = await RunningEnvironment.ReadAsync(connection, "play", "web-1", "main", None);

        Assert.Null(read.Block);
        Assert.Contains(reason, read.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ConnectionThatEndsBeforeTheCommand_IsAReason_AndNoHalfEnvironment()
    {
        await using var cluster = await TestCluster.StartAsync();
        cluster.Server.On($"WS {Exec}", context => AnswerAsync(context, (1, Block)));
        using var connection = cluster.Connect();

        var read = await RunningEnvironment.ReadAsync(connection, "play", "web-1", "main", None);

        Assert.Null(read.Block);
        Assert.Contains("broke", read.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OutputWithoutEnd_IsGivenUp()
    {
        await using var cluster = await TestCluster.StartAsync();
        cluster.Server.On($"WS {Exec}", context => AnswerAsync(context, [.. Enumerable.Repeat(((byte)1, new byte[1024 * 1024]), 7)]));
        using var connection = cluster.Connect();

        var read = await RunningEnvironment.ReadAsync(connection, "play", "web-1", "main", None);

        Assert.Null(read.Block);
        Assert.Contains("more than", read.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WrongCredentials_AreAFailure()
    {
        await using var cluster = await TestCluster.StartAsync();
        cluster.Server.On($"WS {Exec}", 401, """{"kind":"Status","message":"Unauthorized","code":401}""");
        using var connection = cluster.Connect();

        var error = await Assert.ThrowsAsync<ClusterException>(() => RunningEnvironment.ReadAsync(connection, "play", "web-1", "main", None));

        Assert.Equal("unauthorized", error.Code);
    }

    private static async Task AnswerAsync(HttpContext context, params (byte Channel, byte[] Bytes)[] messages)
    {
        using var webSocket = await context.WebSockets.AcceptWebSocketAsync("v5.channel.k8s.io");
        try
        {
            foreach (var (channel, bytes) in messages)
                await webSocket.SendAsync((byte[])[channel, .. bytes], WebSocketMessageType.Binary, true, context.RequestAborted);
            await webSocket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, context.RequestAborted);
        }
        catch (Exception error) when (error is WebSocketException or OperationCanceledException)
        {
            // The client has had enough.
        }
    }
}
