using Telelaunch.Net;

namespace Telelaunch.Tunnel;

/// <summary>Keeps one carrier open: waits for its end, opens the next, with growing waits in between.</summary>
internal sealed class CarrierSlot(CarrierOpener opener, LiveCarriers live, TunnelOptions options)
{
    private readonly RetryDelay _delay = new(options.FirstRetry, options.LongestRetry);

    /// <param name="carrier">The carrier to begin with, owned from now on; null to open one.</param>
    /// <returns>When it is cancelled, or no further attempt makes sense. Never faults.</returns>
    public async Task RunAsync(Carrier? carrier, CancellationToken cancellationToken)
    {
        try
        {
            if (carrier is not null)
                await KeepAsync(carrier, cancellationToken);
            bool isFirst = carrier is null;
            TimeSpan left = Timeout.InfiniteTimeSpan;
            while (left != TimeSpan.Zero)
            {
                if (!isFirst)
                    await _delay.WaitAsync(left, live.Wanted, options.Time, cancellationToken);
                isFirst = false;
                (carrier, left) = await TryOpenAsync(cancellationToken);
                if (carrier is not null)
                    await KeepAsync(carrier, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The tunnel is being closed.
        }
        catch (Exception e)
        {
            live.GiveUp(TunnelFault.Defect(e));
        }
    }

    /// <summary>Lends the carrier to dials until it ends.</summary>
    private async Task KeepAsync(Carrier carrier, CancellationToken cancellationToken)
    {
        await using (carrier)
        {
            long start = options.Time.GetTimestamp();
            live.Add(carrier);
            TunnelException reason = TunnelFault.CarrierClosed();
            try
            {
                reason = await carrier.WaitForEndAsync().WaitAsync(cancellationToken);
            }
            finally
            {
                live.Remove(carrier, reason);
            }

            // One that ended soon counts as a failed attempt, or a pod that hangs up at once would be called without a pause.
            if (options.Time.GetElapsedTime(start) >= options.LongestRetry)
                _delay.Reset();
        }
    }

    private async Task<(Carrier? Carrier, TimeSpan Left)> TryOpenAsync(CancellationToken cancellationToken)
    {
        try
        {
            return (await opener.OpenAsync(null, cancellationToken), Timeout.InfiniteTimeSpan);
        }
        catch (TelelaunchException e)
        {
            return (null, live.TakeFailure(TunnelFault.Of(e)));
        }
    }
}
