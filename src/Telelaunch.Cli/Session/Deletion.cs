using Telelaunch.Net;

namespace Telelaunch.Cli.Session;

/// <summary>Deletes what a session has made, at its end. What isn't deleted now is left to the guard, which goes on when the user believes that all is over.</summary>
internal static class Deletion
{
    private static readonly TimeSpan[] Pauses = [TimeSpan.FromMilliseconds(200), TimeSpan.FromMilliseconds(800)];

    /// <summary>Tries it, and again after what may pass: a connection that breaks, an API server that starts again or has too much to do.</summary>
    /// <param name="delete">Gives up when its token is cancelled.</param>
    /// <exception cref="ClusterException">What the last attempt met, or the first where another would meet it again.</exception>
    public static async Task RunAsync(Func<CancellationToken, Task> delete, TimeProvider time, CancellationToken cancellationToken)
    {
        foreach (var pause in Pauses)
        {
            try
            {
                await delete(cancellationToken);
                return;
            }
            catch (ClusterException error) when (error.Code is "api-connection-lost" or "api-unreachable" or "api-overloaded" or "api-error")
            {
                await Task.Delay(pause, time, cancellationToken);
            }
        }
        await delete(cancellationToken);
    }
}
