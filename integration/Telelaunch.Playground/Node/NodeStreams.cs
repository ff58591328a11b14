using System.Globalization;
using System.Net.WebSockets;
using System.Text.Json.Nodes;
using Telelaunch.Playground.Node.Streams;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Node;

/// <summary>Logs, exec and port-forward of the node's pods, as its kubelet answers them.</summary>
/// <remarks>
/// The request is authenticated and authorised, and its pod and container exist. Each method answers it whole: 101 with WebSocket or SPDY/3.1, 200 with a
/// body, or a refusal that only the node knows.
/// </remarks>
public sealed class NodeStreams
{
    private readonly PlaygroundNode _node;

    internal NodeStreams(PlaygroundNode node) => _node = node;

    /// <summary>Query: follow, previous, tailLines, limitBytes, sinceSeconds, sinceTime, timestamps.</summary>
    public async Task LogAsync(HttpContext context, JsonObject pod, string container, CancellationToken cancellation)
    {
        var worker = _node.Find(pod)?.Find(container);
        var previous = LogRequest.Is(context.Request.Query, "previous");
        // Between two runs the last one is what `logs` shows, and what it shows with previous as well.
        var run = previous ? worker?.Current is { Ended.IsCompleted: true } ? worker.Current : worker?.Previous : worker?.Current;
        if (run is null)
        {
            await Upgrade.StatusAsync(context, StatusException.BadRequest(previous
                ? $"previous terminated container \"{container}\" in pod \"{pod.Name}\" not found"
                : $"container \"{container}\" in pod \"{pod.Name}\" is waiting to start: {WaitingText(pod, container)}"));
            return;
        }
        context.Response.ContentType = "text/plain";
        await context.Response.StartAsync(cancellation);
        await context.Response.Body.FlushAsync(cancellation);
        await new LogReader(run.Log, LogRequest.Of(context.Request.Query, _node.Time.GetUtcNow())).CopyAsync(context.Response.Body, cancellation);
    }

    /// <summary>Query: command, stdin, stdout, stderr, tty.</summary>
    public async Task ExecAsync(HttpContext context, JsonObject pod, string container, CancellationToken cancellation)
    {
        var query = context.Request.Query;
        var request = new ExecRequest([.. query["command"].Select(c => c!)], LogRequest.Is(query, "stdin"), LogRequest.Is(query, "stdout"),
            LogRequest.Is(query, "stderr"), LogRequest.Is(query, "tty"));
        var spdy = Upgrade.IsSpdy(context);
        if (!spdy && !Upgrade.IsWebSocket(context))
            await Upgrade.StatusAsync(context, StatusException.BadRequest("Upgrade request required"));
        else if (!request.Stdin && !request.Stdout && !request.Stderr)
            await Upgrade.TextAsync(context, 400, "you must specify at least 1 of stdin, stdout, stderr");
        else if (_node.Find(pod) is not { } worker || worker.Find(container)?.Current is not { Ended.IsCompleted: false } run)
            await Upgrade.TextAsync(context, 500, $"container not found (\"{container}\")");
        else if (spdy)
            await ExecSpdyAsync(context, run, request, worker.Directory, cancellation);
        else
            await ExecWebSocketAsync(context, run, request, worker.Directory, cancellation);
    }

    /// <summary>Query: ports, where the protocol uses them.</summary>
    public async Task PortForwardAsync(HttpContext context, JsonObject pod, CancellationToken cancellation)
    {
        var spdy = Upgrade.IsSpdy(context);
        if (!spdy && !Upgrade.IsWebSocket(context))
        {
            await Upgrade.StatusAsync(context, StatusException.BadRequest("Upgrade request required"));
            return;
        }
        if (_node.Find(pod) is not { Address: { } address } worker)
        {
            await Upgrade.TextAsync(context, 500, $"pod not found (\"{pod.Name}_{pod.Namespace}\")");
            return;
        }
        var target = new ForwardTarget(_node.PathOf(address), address.Path, worker.SandboxId);
        if (spdy)
        {
            if (await Upgrade.ToSpdyAsync(context, "portforward.k8s.io") is { } stream)
                await RunSpdyAsync(stream, target, cancellation);
            return;
        }
        if (HttpMethods.IsPost(context.Request.Method))
        {
            context.Response.Headers["Connection"] = "close";
            await Upgrade.TextAsync(context, 405, "bad method");
            return;
        }
        var protocol = Upgrade.Negotiate(context, Upgrade.TunnelledSpdy, "v4.channel.k8s.io", "v4.base64.channel.k8s.io");
        if (protocol is null)
            await Upgrade.CloseAsync(context, 403);
        else if (protocol == Upgrade.TunnelledSpdy)
            await RunSpdyAsync(WebSocketStream.Create(await Upgrade.ToWebSocketAsync(context, protocol), WebSocketMessageType.Binary, ownsWebSocket: true), target, cancellation);
        else if (await PortsAsync(context) is { } ports)
            await RunChannelsAsync(context, protocol, ports, target, cancellation);
    }

