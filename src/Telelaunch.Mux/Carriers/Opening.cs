using Telelaunch.Net;

namespace Telelaunch.Mux.Carriers;

/// <summary>Runs a handshake within its time; a carrier whose handshake fails is closed.</summary>
internal static class Opening
{
    /// <exception cref="TunnelException">Also <c>handshake-timed-out</c> and <c>carrier-lost</c>.</exception>
    public static async Task RunAsync(Stream carrier, MuxOptions options, Func<CancellationToken, Task> handshake, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(options.HandshakeTimeout, options.TimeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        bool opened = false;
        try
        {
            // Some streams (a port-forward's) don't heed a token once a read has begun.
            await handshake(either.Token).WaitAsync(either.Token);
            opened = true;
        }
        catch (OperationCanceledException error) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new TunnelException(
                "handshake-timed-out",
                $"The other side said nothing for {options.HandshakeTimeout.TotalSeconds} s when the carrier opened.",
                "Look at the agent's log: kubectl logs POD.",
                error);
        }
        catch (IOException error)
        {
            throw new TunnelException("carrier-lost", $"The carrier failed while it opened: {error.Message}", "Try again.", error);
        }
        finally
        {
            if (!opened)
                await carrier.DisposeAsync();
        }
    }
}
