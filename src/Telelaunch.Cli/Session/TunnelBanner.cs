using Telelaunch.Cli.Output;
using Telelaunch.Tunnel;

namespace Telelaunch.Cli.Session;

/// <summary>Says loudly when the tunnel goes down, comes back, or is given up, and tells the broker.</summary>
/// <remarks>
/// When it is given up the command goes on: it may have work to finish that needs no cluster, and ending it is its owner's decision. Its connects fail with
/// ENETUNREACH from then on, and the launcher ends with 124 once it has ended.
/// </remarks>
internal sealed class TunnelBanner(Screen screen, Broker.Broker broker)
{
    private static readonly string Rule = new('=', 78);

    private readonly TaskCompletionSource _lost = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Given up for good.</summary>
    public bool IsLost => _lost.Task.IsCompleted;

    /// <summary>Completes when it is given up for good.</summary>
    public Task Lost => _lost.Task;

    public void Show(object? sender, TunnelStateChange change)
    {
        switch (change.State)
        {
            case TunnelState.Up:
                broker.SetTunnelState(Telelaunch.Broker.TunnelState.Up);
                screen.Say("the tunnel to the cluster is back; connections that were open have been reset");
                break;
            case TunnelState.Down:
                broker.SetTunnelState(Telelaunch.Broker.TunnelState.Reconnecting);
                Raise($"THE TUNNEL TO THE CLUSTER IS DOWN: {change.Reason?.Message}", "Open connections are reset, new ones wait while it is tried again.");
                break;
            case TunnelState.Lost:
                broker.SetTunnelState(Telelaunch.Broker.TunnelState.Down);
                Raise($"THE TUNNEL TO THE CLUSTER IS LOST FOR GOOD: {change.Reason?.Message}",
                    $"{change.Reason?.Remedy} What runs goes on without the cluster; telelaunch will end with {ExitCodes.TunnelLost}.");
                _lost.TrySetResult();
                break;
        }
    }

    /// <summary>The helper that routes for the machine has ended by itself.</summary>
    public void ShowRoutingLost()
    {
        Raise("THIS MACHINE IS NO LONGER ROUTED INTO THE CLUSTER: the helper has ended.",
            $"Name servers and routes are as they were before. telelaunch will end with {ExitCodes.TunnelLost}.");
        _lost.TrySetResult();
    }

    private void Raise(string cause, string what) => screen.WriteError($"\ntelelaunch: {Rule}\ntelelaunch: {cause}\ntelelaunch: {what}\ntelelaunch: {Rule}\n");
}
