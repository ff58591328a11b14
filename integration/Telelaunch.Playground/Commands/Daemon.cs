using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Telelaunch.Net;
using Telelaunch.Playground.Access;
using Telelaunch.Playground.Api;
using Telelaunch.Playground.Node;

namespace Telelaunch.Playground.Commands;

/// <summary>The playground itself: API server and node, until SIGTERM.</summary>
internal static class Daemon
{
    public static async Task<int> RunAsync(Options options, string pipe)
    {
        string? failure = null;
        var reported = false;
        void Report()
        {
            if (!reported)
                UpCommand.Report(pipe, failure);
            reported = true;
        }
        using var held = options.State.TryLock();
        if (held is null)
        {
            failure = $"Another playground uses {options.State.Path}";
            Report();
            return 1;
        }
        Daemonize.Run(options.State.Log);
        options.State.WriteId();
        using var stop = new CancellationTokenSource();
        using var term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => Stop(signal, stop));
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => Stop(signal, stop));
        try
        {
            await ServeAsync(options, Report, stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
        catch (Exception e)
        {
            Console.Error.WriteLine(e);
            failure = e.Message;
        }
        Report();
        return failure is null ? 0 : 1;
    }

    private static void Stop(PosixSignalContext signal, CancellationTokenSource stop)
    {
        signal.Cancel = true;
        stop.Cancel();
    }

    private static async Task ServeAsync(Options options, Action ready, CancellationToken cancellation)
    {
        using var loggers = LoggerFactory.Create(l => l.AddSimpleConsole(c => (c.SingleLine, c.TimestampFormat) = (true, "HH:mm:ss.fff ")).SetMinimumLevel(LogLevel.Information)
            .AddFilter("Microsoft", LogLevel.Warning));
        var limited = RandomNumberGenerator.GetHexString(32, lowercase: true);
        // The server needs the node for streams, the node needs the server for everything else.
        NodeStreams? streams = null;
        var handlers = Handlers(() => streams ?? throw new InvalidOperationException("the node is not ready"));
        var users = new Dictionary<string, Caller> { [limited] = new("dev", ["developers", Caller.Authenticated]) };
        await using var server = new ApiServer(options.Port, users, handlers, loggers, TimeProvider.System);
        await server.StartAsync(cancellation);
        var settings = new NodeSettings(options.State.Path, server.Address, server.Tokens.IssueForPod) { DnsUpstream = await ResolveAsync(options.DnsUpstream, cancellation) };
        await using var node = new PlaygroundNode(server.Store, settings, loggers);
        await node.PrepareAsync(cancellation);
        streams = node.Streams;
        server.Publish(node.ApiServerSeenByPods);
        using var failed = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var running = RunNodeAsync(node, failed);
        try
        {
            options.State.WriteKubeConfig(KubeConfig.Text(server.Address, server.Authority, limited));
            if (options.Workloads is not null)
            {
                using var workloads = new Workloads(server);
                await workloads.ApplyAsync(options.Workloads, failed.Token);
            }
            ready();
            await Task.Delay(Timeout.Infinite, failed.Token);
        }
        finally
        {
            await failed.CancelAsync();
            await running;
        }
    }

    /// <summary>The addresses of a resolver that was given by name or address; null: none was given.</summary>
    /// <exception cref="HostException">The name has no address.</exception>
    public static async Task<IReadOnlyList<IPEndPoint>?> ResolveAsync(DnsEndPoint? upstream, CancellationToken cancellation)
    {
        if (upstream is null)
            return null;
        try
        {
            return [.. (await Dns.GetHostAddressesAsync(upstream.Host, cancellation)).Select(a => new IPEndPoint(a, upstream.Port))];
        }
        catch (SocketException error)
        {
            throw new HostException("playground-dns-upstream", $"--dns-upstream {upstream.Host} has no address: {error.Message}", "Give the resolver's IP address.");
        }
    }

    private static NodeHandlers Handlers(Func<NodeStreams> streams) => new(
        (http, pod, container, cancellation) => streams().LogAsync(http, pod, container, cancellation),
        (http, pod, container, cancellation) => streams().ExecAsync(http, pod, container, cancellation),
        (http, pod, cancellation) => streams().PortForwardAsync(http, pod, cancellation));

    // A node that ends, ends the playground.
    private static async Task RunNodeAsync(PlaygroundNode node, CancellationTokenSource failed)
    {
        try
        {
            await node.RunAsync(failed.Token);
        }
        catch (OperationCanceledException) when (failed.IsCancellationRequested)
        {
        }
        finally
        {
            await failed.CancelAsync();
        }
    }
}
