using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Telelaunch.Linux;
using Telelaunch.Net;

namespace Telelaunch.Broker;

/// <summary>A name server that applications ask by UDP, and whose it is.</summary>
/// <param name="IsPods">The pod's own: every question to it goes to the pod.</param>
internal readonly record struct NameServer(IPAddress Address, IPAddress Loopback, bool IsPods);

/// <summary>Answers datagrams that the shim redirects from port 53 of a listed name server to an address of its own in 127.84.0.0/16.</summary>
/// <remarks>
/// Cluster names are answered from the pod. Everything else goes to the listed server byte by byte, each question from a socket of its own that is
/// connected to the server, so that the kernel lets nobody else answer it. A datagram is never trusted: what can't be read is relayed, or dropped.
/// Loopback is everybody's, so only sockets of this user get an answer; the first stranger is logged.
/// </remarks>
internal sealed class NameServerListener : IAsyncDisposable
{
    private const int DnsPort = 53;
    private const int MaximumDatagram = 65_535;
    private const int MaximumQuestions = 512;

    // resolv.conf(5) lets an asker wait 5 s before it asks again.
    private static readonly TimeSpan UpstreamPatience = TimeSpan.FromSeconds(5);

    private readonly PodNames _names;
    private readonly LoopProbe _probe;
    private readonly LearntAddresses _learnt;
    private readonly FlowContext _context;
    private readonly List<Socket> _sockets = [];
    private readonly OpenTasks _questions = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _receiving = [];
    private int _strangers;

    internal NameServerListener(PodNames names, LoopProbe probe, LearntAddresses learnt, FlowContext context)
    {
        _names = names;
        _probe = probe;
        _learnt = learnt;
        _context = context;
    }

