using System.Net;
using Telelaunch.Mux;
using Telelaunch.Net;

namespace Telelaunch.Tunnel;

/// <summary>A listener in the pod that is wanted until it is disposed: when its carrier is lost, it is opened again on the next.</summary>
/// <remarks>It lives on one carrier, whichever was the least loaded. Flows that came by a lost one are reset with it, as all its flows.</remarks>
internal sealed class KeptListener : IAsyncDisposable
{
    // A port that was taken while the tunnel was down may be free again: a container of the pod that restarts.
    private static readonly TimeSpan RefusedPause = TimeSpan.FromSeconds(2);

    private readonly IPEndPoint _podEndPoint;
    private readonly Dialer _accept;
    private readonly Action<int> _changed;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _keeping;

    public KeptListener(MuxListener first, IPEndPoint podEndPoint, Dialer accept, Action<int> changed, LiveCarriers live, TimeProvider time)
    {
        _podEndPoint = podEndPoint;
        _accept = accept;
        _changed = changed;
        _keeping = KeepAsync(first, live, time);
    }

    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested)
            return;
        await _stop.CancelAsync();
        await _keeping;
        _stop.Dispose();
    }

    private async Task KeepAsync(MuxListener listener, LiveCarriers live, TimeProvider time)
    {
        MuxListener? open = listener;
        try
        {
            while (open is not null)
            {
                int errno;
                await using (open)
                    errno = await open.Completion.WaitAsync(_stop.Token);
                _changed(errno);
                open = await ReopenAsync(errno, live, time);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // It isn't wanted any more.
        }
    }

    /// <returns>Null when the tunnel is lost for good.</returns>
    private async Task<MuxListener?> ReopenAsync(int told, LiveCarriers live, TimeProvider time)
    {
        while (await live.WaitAtEaseAsync(_stop.Token) is { } carrier)
        {
            MuxListenResult result = await carrier.Mux.ListenAsync(_podEndPoint, _accept, _stop.Token);
            if (result.Listener is not null)
            {
                _changed(0);
                return result.Listener;
            }

            if (!carrier.TakesFlows)
                continue;
            if (result.Errno != told)
                _changed(told = result.Errno);
            await Task.Delay(RefusedPause, time, _stop.Token);
        }

        return null;
    }
}
