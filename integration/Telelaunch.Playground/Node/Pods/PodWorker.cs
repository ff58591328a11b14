using System.Text.Json.Nodes;
using Telelaunch.Playground.Node.Containers;
using Telelaunch.Playground.Node.Network;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Node.Pods;

// A pod's life:
//   1  refused (sysctl)                      → Failed, wait for deletion
//   2  volumes, then network                 → ContainerCreating; what is missing is tried again
//   3  init containers, one after the other
//   4  containers, side by side, each with its own restarts
//   5  all ended for good | deadline | deletion → containers stopped, phase final, network gone
//   6  deletion                              → object removed, directory gone

/// <summary>One pod on the node, from its assignment to its removal.</summary>
internal sealed class PodWorker : IDisposable
{
    private static readonly TimeSpan RetryPeriod = TimeSpan.FromSeconds(1), VolumePeriod = TimeSpan.FromSeconds(2), ForcedGrace = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _deletion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly PodVolumes _volumes;
    private readonly PodEnvironment _environment;
    private readonly DateTimeOffset _startTime;
    private readonly PodDeadline _deadline;
    private volatile JsonObject _pod;
    private IReadOnlyList<ContainerMount> _files = [];
    private string? _phase;
    private bool _initialized;
    private volatile bool _overdue;

    public PodWorker(NodeParts node, JsonObject pod)
    {
        Node = node;
        _pod = pod;
        _startTime = node.Time.GetUtcNow();
        _deadline = new(_startTime, node.Time);
        _deadline.Update(pod);
        Directory = Path.Combine(node.Settings.StateDirectory, "pods", pod.Uid);
        Init = [.. pod.At("spec", "initContainers").Items().Select(c => new ContainerWorker(this, c, init: true))];
        Containers = [.. pod.At("spec", "containers").Items().Select(c => new ContainerWorker(this, c, init: false))];
        _volumes = new(node.Store, node.Settings, Directory, node.Time);
        _environment = new(node.Store);
    }

    public NodeParts Node { get; }

    /// <summary>The object as last seen.</summary>
    public JsonObject Pod => _pod;

    public string Directory { get; }

    public IReadOnlyList<ContainerWorker> Init { get; }

    public IReadOnlyList<ContainerWorker> Containers { get; }

