using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Telelaunch.Playground.Node.Containers;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Node.Pods;

/// <summary>One container of a pod through all its runs: image, configuration, start, probes, end, back-off.</summary>
internal sealed class ContainerWorker(PodWorker pod, JsonObject spec, bool init)
{
    private static readonly TimeSpan FirstBackOff = TimeSpan.FromSeconds(1), LongestBackOff = TimeSpan.FromMinutes(5), Forgiven = TimeSpan.FromMinutes(10);

    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly string _name = spec["name"].Text();

    public ContainerState State { get; } = new(spec["name"].Text(), spec["image"].Text());

    public bool IsInit => init;

    /// <summary>An init container that stays: it is started before the next one and not waited for.</summary>
    public bool IsSidecar => init && spec["restartPolicy"].Text() == "Always";

    /// <summary>The run in progress, or the last one; null before the first.</summary>
    public RunningContainer? Current { get; private set; }

    /// <summary>The run before that.</summary>
    public RunningContainer? Previous { get; private set; }

    /// <summary>Completes when the program runs and its startup probe, if any, is content.</summary>
    public Task Started => _started.Task;

    private NodeParts Node => pod.Node;

    /// <summary>Runs it until it isn't to be restarted; then its last exit code. Cancellation: no further run, and no probes.</summary>
    public async Task<int> RunAsync(string restartPolicy, CancellationToken stopping)
    {
        var backOff = TimeSpan.Zero;
        for (var attempt = 0; ; attempt++)
        {
            var begun = Node.Time.GetTimestamp();
            var exitCode = await RunOnceAsync(attempt, stopping);
            var again = restartPolicy == "Always" || (restartPolicy == "OnFailure" && exitCode != 0);
            if (!again || stopping.IsCancellationRequested)
                return exitCode;
            if (Node.Time.GetElapsedTime(begun) > Forgiven)
                backOff = TimeSpan.Zero;
            if (backOff > TimeSpan.Zero)
                await BackOffAsync(backOff, stopping);
            backOff = backOff == TimeSpan.Zero ? FirstBackOff : backOff * 2 > LongestBackOff ? LongestBackOff : backOff * 2;
            State.RestartCount++;
        }
    }

    /// <summary>Ends the run in progress: preStop, SIGTERM (or the image's signal), after the grace period SIGKILL.</summary>
    public async Task StopAsync(TimeSpan grace)
    {
        if (Current is not { } running || running.Ended.IsCompleted)
            return;
        Node.Events.Write(pod.Pod, "Normal", "Killing", $"Stopping container {_name}", _name, init);
        using var patience = new CancellationTokenSource(grace, Node.Time);
        try
        {
            await HookAsync("preStop", running, patience.Token);
            await running.SignalAsync(running.Plan.Image.StopSignal is { Length: > 0 } signal ? signal : "TERM");
            await running.Ended.WaitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            await running.SignalAsync("KILL");
        }
        await running.Ended;
    }

    /// <summary>Ends the run in progress at once.</summary>
    public Task KillAsync() => Current is { Ended.IsCompleted: false } running ? running.SignalAsync("KILL") : Task.CompletedTask;

    private async Task<int> RunOnceAsync(int attempt, CancellationToken stopping)
    {
        var bundle = Directory.CreateDirectory(Path.Combine(pod.Directory, _name, attempt.ToString(CultureInfo.InvariantCulture))).FullName;
        RunningContainer running;
        try
        {
            running = await StartAsync(bundle, stopping);
        }
        catch (ContainerStartException error)
        {
            var message = "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: " + error.Message;
            Node.Events.Write(pod.Pod, "Warning", "Failed", "Error: " + message, _name, init);
            State.Wait("RunContainerError", message);
            State.Terminate(128, Node.Time.GetUtcNow(), "StartError", message);
            State.Wait("RunContainerError", message);
            pod.Publish();
            return 128;
        }
        (Previous, Current) = (Current, running);
        State.Run(Node.Time.GetUtcNow());
        if (stopping.IsCancellationRequested)
            await StopAsync(pod.GracePeriod); // Whoever stops the pod has looked for it too early.
        Node.Events.Write(pod.Pod, "Normal", "Started", "Container started", _name, init);
        pod.Publish();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var care = CareAsync(running, ended.Token);
        var exitCode = await running.Ended;
        await ended.CancelAsync();
        await care;
        await Node.Runc.ReleaseAsync(running.Id);
        State.Terminate(exitCode, Node.Time.GetUtcNow());
        pod.Publish();
        if (attempt >= 2)
            Directory.Delete(Path.Combine(pod.Directory, _name, (attempt - 2).ToString(CultureInfo.InvariantCulture)), recursive: true);
        return exitCode;
    }

