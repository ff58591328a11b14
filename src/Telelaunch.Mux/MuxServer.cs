using System.Net;
using System.Text;

using Telelaunch.Mux.Carriers;
using Telelaunch.Mux.Frames;
using Telelaunch.Net;

namespace Telelaunch.Mux;

/// <summary>The agent's end of one carrier: dials, listens and resolves for the client.</summary>
public sealed class MuxServer : IAsyncDisposable
{
    private readonly MuxConnection _connection;

    private MuxServer(Stream carrier, PodServices services, MuxOptions options)
        => _connection = new Role(carrier, services, options).Connection;

    /// <summary>Ends when the carrier is over, with the reason; never faults.</summary>
    public Task<CarrierEnd> Completion => _connection.Completion;

    /// <summary>Flows open at this moment.</summary>
    public int OpenFlows => _connection.OpenFlows;

    /// <summary>Opens the agent's end: proves the secret both ways, sends POD, then serves until <see cref="Completion"/>.</summary>
    /// <param name="carrier">Owned by the server from now on, also when this throws.</param>
    /// <param name="secret">The session's secret, 32 bytes.</param>
    /// <exception cref="TunnelException">The client isn't this session's (<c>client-not-authentic</c>), speaks another version
    /// (<c>client-version-mismatch</c>), hung up (<c>client-hung-up</c>) or took too long (<c>handshake-timed-out</c>).</exception>
    public static async Task<MuxServer> AcceptAsync(
        Stream carrier, ReadOnlyMemory<byte> secret, PodServices services, MuxOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(carrier);
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(options);
        await Opening.RunAsync(carrier, options, token => Handshake.AcceptAsync(carrier, secret, token), cancellationToken);
        return new(carrier, services, options);
    }

    /// <summary>Tells the client why the agent ends, then closes the carrier; flows are reset.</summary>
    public async ValueTask GoAwayAsync(string reason)
    {
        ArgumentNullException.ThrowIfNull(reason);
        byte[] text = Encoding.UTF8.GetBytes(reason);
        _connection.Writer.Send(FrameType.GoAway, 0, text.AsSpan(0, Math.Min(text.Length, 1024)));
        await DisposeAsync();
    }

    /// <summary>Closes the carrier; flows are reset.</summary>
    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    private sealed class Role : IMuxRole
    {
        private readonly PodServices _services;
        private readonly PodListeners _listeners;

        public Role(Stream carrier, PodServices services, MuxOptions options)
        {
            _services = services;
            Connection = new(carrier, options, this, firstNumber: 2);
            _listeners = new(Connection, services.Listen);
            SendPod(services.Describe());
            Connection.Start();
        }

        public MuxConnection Connection { get; }

        public bool OnFrame(FrameHeader header, ReadOnlySpan<byte> payload)
        {
            switch (header.Type)
            {
                case FrameType.Open:
                    OnOpen(header.Flow, payload);
                    return true;
                case FrameType.Listen:
                    Connection.Incoming.CheckNumber(header.Flow, odd: true);
                    var reader = new PayloadReader(payload);
                    IPEndPoint podEndPoint = reader.ReadEndPoint();
                    reader.End();
                    _listeners.Start(header.Flow, podEndPoint);
                    return true;
                case FrameType.Resolve:
                    Connection.Incoming.CheckNumber(header.Flow, odd: true);
                    ResolveFrame question = ResolveFrame.Read(payload);
                    Connection.Running.Start(() => AnswerAsync(header.Flow, () => ResolveAsync(question)));
                    return true;
                case FrameType.Environment:
                    Connection.Incoming.CheckNumber(header.Flow, odd: true);
                    uint offset = EnvironmentFrame.ReadOffset(payload);
                    Connection.Running.Start(() => AnswerAsync(header.Flow, () => Task.FromResult(EnvironmentFrame.Answer(_services.ReadEnvironment().Span, offset))));
                    return true;
                default:
                    return false;
            }
        }

        public void OnFailed(uint number, int errno) => _listeners.Stop(number);

        public void OnEnd(CarrierEnd end) => _listeners.StopAll();

        private void SendPod(PodDescription pod)
        {
            byte[] payload = new byte[FrameHeader.MaxPayload];
            Connection.Writer.Send(FrameType.Pod, 0, payload.AsSpan(0, PodFrame.Write(pod, payload)));
        }

        private void OnOpen(uint flow, ReadOnlySpan<byte> payload)
        {
            Connection.Incoming.CheckNumber(flow, odd: true);
            // FAMILY 1 | ZERO 1 | PORT 2 | ADDRESS 4|16 | WINDOW 4 | first data
            var reader = new PayloadReader(payload);
            IPEndPoint destination = reader.ReadEndPoint();
            int window = reader.ReadWindow();
            Connection.Incoming.Start(flow, window, reader.ReadRest(), destination, _services.Dial);
        }

        private async Task AnswerAsync(uint number, Func<Task<byte[]>> answer)
        {
            try
            {
                byte[] payload = await answer();
                Connection.Writer.Send(FrameType.Resolved, number, payload);
            }
            catch (OperationCanceledException) when (Connection.Stopped.IsCancellationRequested)
            {
                // Nobody is left to answer.
            }
            catch (Exception error)
            {
                // Before the peer knows of it: what it does next may depend on the report.
                Connection.Options.FlowFault?.Invoke(error);
                Connection.Writer.SendNumber(FrameType.Failed, number, Errno.EAGAIN);
            }
        }

        private async Task<byte[]> ResolveAsync(ResolveFrame question)
        {
            IPodResolver resolver = _services.Resolver;
            byte[] payload = new byte[FrameHeader.MaxPayload];
            int size = question.Kind switch
            {
                ResolveKind.Addresses => ResolvedFrame.Write(
                    await resolver.LookUpAddressesAsync(question.HostName!, question.Families, Connection.Stopped), payload),
                ResolveKind.Names => ResolvedFrame.Write(await resolver.LookUpNamesAsync(question.Address!, Connection.Stopped), payload),
                _ => ResolvedFrame.Write((await resolver.QueryAsync(question.Query, Connection.Stopped)).Span, payload),
            };
            return payload[..size];
        }
    }
}
