using System.Net;
using Telelaunch.Playground.Api;
#if NODE
using Telelaunch.Playground.Node;
#endif

namespace Telelaunch.Playground.Commands;

/// <summary>Where the API half and the node meet. Without the node, the API runs alone and pods stay Pending.</summary>
internal sealed class NodeSeam : IAsyncDisposable
{
#if NODE
    private PlaygroundNode? _node;

    public NodeSeam() => Handlers = new(
        (http, pod, container, cancellation) => Streams.LogAsync(http, pod, container, cancellation),
        (http, pod, container, cancellation) => Streams.ExecAsync(http, pod, container, cancellation),
        (http, pod, cancellation) => Streams.PortForwardAsync(http, pod, cancellation));

    public NodeHandlers Handlers { get; }

    public IPEndPoint? ApiServerSeenByPods => _node?.ApiServerSeenByPods;

    private NodeStreams Streams => _node?.Streams ?? throw new InvalidOperationException("the node is not ready");

    public static Task CleanUpAsync(string state, CancellationToken cancellation) => PlaygroundNode.CleanUpAsync(state, cancellation);

    public static Task<string> LoadImageAsync(string state, string file, CancellationToken cancellation) => PlaygroundNode.LoadImageAsync(state, file, cancellation);

    public async Task PrepareAsync(ApiServer server, string state, ILoggerFactory loggers, CancellationToken cancellation)
    {
        _node = new(server.Store, new(state, server.Address, server.Tokens.IssueForPod), loggers);
        await _node.PrepareAsync(cancellation);
    }

    public Task RunAsync(CancellationToken cancellation) => _node!.RunAsync(cancellation);

    public ValueTask DisposeAsync() => _node?.DisposeAsync() ?? ValueTask.CompletedTask;
#else
#pragma warning disable CA1822 // The node's half has state.
    public NodeHandlers Handlers { get; } = new((http, _, _, _) => Missing(http), (http, _, _, _) => Missing(http), (http, _, _) => Missing(http));

    public IPEndPoint? ApiServerSeenByPods { get; }

    public static Task CleanUpAsync(string state, CancellationToken cancellation) => Task.CompletedTask;

    public static Task<string> LoadImageAsync(string state, string file, CancellationToken cancellation) => throw new NotSupportedException("This build has no node.");

    public Task PrepareAsync(ApiServer server, string state, ILoggerFactory loggers, CancellationToken cancellation) => Task.CompletedTask;

    public Task RunAsync(CancellationToken cancellation) => Task.Delay(Timeout.Infinite, cancellation);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static Task Missing(HttpContext http) => ApiRequest.SendTextAsync(http, 500, "this playground has no node");
#pragma warning restore CA1822
#endif
}
