using System.Net;
using System.Net.Sockets;

namespace Telelaunch.Net.Dns;

/// <summary>Answers one question. Empty: the asker hears nothing. Several run at once.</summary>
public delegate ValueTask<ReadOnlyMemory<byte>> DnsResponder(ReadOnlyMemory<byte> query, DnsTransport transport, CancellationToken cancellationToken);

/// <summary>What a <see cref="DnsServer"/> is given.</summary>
public sealed record DnsServerOptions
{
    /// <summary>Bound; owned by the server.</summary>
    public IReadOnlyList<Socket> UdpSockets { get; init; } = [];

    /// <summary>Listening; owned by the server.</summary>
    public IReadOnlyList<Socket> TcpSockets { get; init; } = [];

    public required DnsResponder Answer { get; init; }

    /// <summary>Whose datagrams are answered; asked for each one.</summary>
    public Func<IPEndPoint, bool> Admits { get; init; } = static _ => true;

    /// <summary>Told of a defect of <see cref="Answer"/>: nobody hears an answer then.</summary>
    public Action<Exception> Defect { get; init; } = static _ => { };

    /// <summary>How many questions are under way at most; SERVFAIL beyond.</summary>
    public int MaximumQuestions { get; init; } = 1024;

    public int MaximumConnections { get; init; } = 128;

    /// <summary>How long a connection without a question is kept (RFC 7766 §6.2.3).</summary>
    public TimeSpan ConnectionIdle { get; init; } = TimeSpan.FromSeconds(10);

    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>Receives questions by UDP and TCP and sends what a responder makes of them. It decides nothing.</summary>
public sealed class DnsServer : IAsyncDisposable
{
    private readonly DnsServerOptions _options;
    private readonly OpenTasks _questions = new();
    private readonly OpenTasks _connections = new();
    private readonly SemaphoreSlim _freeConnections;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _receiving;
    private long _lastQuestion;
    private int _disposed;

    /// <summary>Starts receiving.</summary>
    public DnsServer(DnsServerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _freeConnections = new SemaphoreSlim(options.MaximumConnections);
        _lastQuestion = options.Time.GetTimestamp();
        _receiving = Task.WhenAll(
            [.. options.UdpSockets.Select(socket => ReceiveAsync(socket, _stop.Token)), .. options.TcpSockets.Select(socket => AcceptAsync(socket, _stop.Token))]);
    }

    /// <summary>Goes on serving until nobody has asked for a while and every question has its answer, or until it has been long enough.</summary>
    public async Task DrainAsync(TimeSpan quiet, TimeSpan most, CancellationToken cancellationToken)
    {
        long start = _options.Time.GetTimestamp();
        while (true)
        {
            TimeSpan left = most - _options.Time.GetElapsedTime(start);
            long from = Math.Max(start, Interlocked.Read(ref _lastQuestion));
            TimeSpan wait = quiet - _options.Time.GetElapsedTime(from);
            if (wait <= TimeSpan.Zero && _questions.Count > 0)
            {
                // Nobody asks any more, but somebody still waits.
                wait = quiet;
            }

            if (left <= TimeSpan.Zero || wait <= TimeSpan.Zero)
                return;
            await Task.Delay(wait < left ? wait : left, _options.Time, cancellationToken);
        }
    }

    /// <summary>Closes everything; who waits for an answer gets none.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        await _stop.CancelAsync();
        foreach (Socket socket in _options.UdpSockets.Concat(_options.TcpSockets))
            socket.Dispose();
        await _receiving;
        await _connections.WhenAllAsync();
        await _questions.WhenAllAsync();
        _freeConnections.Dispose();
        _stop.Dispose();
    }

    private async Task ReceiveAsync(Socket socket, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[DnsAnswer.MaximumLength];
        var anyone = new IPEndPoint(socket.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0);
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                SocketReceiveFromResult received = await socket.ReceiveFromAsync(buffer, SocketFlags.None, anyone, cancellationToken);
                if (received.ReceivedBytes < DnsQuestion.HeaderLength)
                    continue;
                byte[] query = buffer[..received.ReceivedBytes];
                var asker = (IPEndPoint)received.RemoteEndPoint;
                Begin(query, DnsTransport.Udp, answer => SendAsync(socket, asker, query, answer, cancellationToken), () => _options.Admits(asker), cancellationToken);
            }
            catch (Exception error) when (error is OperationCanceledException or ObjectDisposedException or SocketException)
            {
                // An ICMP error of an earlier answer ends up here (udp(7)): the asker has gone, the socket goes on.
            }
        }
    }

    private static async ValueTask SendAsync(Socket socket, IPEndPoint asker, byte[] query, ReadOnlyMemory<byte> answer, CancellationToken cancellationToken)
    {
        if (!answer.IsEmpty)
            await socket.SendToAsync(DnsAnswer.Fit(answer, query), SocketFlags.None, asker, cancellationToken);
    }

    private async Task AcceptAsync(Socket socket, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                // Who comes when all are taken waits in the kernel's queue until one has been idle for too long.
                await _freeConnections.WaitAsync(cancellationToken);
                Socket? connection = null;
                try
                {
                    connection = await socket.AcceptAsync(cancellationToken);
                }
                finally
                {
                    if (connection is null)
                        _freeConnections.Release();
                }

                _connections.Run(() => ServeAsync(connection, cancellationToken));
            }
            catch (Exception error) when (error is OperationCanceledException or ObjectDisposedException or SocketException)
            {
                // The caller has gone before it was taken, or the server ends.
            }
        }
    }

    private async Task ServeAsync(Socket socket, CancellationToken cancellationToken)
    {
        await Task.Yield();
        await using var connection = new DnsConnection(socket, _options.ConnectionIdle, _options.Time);
        try
        {
            await connection.RunAsync((query, send) => Begin(query, DnsTransport.Tcp, send, static () => true, cancellationToken), cancellationToken);
        }
        finally
        {
            _freeConnections.Release();
        }
    }

    /// <summary>Has a question answered without waiting for it.</summary>
    private void Begin(byte[] query, DnsTransport transport, Func<ReadOnlyMemory<byte>, ValueTask> send, Func<bool> admits, CancellationToken cancellationToken)
    {
        Interlocked.Exchange(ref _lastQuestion, _options.Time.GetTimestamp());
        bool full = _questions.Count >= _options.MaximumQuestions;
        _questions.Run(() => AnswerAsync(query, transport, full, send, admits, cancellationToken));
    }

    private async Task AnswerAsync(
        byte[] query,
        DnsTransport transport,
        bool full,
        Func<ReadOnlyMemory<byte>, ValueTask> send,
        Func<bool> admits,
        CancellationToken cancellationToken)
    {
        ReadOnlyMemory<byte> answer = default;
        try
        {
            // What is too much is refused by whoever receives it, before it can gather.
            if (!full)
                await Task.Yield();
            if (admits())
                answer = full ? Failure(query) : await _options.Answer(query, transport, cancellationToken);
        }
        catch (Exception error) when (error is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // The server ends.
        }
        catch (Exception error)
        {
            _options.Defect(error);
        }

        try
        {
            // An empty answer is told too: a connection counts its questions.
            await send(answer);
        }
        catch (Exception error) when (error is OperationCanceledException or ObjectDisposedException or SocketException or IOException)
        {
            // The asker, or the server, has gone.
        }
    }

    private static byte[] Failure(byte[] query) => DnsQuestion.TryRead(query, out DnsQuestion question) ? DnsAnswer.Empty(query, question, DnsAnswer.ServerFailure) : [];
}