    private static async Task ExecWebSocketAsync(HttpContext context, Containers.RunningContainer run, ExecRequest request, string scratch, CancellationToken cancellation)
    {
        if (HttpMethods.IsPost(context.Request.Method))
        {
            context.Response.Headers["Connection"] = "close";
            await Upgrade.TextAsync(context, 405, "bad method");
            return;
        }
        if (Upgrade.Negotiate(context, ExecWebSocket.Protocols) is not { } protocol)
        {
            await Upgrade.CloseAsync(context, 403);
            return;
        }
        using var socket = new ChannelSocket(await Upgrade.ToWebSocketAsync(context, protocol), protocol.Contains("base64", StringComparison.Ordinal));
        await new ExecSession(new ExecWebSocket(socket, protocol), run, request, scratch).RunAsync(cancellation);
    }

    private static async Task ExecSpdyAsync(HttpContext context, Containers.RunningContainer run, ExecRequest request, string scratch, CancellationToken cancellation)
    {
        if (await Upgrade.ToSpdyAsync(context, ExecSpdy.Versions) is not { } stream)
            return;
        var expected = new HashSet<string> { "error" };
        if (request.Stdin)
            expected.Add("stdin");
        if (request.Stdout)
            expected.Add("stdout");
        if (request.Stderr && !request.Tty)
            expected.Add("stderr");
        if (request.Tty)
            expected.Add("resize");
        await using var connection = new SpdyConnection(stream);
        await new ExecSession(new ExecSpdy(connection, expected), run, request, scratch).RunAsync(cancellation);
    }

    private static async Task RunSpdyAsync(Stream stream, ForwardTarget target, CancellationToken cancellation)
    {
        await using var connection = new SpdyConnection(stream);
        await PortForwardSession.RunAsync(connection, target, cancellation);
    }

    private static async Task RunChannelsAsync(HttpContext context, string protocol, IReadOnlyList<int> ports, ForwardTarget target, CancellationToken cancellation)
    {
        using var socket = new ChannelSocket(await Upgrade.ToWebSocketAsync(context, protocol), protocol.Contains("base64", StringComparison.Ordinal));
        await PortForwardSession.RunAsync(socket, ports, target, cancellation);
    }

    /// <summary>The ports of the query, or null after a refusal.</summary>
    private static async Task<IReadOnlyList<int>?> PortsAsync(HttpContext context)
    {
        var ports = new List<int>();
        foreach (var text in context.Request.Query["ports"].SelectMany(p => p!.Split(',')))
        {
            if (!ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port > 65535)
            {
                var why = text.Length > 0 && text.All(char.IsAsciiDigit) ? "value out of range" : "invalid syntax";
                await Upgrade.StatusAsync(context, StatusException.BadRequest($"cannot convert to []int32: strconv.ParseUint: parsing \"{text}\": {why}"));
                return null;
            }
            if (port == 0)
            {
                await Upgrade.TextAsync(context, 400, "port \"0\" must be > 0");
                return null;
            }
            ports.Add((int)port);
        }
        if (ports.Count > 0)
            return ports;
        await Upgrade.TextAsync(context, 400, "query parameter \"port\" is required");
        return null;
    }

    private static string WaitingText(JsonObject pod, string container)
    {
        var status = pod.At("status", "containerStatuses").Items().Concat(pod.At("status", "initContainerStatuses").Items()).FirstOrDefault(s => s["name"].Text() == container);
        return status.At("state", "waiting", "reason").Text() switch
        {
            "ErrImagePull" => "image can't be pulled",
            "ImagePullBackOff" => "trying and failing to pull image",
            "" => "ContainerCreating",
            var reason => reason,
        };
    }
}