    private async Task<RunningContainer> StartAsync(string bundle, CancellationToken stopping)
    {
        for (var delay = FirstBackOff; ; delay = delay < TimeSpan.FromSeconds(10) ? delay * 2 : delay)
        {
            var image = await FindImageAsync(stopping);
            Node.Events.Write(pod.Pod, "Normal", "Pulled", $"Container image \"{spec["image"].Text()}\" already present on machine and can be accessed by the pod", _name, init);
            try
            {
                var plan = pod.PlanOf(spec, image, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32)));
                State.Image = image.Name;
                State.ImageId = image.Id;
                State.ContainerId = "containerd://" + plan.Id;
                Node.Events.Write(pod.Pod, "Normal", "Created", "Container created", _name, init);
                stopping.ThrowIfCancellationRequested();
                return await Node.Runc.StartAsync(plan, bundle);
            }
            catch (ContainerConfigException error)
            {
                State.Wait("CreateContainerConfigError", error.Message);
                Node.Events.Write(pod.Pod, "Warning", "Failed", "Error: " + error.Message, _name, init);
                pod.Publish();
            }
            await Task.Delay(delay, Node.Time, stopping);
        }
    }

    private async Task<ContainerImage> FindImageAsync(CancellationToken stopping)
    {
        var name = spec["image"].Text();
        var never = spec["imagePullPolicy"].Text() == "Never";
        for (var delay = FirstBackOff; ; delay = delay < TimeSpan.FromSeconds(10) ? delay * 2 : delay)
        {
            if (Node.Images.Find(name) is { } image)
                return image;
            if (never)
            {
                var message = $"Container image \"{name}\" is not present with pull policy of Never";
                State.Wait("ErrImageNeverPull", message);
                Node.Events.Write(pod.Pod, "Warning", "ErrImageNeverPull", message, _name, init);
                Node.Events.Write(pod.Pod, "Warning", "Failed", "Error: ErrImageNeverPull", _name, init);
            }
            else
            {
                await FailPullAsync(name, stopping);
            }
            pod.Publish();
            await Task.Delay(delay, Node.Time, stopping);
        }
    }

    private async Task FailPullAsync(string name, CancellationToken stopping)
    {
        var message = $"failed to pull and unpack image \"{name}\": failed to resolve image: {name}: not found (the playground pulls from no registry; load it with: playground image load FILE)";
        Node.Events.Write(pod.Pod, "Normal", "Pulling", $"Pulling image \"{name}\"", _name, init);
        Node.Events.Write(pod.Pod, "Warning", "Failed", $"Failed to pull image \"{name}\": {message}", _name, init);
        Node.Events.Write(pod.Pod, "Warning", "Failed", "Error: ErrImagePull", _name, init);
        State.Wait("ErrImagePull", message);
        pod.Publish();
        await Task.Delay(FirstBackOff, Node.Time, stopping);
        Node.Events.Write(pod.Pod, "Normal", "BackOff", $"Back-off pulling image \"{name}\"", _name, init);
        Node.Events.Write(pod.Pod, "Warning", "Failed", "Error: ImagePullBackOff", _name, init);
        State.Wait("ImagePullBackOff", $"Back-off pulling image \"{name}\": ErrImagePull: {message}");
    }

    // Everything around a running program: postStart, probes. A liveness probe that has failed ends it.
    private async Task CareAsync(RunningContainer running, CancellationToken ended)
    {
        try
        {
            await HookAsync("postStart", running, ended);
            var probes = new ContainerProbes(kind => spec[kind] is JsonObject probe ? new(Node.Sandbox, probe, spec, pod.Ip) : null, running, State, Node.Time)
            {
                Scratch = Path.GetDirectoryName(running.Log.File)!,
                Changed = () =>
                {
                    _started.TrySetResult();
                    pod.Publish();
                },
                Failed = (kind, message) => Node.Events.Write(pod.Pod, "Warning", "Unhealthy", $"{kind} probe failed: {message}", _name, init),
            };
            var which = await probes.RunAsync(ended);
            Node.Events.Write(pod.Pod, "Normal", "Killing", $"Container {_name} failed {which} probe, will be restarted", _name, init);
            await StopAsync(pod.GracePeriod);
        }
        catch (OperationCanceledException)
        {
            // The program has ended, or is to end.
        }
    }

    private async Task HookAsync(string hook, RunningContainer running, CancellationToken cancellation)
    {
        if (spec.At("lifecycle", hook, "exec", "command") is JsonArray command)
        {
            var result = await running.ExecAsync([.. command.Select(a => a.Text())], Path.GetDirectoryName(running.Log.File)!, cancellation);
            if (result.ExitCode != 0)
                Node.Events.Write(pod.Pod, "Warning", hook == "preStop" ? "FailedPreStopHook" : "FailedPostStartHook", $"{hook} hook exited with {result.ExitCode}", _name, init);
        }
        else if (spec.At("lifecycle", hook, "sleep", "seconds") is { } seconds)
        {
            await Task.Delay(TimeSpan.FromSeconds(seconds.Number()), Node.Time, cancellation);
        }
    }

    private async Task BackOffAsync(TimeSpan backOff, CancellationToken stopping)
    {
        var uid = pod.Pod.Uid;
        State.Wait("CrashLoopBackOff", $"back-off {backOff.TotalSeconds:0}s restarting failed container={_name} pod={pod.Pod.Name}_{pod.Pod.Namespace}({uid})");
        Node.Events.Write(pod.Pod, "Warning", "BackOff", $"Back-off restarting failed container {_name} in pod {pod.Pod.Name}_{pod.Pod.Namespace}({uid})", _name, init);
        pod.Publish();
        await Task.Delay(backOff, Node.Time, stopping);
    }
}