    /// <summary>Binds one socket a name server, all on this port. False when the port is taken: nothing is left bound then.</summary>
    internal static bool TryBind(IReadOnlyList<NameServer> servers, int port, out List<Socket> sockets)
    {
        sockets = [];
        try
        {
            foreach (NameServer server in servers)
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
                sockets.Add(socket);
                socket.Bind(new IPEndPoint(server.Loopback, port));
            }

            return true;
        }
        catch (SocketException)
        {
            foreach (Socket socket in sockets)
                socket.Dispose();
            sockets = [];
            return false;
        }
    }

    /// <summary>Starts answering. Owns the sockets.</summary>
    internal void Start(IReadOnlyList<NameServer> servers, IReadOnlyList<Socket> sockets)
    {
        for (int i = 0; i < servers.Count; i++)
        {
            _sockets.Add(sockets[i]);
            _receiving.Add(RunAsync(servers[i], sockets[i], _stop.Token));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        foreach (Socket socket in _sockets)
            socket.Dispose();
        await Task.WhenAll(_receiving);
        await _questions.WhenAllAsync();
        _stop.Dispose();
    }

    private async Task RunAsync(NameServer server, Socket socket, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[MaximumDatagram];
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                SocketReceiveFromResult received = await socket.ReceiveFromAsync(buffer, SocketFlags.None, new IPEndPoint(IPAddress.Any, 0), cancellationToken);
                if (received.ReceivedBytes < DnsQuestion.HeaderLength || _questions.Count >= MaximumQuestions)
                    continue;
                byte[] query = buffer[..received.ReceivedBytes];
                _questions.Run(() => AnswerAsync(server, socket, query, received.RemoteEndPoint, cancellationToken));
            }
            catch (Exception error) when (error is OperationCanceledException or ObjectDisposedException or SocketException)
            {
                // An ICMP error of an earlier answer ends up here (udp(7)): the asker has gone, the socket goes on.
            }
        }
    }

    private async Task AnswerAsync(NameServer server, Socket socket, byte[] query, EndPoint asker, CancellationToken cancellationToken)
    {
        await Task.Yield();
        try
        {
            if (!DatagramOwner.IsUser((IPEndPoint)asker, PeerCredentials.CurrentUserId))
            {
                if (Interlocked.Exchange(ref _strangers, 1) == 0)
                    _context.Logger.LogWarning("A DNS question from {Asker} was dropped: its socket isn't this user's, or is closed", asker);
                return;
            }

            ReadOnlyMemory<byte> answer = await DecideAsync(server, query, cancellationToken);
            if (!answer.IsEmpty)
                await socket.SendToAsync(answer, SocketFlags.None, asker, cancellationToken);
        }
        catch (Exception error) when (error is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // The asker, or the session, has gone.
        }
        catch (Exception error)
        {
            _context.Logger.LogError(error, "A DNS question of {Length} bytes could not be answered", query.Length);
        }
    }

    private async ValueTask<ReadOnlyMemory<byte>> DecideAsync(NameServer server, byte[] query, CancellationToken cancellationToken)
    {
        if (!DnsQuestion.TryRead(query, out DnsQuestion question))
            return server.IsPods ? default : await RelayAsync(server, query, cancellationToken);
        if (_probe.Recognizes(question) || (_probe.Detected && ComesBack(question)))
            return DnsAnswer.Empty(query, question, DnsAnswer.NoSuchName);
        if (server.IsPods || (question.ReverseAddress() is IPAddress reverse && _learnt.GoesToCluster(reverse)))
            return await AskPodAsync(query, question, cancellationToken);

        NameDecision decision = _names.Policy.Decide(question.Name);
        if (decision == NameDecision.Host)
            return await RelayAsync(server, query, cancellationToken);
        if (question.Class != DnsQuestion.ClassInternet || question.Type is not (DnsQuestion.TypeA or DnsQuestion.TypeAaaa))
        {
            ReadOnlyMemory<byte> raw = await AskPodAsync(query, question, cancellationToken);
            return decision == NameDecision.ClusterFirst && DnsAnswer.IsNoSuchName(raw.Span) ? await RelayAsync(server, query, cancellationToken) : raw;
        }

        // A name that is the cluster's for certain is complete: no search list.
        string name = decision == NameDecision.Cluster ? question.Name + "." : question.Name;
        AddressFamilies families = question.Type == DnsQuestion.TypeA ? AddressFamilies.IPv4 : AddressFamilies.IPv6;
        AddressLookup lookup = await _names.LookUpAsync(name, families, 0, cancellationToken);
        return lookup.Status == LookupStatus.NoName && decision == NameDecision.ClusterFirst
            ? await RelayAsync(server, query, cancellationToken)
            : DnsAnswer.Addresses(query, question, lookup);
    }

    /// <summary>In a loop: we are asking the pod for this very name, and the cluster's DNS, which isn't its owner, asks us.</summary>
    private bool ComesBack(DnsQuestion question) => _names.IsAsking(question.Name) && !question.Name.EndsWith("." + _names.Policy.ClusterDomain, StringComparison.Ordinal);

    private async ValueTask<ReadOnlyMemory<byte>> AskPodAsync(byte[] query, DnsQuestion question, CancellationToken cancellationToken)
    {
        ReadOnlyMemory<byte> answer = await _names.QueryAsync(query, cancellationToken);
        return answer.IsEmpty ? DnsAnswer.Empty(query, question, DnsAnswer.ServerFailure) : answer;
    }

    /// <summary>Sends the datagram on and takes the first answer with its number. Empty when none comes: the asker asks again by itself.</summary>
    private async ValueTask<ReadOnlyMemory<byte>> RelayAsync(NameServer server, byte[] query, CancellationToken cancellationToken)
    {
        using var socket = new Socket(server.Address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using ITimer timer = _context.Time.CreateTimer(static state => ((CancellationTokenSource)state!).Cancel(), patience, UpstreamPatience, Timeout.InfiniteTimeSpan);
        await socket.ConnectAsync(new IPEndPoint(server.Address, DnsPort), patience.Token);
        await socket.SendAsync(query, SocketFlags.None, patience.Token);
        byte[] answer = new byte[MaximumDatagram];
        while (true)
        {
            int length = await socket.ReceiveAsync(answer, SocketFlags.None, patience.Token);
            if (length >= DnsQuestion.HeaderLength && answer.AsSpan(0, 2).SequenceEqual(query.AsSpan(0, 2)))
                return answer.AsMemory(0, length);
        }
    }
}
