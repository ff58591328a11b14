using System.Net;
using System.Net.Sockets;
using ARSoft.Tools.Net;
using ARSoft.Tools.Net.Dns;

namespace Telelaunch.Playground.Tests.Node;

/// <summary>A resolver on loopback that knows one name: <see cref="Name"/>. The playground in tests asks it for what isn't the cluster's.</summary>
public sealed class OutsideDns : IAsyncDisposable
{
    public const string Name = "outside.example";
    public const string Address = "192.0.2.77";

    private readonly CancellationTokenSource _stop = new();
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly Task _running;

    public OutsideDns()
    {
        _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _running = RunAsync(_stop.Token);
    }

    public IPEndPoint EndPoint => (IPEndPoint)_socket.LocalEndPoint!;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _running);
        _socket.Dispose();
        _stop.Dispose();
    }

    private async Task RunAsync(CancellationToken cancellation)
    {
        var buffer = new byte[4096];
        while (true)
        {
            var received = await _socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), cancellation);
            var query = DnsMessage.Parse(buffer.AsSpan(0, received.ReceivedBytes).ToArray());
            var (question, answer) = (query.Questions[0], query.CreateResponseInstance());
            var known = question.Name.Equals(DomainName.Parse(Name));
            answer.ReturnCode = known ? ReturnCode.NoError : ReturnCode.NxDomain;
            if (known && question.RecordType == RecordType.A)
                answer.AnswerRecords.Add(new ARecord(question.Name, 30, IPAddress.Parse(Address)));
            await _socket.SendToAsync(Playground.Node.Dns.DnsWire.Encode(answer), received.RemoteEndPoint, cancellation);
        }
    }
}
