using Telelaunch.Playground.Node.Containers;

namespace Telelaunch.Playground.Node.Pods;

/// <summary>The three probes of one running container: startup first, then readiness and liveness side by side.</summary>
internal sealed class ContainerProbes(Func<string, Probe?> probeOf, RunningContainer container, ContainerState state, TimeProvider time)
{
    /// <summary>Called after each change of <see cref="ContainerState.Ready"/> or <see cref="ContainerState.Started"/>.</summary>
    public required Action Changed { get; init; }

    /// <summary>Called with the kind and message of each failed try.</summary>
    public required Action<string, string> Failed { get; init; }

    /// <summary>A directory for the runtime's files.</summary>
    public required string Scratch { get; init; }

    /// <summary>Runs until cancelled, or until the container has to be killed: then the name of the probe that says so.</summary>
    public async Task<string> RunAsync(CancellationToken cancellation)
    {
        if (probeOf("startupProbe") is { } startup && !await RepeatAsync("Startup", startup, success => success, cancellation))
            return "startup";
        state.Started = true;
        state.Ready = probeOf("readinessProbe") is null;
        Changed();
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var readiness = RunReadinessAsync(ends.Token);
        var liveness = probeOf("livenessProbe") is { } probe ? RepeatAsync("Liveness", probe, _ => false, ends.Token) : Task.Delay(Timeout.Infinite, ends.Token);
        await await Task.WhenAny(readiness, liveness);
        await ends.CancelAsync();
        return "liveness";
    }

    private async Task RunReadinessAsync(CancellationToken cancellation)
    {
        if (probeOf("readinessProbe") is not { } probe)
        {
            await Task.Delay(Timeout.Infinite, cancellation);
            return;
        }
        await Task.Delay(probe.InitialDelay, time, cancellation);
        var (successes, failures) = (0, 0);
        while (true)
        {
            var result = await probe.TryAsync(container, Scratch, cancellation);
            (successes, failures) = result.Success ? (successes + 1, 0) : (0, failures + 1);
            if (!result.Success)
                Failed("Readiness", result.Message);
            var ready = state.Ready ? failures < probe.FailureThreshold : successes >= probe.SuccessThreshold;
            if (ready != state.Ready)
            {
                state.Ready = ready;
                Changed();
            }
            await Task.Delay(probe.Period, time, cancellation);
        }
    }

    /// <summary>True when <paramref name="enough"/> says so after a success; false after too many failures.</summary>
    private async Task<bool> RepeatAsync(string kind, Probe probe, Func<bool, bool> enough, CancellationToken cancellation)
    {
        await Task.Delay(probe.InitialDelay, time, cancellation);
        for (var failures = 0; ;)
        {
            var result = await probe.TryAsync(container, Scratch, cancellation);
            if (result.Success && enough(true))
                return true;
            failures = result.Success ? 0 : failures + 1;
            if (!result.Success)
                Failed(kind, result.Message);
            if (failures >= probe.FailureThreshold)
                return false;
            await Task.Delay(probe.Period, time, cancellation);
        }
    }
}
