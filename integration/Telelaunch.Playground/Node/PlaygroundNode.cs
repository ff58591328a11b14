using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Telelaunch.Net;
using Telelaunch.Playground.Node.Containers;
using Telelaunch.Playground.Node.Dns;
using Telelaunch.Playground.Node.Images;
using Telelaunch.Playground.Node.Network;
using Telelaunch.Playground.Node.Pods;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Node;

/// <summary>The cluster's only node: pods as processes, their network, Services, DNS.</summary>
public sealed class PlaygroundNode : IAsyncDisposable
{
    private readonly ObjectStore _store;
    private readonly NodeSettings _settings;
    private readonly ILogger _logger;
    private readonly ConcurrentDictionary<string, PodWorker> _pods = [];
    private readonly OpenTasks _lives = new();
    private NodeSandbox? _sandbox;
    private NodeParts? _parts;
    private DnsServer? _dns;
    private Socket? _apiListener;
    private ServiceProxy? _proxy;

    public PlaygroundNode(ObjectStore store, NodeSettings settings, ILoggerFactory loggers)
    {
        ArgumentNullException.ThrowIfNull(loggers);
        _store = store;
        _settings = settings;
        _logger = loggers.CreateLogger("Node");
        Streams = new(this);
    }

    /// <summary>Logs, exec, port-forward.</summary>
    public NodeStreams Streams { get; }

    /// <summary>Where the endpoint of the Service <c>kubernetes</c> is, for pods.</summary>
    public IPEndPoint ApiServerSeenByPods { get; } = new(PodNetwork.NodeAddress, 6443);

    internal TimeProvider Time { get; } = TimeProvider.System;

    /// <summary>Makes the node's namespaces, its bridge and its servers, and the objects that stand for them: node-1, kube-system/kube-dns.</summary>
    /// <exception cref="HostException">This machine doesn't allow it, or lacks a program.</exception>
    public async Task PrepareAsync(CancellationToken cancellation)
    {
        foreach (var program in (string[])["runc", "ip", "nft", "unshare", "nsenter", "setsid"])
        {
            if (!((string[])["/usr/local/sbin/", "/usr/local/bin/", "/usr/sbin/", "/usr/bin/", "/sbin/", "/bin/"]).Any(d => File.Exists(d + program)))
                throw new HostException("playground-program-missing", $"The playground's node needs {program}.", "apt install runc iproute2 nftables util-linux");
        }
        if (!UserNamespace.HasManyUsers)
            _logger.LogWarning("There is one user only for all pods: images that change users (nginx, postgres, redis) won't run. Install uidmap, and give this user a line in /etc/subuid and /etc/subgid.");
        await CleanUpAsync(_settings.StateDirectory, cancellation);
        _sandbox = await NodeSandbox.StartAsync(_settings.StateDirectory, cancellation);
        await File.WriteAllTextAsync(Path.Combine(_settings.StateDirectory, "node"), _sandbox.HolderPid.ToString(System.Globalization.CultureInfo.InvariantCulture), cancellation);
        var network = new PodNetwork(_sandbox);
        await network.PrepareAsync(cancellation);
        _parts = new(_store, _settings, Time, _logger)
        {
            Sandbox = _sandbox,
            Network = network,
            Runc = new(_sandbox, _settings.StateDirectory, Time),
            Images = new(_settings.StateDirectory),
            Events = new(_store, Time),
        };
        var dnsAddress = new IPEndPoint(PodNetwork.Gateway, 53);
        _dns = new(await ListenAsync(dnsAddress, ProtocolType.Udp), await ListenAsync(dnsAddress, ProtocolType.Tcp),
            new(_settings.DnsUpstream ?? DnsUpstream.OfHost()), _logger);
        _apiListener = await ListenAsync(ApiServerSeenByPods, ProtocolType.Tcp);
        _proxy = new(_sandbox, _store, _dns, _logger);
        NodeObjects.Create(_store, Time.GetUtcNow(), _parts.Images.Loaded);
        await _proxy.ApplyAsync(cancellation);
    }

