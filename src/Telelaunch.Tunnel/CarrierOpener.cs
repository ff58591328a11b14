using System.Net.WebSockets;
using Telelaunch.Mux;
using Telelaunch.Net;
using Telelaunch.Tunnel.PortForward;
using Telelaunch.Tunnel.Ssh;

namespace Telelaunch.Tunnel;

/// <summary>Opens carriers of one session, each up to a mux that works.</summary>
internal sealed class CarrierOpener(PortForwardConnector connector, SessionKeys keys, TunnelOptions options)
{
    /// <summary>Opens a port-forward, what is wanted inside it, and the mux on top.</summary>
    /// <exception cref="TelelaunchException">The first cause: what the API server, the pod's runtime, sshd or the agent said.</exception>
    public async Task<Carrier> OpenAsync(IProgress<TunnelPhase>? progress, CancellationToken cancellationToken)
    {
        using var bound = new CancellationTokenSource(options.AttemptTimeout, options.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(bound.Token, cancellationToken);
        try
        {
            return await OpenStepsAsync(progress, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw TunnelFault.TimedOut(options.AttemptTimeout);
        }
    }

    private async Task<Carrier> OpenStepsAsync(IProgress<TunnelPhase>? progress, CancellationToken cancellationToken)
    {
        long start = options.Time.GetTimestamp();
        CarrierStream stream = await OpenForwardAsync(cancellationToken);
        Report(TunnelStep.ForwardOpened);
        if (options.Carrier == CarrierKind.Ssh)
        {
            stream = await SshCarrier.OpenAsync(stream, keys, options, cancellationToken);
            Report(TunnelStep.SshSession);
        }

        try
        {
            MuxClient mux = await MuxClient.ConnectAsync(stream, keys.Secret, options.Mux, cancellationToken);
            Report(TunnelStep.MuxUp);
            return new Carrier(mux, stream);
        }
        catch (Exception) when (stream.Failure is not null && !cancellationToken.IsCancellationRequested)
        {
            // The mux only sees its stream end; what the stream was told is the cause.
            throw stream.Failure;
        }

        void Report(TunnelStep step)
        {
            progress?.Report(new TunnelPhase(step, options.Time.GetElapsedTime(start)));
            start = options.Time.GetTimestamp();
        }
    }

    private async Task<CarrierStream> OpenForwardAsync(CancellationToken cancellationToken)
    {
        int port = options.Carrier == CarrierKind.Ssh ? options.SshPort : options.AgentPort;
        try
        {
            WebSocket socket = await connector(port, cancellationToken);
            return new PortForwardStream(socket, port, options.Time);
        }
        catch (Exception e) when (e is WebSocketException or HttpRequestException or IOException)
        {
            throw TunnelFault.PortForwardLost(port, e);
        }
    }
}
