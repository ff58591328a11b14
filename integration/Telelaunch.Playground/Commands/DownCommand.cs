using System.Diagnostics;
using Telelaunch.Playground.Node;

namespace Telelaunch.Playground.Commands;

/// <summary>Ends the playground and removes what is left of it, also of one whose daemon was killed.</summary>
internal static class DownCommand
{
    public static async Task<int> RunAsync(Options options, CancellationToken cancellation)
    {
        var state = options.State;
        if (!state.Exists)
            return 0;
        if (state.DaemonId is { } id)
        {
            using var daemon = Process.GetProcessById(id);
            Daemonize.Terminate(id);
            await daemon.WaitForExitAsync(cancellation);
        }
        await PlaygroundNode.CleanUpAsync(state.Path, cancellation);
        state.Remove();
        return 0;
    }
}