    /// <summary>What error texts call the pod: 64 hexadecimal digits.</summary>
    public string SandboxId { get; } = Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(32));

    /// <summary>Its network; null before it is made and after it is gone.</summary>
    public PodAddress? Address { get; private set; }

    public string Ip { get; private set; } = "";

    /// <summary>How long its containers get between SIGTERM and SIGKILL.</summary>
    public TimeSpan GracePeriod => TimeSpan.FromSeconds(_pod.At("metadata", "deletionGracePeriodSeconds")?.Number()
        ?? _pod.At("spec", "terminationGracePeriodSeconds").Number(30));

    /// <summary>The container of that name.</summary>
    public ContainerWorker? Find(string container) => Containers.Concat(Init).FirstOrDefault(c => c.State.Name == container);

    /// <summary>Takes note of a change of the object, its deletion above all.</summary>
    public void Update(JsonObject pod, bool gone)
    {
        _pod = pod;
        _deadline.Update(pod);
        if (gone || pod.IsTerminating)
            _deletion.TrySetResult();
    }

    public void Dispose() => _stopping.Dispose();

    /// <summary>Lives the pod's life. Cancellation: the daemon ends, and the node's namespaces with it.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        if (PodSysctls.Forbidden(_pod) is { } sysctl)
        {
            var why = $"forbidden sysctl: \"{sysctl}\" not allowlisted";
            Node.Events.Write(_pod, "Warning", "SysctlForbidden", why);
            Node.Store.UpdateStatus(ResourceKinds.Pods, _pod.Namespace, _pod.Name, p => PodStatus.WriteRejected(p, "SysctlForbidden", why, Node.Time.GetUtcNow()));
        }
        else
        {
            await LiveAsync(cancellation);
        }
        await _deletion.Task.WaitAsync(cancellation);
        Node.Store.Remove(ResourceKinds.Pods, _pod.Namespace, _pod.Name, _pod.Uid);
        if (System.IO.Directory.Exists(Directory))
            System.IO.Directory.Delete(Directory, recursive: true);
    }

    /// <summary>Writes the present state into the object's status.</summary>
    public void Publish() => Node.Store.UpdateStatus(ResourceKinds.Pods, _pod.Namespace, _pod.Name, pod =>
    {
        if (pod.Uid != _pod.Uid)
            return;
        // As the kubelet's status manager: the phase, and the reason with it, changes once no container runs.
        var phase = _phase ?? Phase();
        var failed = _overdue && phase is ("Succeeded" or "Failed");
        var picture = new PodPicture(failed ? "Failed" : phase, _startTime, Ip.Length > 0 ? Ip : null, Address is not null)
        {
            Init = [.. Init.Select(c => c.State)],
            Containers = [.. Containers.Select(c => c.State)],
            IsInitialized = _initialized,
            IsOverdue = _overdue,
            Reason = failed ? PodDeadline.Reason : null,
            Message = failed ? PodDeadline.Message : null,
        };
        PodStatus.Write(pod, picture, Node.Time.GetUtcNow());
    });

    /// <summary>What one run of a container is made of.</summary>
    /// <exception cref="ContainerConfigException">Something that it names is missing.</exception>
    public ContainerPlan PlanOf(JsonObject container, ContainerImage image, string id)
    {
        var identity = PodUser.Of(_pod, container, image);
        var hostName = PodFiles.HostName(_pod);
        var environment = _environment.Of(_pod, container, image, Ip, hostName);
        var known = environment.ToDictionary();
        string[] Expanded(string key) => [.. (container[key] as JsonArray ?? []).Select(a => PodEnvironment.Expand(a.Text(), known))];
        var command = Expanded("command");
        var arguments = Expanded("args");
        IReadOnlyList<string> entrypoint = command.Length > 0 ? command : image.Entrypoint;
        IReadOnlyList<string> rest = arguments.Length > 0 || command.Length > 0 ? arguments : image.Command;
        if (entrypoint.Count + rest.Count == 0)
            throw new ContainerConfigException("no command specified");
        var own = container["securityContext"];
        return new(id, image, identity)
        {
            Arguments = [.. entrypoint, .. rest],
            Environment = environment,
            Mounts = [.. _files, .. _volumes.MountsOf(_pod, container, known)],
            WorkingDirectory = container["workingDir"].Text() is { Length: > 0 } directory ? directory : image.WorkingDirectory is { Length: > 0 } usual ? usual : "/",
            HostName = hostName,
            NetworkNamespace = Address!.Path,
            ReadOnlyRoot = own.At("readOnlyRootFilesystem").IsTrue(),
        };
    }

    private async Task LiveAsync(CancellationToken cancellation)
    {
        _initialized = Init.Count == 0;
        foreach (var container in Init.Count > 0 ? Init.Skip(1).Concat(Containers) : [])
            container.State.Wait("PodInitializing");
        Publish();
        var work = RunContainersAsync(_stopping.Token);
        var deadline = _deadline.PassAsync(_stopping.Token);
        Task first;
        try
        {
            first = await Task.WhenAny(work, deadline, _deletion.Task).WaitAsync(cancellation);
        }
        catch (OperationCanceledException)
        {
            // The containers end with the node's namespaces; nothing may write to the pod's directory after that.
            await _stopping.CancelAsync();
            await Task.WhenAll(work, deadline).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }
        _overdue = first == deadline && !_deletion.Task.IsCompleted;
        if (_overdue)
        {
            Node.Events.Write(_pod, "Normal", PodDeadline.Reason, PodDeadline.Message);
            Publish();
        }
        await _stopping.CancelAsync();
        await deadline.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var grace = GracePeriod > TimeSpan.Zero ? GracePeriod : ForcedGrace;
        await Task.WhenAll(Containers.Select(c => c.StopAsync(grace)));
        await Task.WhenAll(Init.Select(c => c.StopAsync(grace)));
        try
        {
            await work;
        }
        catch (OperationCanceledException)
        {
            // Stopped between two runs.
        }
        var failed = Containers.Any(c => c.State.ExitCode is not (0 or null)) || Init.Any(c => !c.IsSidecar && c.State.ExitCode is not (0 or null));
        _phase = _overdue || failed ? "Failed" : "Succeeded";
        if (Address is { } address)
        {
            Address = null;
            await Node.Network.RemoveAsync(address, CancellationToken.None);
        }
        Publish();
    }

    private async Task RunContainersAsync(CancellationToken stopping)
    {
        await MountAsync(stopping);
        Address = await Node.Network.AddAsync(stopping);
        Ip = Address.Address.ToString();
        await PodSysctls.ApplyAsync(Node.Sandbox, Address, _pod, stopping);
        System.IO.Directory.CreateDirectory(Directory);
        _files = PodFiles.Write(_pod, Ip, Directory);
        // Once more, now that there is an address to show; what was there a moment ago may be gone by now.
        await MountAsync(stopping);
        Publish();
        using var done = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var refresh = RefreshVolumesAsync(done.Token);
        var sidecars = new List<Task>();
        try
        {
            if (await RunInitAsync(sidecars, stopping))
                await Task.WhenAll(Containers.Select(c => c.RunAsync(_pod.At("spec", "restartPolicy").Text() is { Length: > 0 } policy ? policy : "Always", stopping)));
        }
        finally
        {
            await done.CancelAsync();
            await refresh;
        }
    }

    private async Task<bool> RunInitAsync(List<Task> sidecars, CancellationToken stopping)
    {
        var policy = _pod.At("spec", "restartPolicy").Text() == "Never" ? "Never" : "OnFailure";
        foreach (var container in Init)
        {
            if (container.State.Current.At("waiting", "reason").Text() == "PodInitializing")
                container.State.Wait("ContainerCreating");
            if (container.IsSidecar)
            {
                sidecars.Add(container.RunAsync("Always", stopping));
                await container.Started.WaitAsync(stopping);
                continue;
            }
            if (await container.RunAsync(policy, stopping) != 0)
                return false;
            container.State.Ready = true;
        }
        _initialized = true;
        foreach (var container in Containers)
            container.State.Wait("ContainerCreating");
        Publish();
        return true;
    }

    private async Task MountAsync(CancellationToken stopping)
    {
        while (true)
        {
            try
            {
                _volumes.SetUp(_pod, Ip);
                return;
            }
            catch (VolumeException error)
            {
                Node.Events.Write(_pod, "Warning", "FailedMount", error.Message);
            }
            await Task.Delay(RetryPeriod, Node.Time, stopping);
        }
    }

    private async Task RefreshVolumesAsync(CancellationToken done)
    {
        while (!done.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(VolumePeriod, Node.Time, done);
                _volumes.SetUp(_pod, Ip);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception error) when (error is VolumeException or IOException)
            {
                Node.Logger.LogDebug("Volumes of pod {Pod}: {Error}", _pod.Name, error.Message);
            }
        }
    }

    // As the kubelet's getPhase: a container that waits for its first run keeps the pod Pending, one between two runs doesn't.
    private string Phase()
    {
        var states = Containers.Select(c => c.State).ToList();
        if (!_initialized)
            return Init.Any(c => c.State.ExitCode is not (0 or null)) && _pod.At("spec", "restartPolicy").Text() == "Never" ? "Failed" : "Pending";
        if (states.Any(s => !s.IsRunning && s.ExitCode is null && s.Last.Count == 0))
            return "Pending";
        var policy = _pod.At("spec", "restartPolicy").Text();
        if (policy is "Always" or "" || states.Any(s => s.ExitCode is null))
            return "Running";
        return states.All(s => s.ExitCode == 0) ? "Succeeded" : policy == "Never" ? "Failed" : "Running";
    }
}
