using System.Collections.Concurrent;
using System.Net;

using Telelaunch.Mux.Flows;
using Telelaunch.Mux.Frames;
using Telelaunch.Net;

namespace Telelaunch.Mux.Carriers;

/// <summary>The agent's listeners of one carrier: LISTEN → LISTENING, and an ACCEPTED for each connection that comes.</summary>
internal sealed class PodListeners(MuxConnection connection, Listen listen)
{
    private readonly ConcurrentDictionary<uint, CancellationTokenSource> _listeners = new();

    public void Start(uint number, IPEndPoint podEndPoint)
    {
        var stop = new CancellationTokenSource();
        _listeners[number] = stop;
        connection.Running.Start(() => RunAsync(number, podEndPoint, stop));
    }

    /// <summary>The client's RST for a listener, or for one that is gone.</summary>
    public void Stop(uint number)
    {
        if (_listeners.TryRemove(number, out CancellationTokenSource? stop))
            connection.Running.Start(stop.CancelAsync);
    }

    public void StopAll()
    {
        foreach (uint number in _listeners.Keys)
            Stop(number);
    }

    private async Task RunAsync(uint number, IPEndPoint podEndPoint, CancellationTokenSource stop)
    {
        try
        {
            ListenResult result = await listen(podEndPoint, stop.Token);
            if (result.Listener is null)
            {
                connection.Writer.SendNumber(FrameType.Failed, number, result.Errno);
                return;
            }

            await using FlowListener listener = result.Listener;
            SendListening(number, listener.PodEndPoint);
            while (true)
            {
                AcceptedFlow accepted = await listener.AcceptAsync(stop.Token);
                connection.Running.Start(() => OfferAsync(number, accepted));
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // RST by the client, or the carrier's end.
        }
        catch (IOException)
        {
            // The listener can't go on: the client may ask again.
            connection.Writer.SendNumber(FrameType.Rst, number, Errno.ECONNABORTED);
        }
        catch (Exception error)
        {
            // Before the peer knows of it: what it does next may depend on the report.
            connection.Options.FlowFault?.Invoke(error);
            connection.Writer.SendNumber(FrameType.Rst, number, Errno.ECONNABORTED);
        }
        finally
        {
            Stop(number);
        }
    }

    private void SendListening(uint number, IPEndPoint podEndPoint)
    {
        Span<byte> payload = stackalloc byte[20];
        var writer = new PayloadWriter(payload);
        writer.WriteEndPoint(podEndPoint);
        connection.Writer.Send(FrameType.Listening, number, payload[..writer.Written]);
    }

    /// <summary>Offers a caller to the client; one that isn't taken is reset.</summary>
    private async Task OfferAsync(uint number, AcceptedFlow accepted)
    {
        try
        {
            byte[] payload = new byte[28];
            int size = WriteAccepted(payload, number, accepted.Caller);
            DialResult taken = await connection.Outgoing.OpenAsync(FrameType.Accepted, payload.AsMemory(0, size), 0, CancellationToken.None);
            if (taken.Stream is null)
            {
                accepted.Stream.Abort(taken.Errno);
                await accepted.Stream.DisposeAsync();
                return;
            }

            await new StreamRelay(accepted.Stream, taken.Stream).RunAsync(CancellationToken.None);
        }
        catch (Exception error)
        {
            accepted.Stream.Abort();
            connection.Options.FlowFault?.Invoke(error);
        }
    }

    private static int WriteAccepted(Span<byte> payload, uint number, IPEndPoint caller)
    {
        var writer = new PayloadWriter(payload);
        writer.WriteUInt32(number);
        writer.WriteUInt32(FlowReceiver.InitialWindow);
        writer.WriteEndPoint(caller);
        return writer.Written;
    }
}
