using System.Net;

using Telelaunch.Mux.Flows;
using Telelaunch.Mux.Frames;
using Telelaunch.Net;

namespace Telelaunch.Mux.Carriers;

/// <summary>Flows that the peer asks for: OPEN at the agent, ACCEPTED at the client. Each is dialled and relayed.</summary>
internal sealed class IncomingFlows(MuxConnection connection)
{
    private uint _lastId;

    /// <summary>A number of the peer: never 0, of its parity, above all before.</summary>
    public void CheckNumber(uint id, bool odd)
    {
        if (id <= _lastId || (id & 1) != (odd ? 1 : 0))
            throw new ProtocolException($"number {id} after {_lastId}");
        _lastId = id;
        connection.CheckLoad();
    }

    /// <summary>Registers the flow and starts to dial for it.</summary>
    /// <param name="firstData">Data that came with the request.</param>
    public void Start(uint id, int peerWindow, ReadOnlySpan<byte> firstData, IPEndPoint endPoint, Dialer dial)
    {
        MuxFlow flow = connection.AddFlow(id, peerWindow, observesReset: true);
        if (!firstData.IsEmpty)
            flow.OnData(firstData);
        connection.Running.Start(() => ServeAsync(flow, endPoint, dial));
    }

    private async Task ServeAsync(MuxFlow flow, IPEndPoint endPoint, Dialer dial)
    {
        try
        {
            DialResult result = await dial(endPoint, flow.ResetToken);
            if (result.Stream is null)
            {
                flow.Fail(result.Errno);
                connection.Writer.SendNumber(FrameType.Failed, flow.Id, result.Errno);
                return;
            }

            SendOpened(flow, result.PodEndPoint);
            await new StreamRelay(flow, result.Stream).RunAsync(CancellationToken.None);
        }
        catch (OperationCanceledException) when (flow.ResetToken.IsCancellationRequested)
        {
            // The peer has reset the flow: nobody waits for an answer.
        }
        catch (Exception error)
        {
            // Before the peer knows of it: what it does next may depend on the report.
            connection.Options.FlowFault?.Invoke(error);
            flow.Abort(Errno.ECONNABORTED);
        }
    }

    private void SendOpened(MuxFlow flow, IPEndPoint? endPoint)
    {
        Span<byte> payload = stackalloc byte[24];
        var writer = new PayloadWriter(payload);
        writer.WriteUInt32(FlowReceiver.InitialWindow);
        writer.WriteEndPoint(endPoint ?? new IPEndPoint(IPAddress.Any, 0));
        connection.Writer.SendHere(FrameType.Opened, flow.Id, payload[..writer.Written]);
    }
}