    /// <summary>Lives until cancelled. Call <see cref="PrepareAsync"/> first.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task[] loops =
        [
            _dns!.RunAsync(ends.Token), _proxy!.RunAsync(ends.Token), ApiRelay.RunAsync(_apiListener!, _settings.ApiServer, _logger, ends.Token),
            WatchPodsAsync(ends.Token),
        ];
        var first = await Task.WhenAny([.. loops, _sandbox!.HolderExited]);
        await ends.CancelAsync();
        var ended = Task.WhenAll(loops);
        await ended.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (first == _sandbox.HolderExited && !cancellation.IsCancellationRequested)
            throw new HostException("playground-node-died", "The process that holds the node's namespaces was killed, and all pods with it.", "playground down, then playground up.");
        await ended;
    }

    /// <summary>Ends every pod at once and takes every namespace and mount away.</summary>
    public async ValueTask DisposeAsync()
    {
        _dns?.Dispose();
        _apiListener?.Dispose();
        if (_sandbox is not null)
            await _sandbox.DisposeAsync();
        try
        {
            await _lives.WhenAllAsync();
        }
        catch (Exception error)
        {
            _logger.LogDebug("A pod at the end: {Error}", error.Message);
        }
        await CleanUpAsync(_settings.StateDirectory, CancellationToken.None);
    }

    /// <summary>Removes what a daemon that was killed has left: directories of pods, empty cgroups. Namespaces and mounts went with it. Idempotent.</summary>
    public static async Task CleanUpAsync(string stateDirectory, CancellationToken cancellation)
    {
        foreach (var name in (string[])["pods", "layers", "runc"])
        {
            if (Directory.Exists(Path.Combine(stateDirectory, name)))
                Directory.Delete(Path.Combine(stateDirectory, name), recursive: true);
        }
        if (UserNamespace.IsInitial)
            await Cgroups.RemoveAsync(Runc.CgroupParent(stateDirectory), cancellation);
    }

    /// <summary><c>image load</c>: unpacks an OCI layout or a docker archive.</summary>
    /// <returns>The image's name.</returns>
    /// <exception cref="HostException">It is no such archive.</exception>
    public static Task<string> LoadImageAsync(string stateDirectory, string archive, CancellationToken cancellation) =>
        new ImageStore(stateDirectory).LoadAsync(archive, cancellation);

    internal PodWorker? Find(JsonObject pod) => _pods.GetValueOrDefault(pod.Uid);

    internal string PathOf(PodAddress address) => _sandbox!.Path($"/run/netns/{address.Namespace}");

    private Task<Socket> ListenAsync(IPEndPoint address, ProtocolType protocol) => NetworkNamespace.RunAsync(_sandbox!.NetworkNamespacePath, () =>
    {
        var socket = new Socket(AddressFamily.InterNetwork, protocol == ProtocolType.Udp ? SocketType.Dgram : SocketType.Stream, protocol);
        socket.Bind(address);
        if (protocol == ProtocolType.Tcp)
            socket.Listen();
        return socket;
    });

    private async Task WatchPodsAsync(CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                await foreach (var change in _store.WatchAsync(ResourceKinds.Pods, cancellation))
                    Take(change, cancellation);
            }
            catch (StatusException)
            {
                // Too late for the history: from the beginning.
            }
        }
    }

    private void Take(WatchEvent change, CancellationToken cancellation)
    {
        var pod = change.Object;
        if (pod.At("spec", "nodeName").Text() != PodEvents.NodeName)
            return;
        var gone = change.Type == WatchEventType.Deleted;
        if (_pods.TryGetValue(pod.Uid, out var worker))
        {
            worker.Update(pod, gone);
        }
        else if (!gone)
        {
            worker = _pods[pod.Uid] = new(_parts!, pod);
            if (pod.IsTerminating)
                worker.Update(pod, gone: false);
            _lives.Run(() => LiveAsync(worker, cancellation));
        }
    }

    // The root of a pod's errors.
    private async Task LiveAsync(PodWorker worker, CancellationToken cancellation)
    {
        await Task.Yield();
        try
        {
            await worker.RunAsync(cancellation);
        }
        catch (OperationCanceledException)
        {
            // The node ends.
        }
        catch (Exception error) when (!cancellation.IsCancellationRequested)
        {
            _logger.LogError(error, "Pod {Namespace}/{Pod} failed on the node", worker.Pod.Namespace, worker.Pod.Name);
            _parts!.Events.Write(worker.Pod, "Warning", "FailedCreatePodSandBox", error.Message);
        }
        _pods.TryRemove(worker.Pod.Uid, out _);
        worker.Dispose();
    }
}
