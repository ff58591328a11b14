using Telelaunch.Cli.Output;
using Telelaunch.Cluster;
using Telelaunch.Tunnel;

namespace Telelaunch.Cli.Session;

/// <summary>Shows the phases of a session's start, each with its time.</summary>
/// <remarks>What the cluster and the tunnel report is the end of a phase; the next one begins there.</remarks>
internal sealed class SessionPhases(IProgressDisplay display, TimeProvider time)
{
    private readonly Lock _reporting = new();
    private (string Name, long Since)? _current;

    /// <summary>Runs one phase.</summary>
    public async Task ShowAsync(string name, Func<Task> phase)
    {
        var since = time.GetTimestamp();
        display.Began(name);
        await phase();
        display.Ended(name, name, time.GetElapsedTime(since));
    }

    public void BeginPod() => Begin("pod created");

    public void Report(AgentProgress progress)
    {
        switch (progress.Phase)
        {
            case AgentPhase.Notice:
                display.Note(progress.Detail ?? "");
                break;
            case AgentPhase.Created:
                Next("pod created", "pod scheduled");
                break;
            case AgentPhase.Scheduled:
                Next(progress.Detail is { } node ? $"pod scheduled on {node}" : "pod scheduled", "image pulled");
                break;
            case AgentPhase.ImagePulled:
                Next("image pulled", "agent ready");
                break;
            case AgentPhase.Ready:
                Next("agent ready", "port-forward open");
                break;
        }
    }

    public void Report(TunnelPhase progress, bool isSsh)
    {
        switch (progress.Step)
        {
            case TunnelStep.ForwardOpened:
                Next("port-forward open", isSsh ? "SSH session" : "tunnel up");
                break;
            case TunnelStep.SshSession:
                Next("SSH session", "tunnel up");
                break;
            case TunnelStep.MuxUp:
                Next("tunnel up", null);
                break;
        }
    }

    private void Begin(string name)
    {
        lock (_reporting)
        {
            _current = (name, time.GetTimestamp());
            display.Began(name);
        }
    }

    private void Next(string done, string? next)
    {
        lock (_reporting)
        {
            var now = time.GetTimestamp();
            if (_current is var (name, since))
            {
                display.Ended(name, done, time.GetElapsedTime(since, now));
                _current = null;
            }
            if (next is null) return;
            _current = (next, now);
            display.Began(next);
        }
    }
}
