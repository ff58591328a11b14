using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Telelaunch.Net;

namespace Telelaunch.Tunnel.Ssh;

/// <summary>Joins one loopback TCP connection with a carrier: SSH.NET takes nothing but a socket.</summary>
/// <remarks>
/// Any program of this machine can connect to a loopback port. So the bridge is an HTTP proxy that asks for a password of its own (RFC 9110
/// §9.3.6, §11.7), which SSH.NET speaks: the first peer who knows it is served, the others are hung up on, and then the listener closes.
/// Owns the carrier.
/// </remarks>
internal sealed class LoopbackBridge : IAsyncDisposable
{
    public const string UserName = "telelaunch";
    private const int BufferSize = 256 * 1024;

    /// <summary>Room for a read: a TLS record's most (RFC 8446 §5.1), of which the carrier gives one at a time.</summary>
    private const int LeastRoom = 16 * 1024;
    private const int RequestLimit = 1024;

    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _stop = new();
    private readonly CarrierStream _carrier;
    private readonly byte[] _authorization;
    private readonly Task _running;
    private bool _carrierEnded;

    public LoopbackBridge(CarrierStream carrier)
    {
        _carrier = carrier;
        Password = Convert.ToHexString(RandomNumberGenerator.GetBytes(32));
        string credentials = Convert.ToBase64String(Encoding.ASCII.GetBytes($"{UserName}:{Password}"));
        _authorization = Encoding.ASCII.GetBytes($"\r\nProxy-Authorization: Basic {credentials}\r\n");
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(4);
        EndPoint = (IPEndPoint)_listener.LocalEndPoint!;
        _running = RunAsync();
    }

    public IPEndPoint EndPoint { get; }

    public string Password { get; }

    /// <summary>Ends when nothing is carried any more; never faults.</summary>
    public Task Completion => _running;

    /// <summary>Why the carrier below ended, set before the peer can notice; null while it lives.</summary>
    public TunnelException? Failure => _carrier.Failure ?? (Volatile.Read(ref _carrierEnded) ? TunnelFault.PortForwardEnded() : null);

    /// <summary>What the far side said instead of an SSH identification line (RFC 4253 §4.2); null where it said the right thing or nothing.</summary>
    public string? ForeignGreeting { get; private set; }

    /// <summary>Begins to end both sides; <see cref="Completion"/> tells when that is done.</summary>
    public void Stop() => _stop.Cancel();

    /// <summary>Ends both sides at once.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
        GC.SuppressFinalize(this);
    }

    private async Task RunAsync()
    {
        try
        {
            using Socket peer = await AcceptPeerAsync();
            // Nothing is bridged half: the end of either direction is the end of the carrier.
            Task down = CarrierToPeerAsync(peer);
            Task up = PeerToCarrierAsync(peer);
            await Task.WhenAny(down, up);
            await _stop.CancelAsync();
            await Task.WhenAll(down, up).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Stopped before anybody came.
        }
        finally
        {
            _listener.Dispose();
            await _carrier.DisposeAsync();
        }
    }

    private async Task<Socket> AcceptPeerAsync()
    {
        while (true)
        {
            Socket peer = await _listener.AcceptAsync(_stop.Token);
            if (await IsOursAsync(peer))
            {
                _listener.Dispose();
                peer.NoDelay = true;
                return peer;
            }

            peer.Dispose();
        }
    }

    private async Task<bool> IsOursAsync(Socket peer)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        // A stranger who says nothing must not keep SSH.NET waiting, which has connected already or will at once.
        bound.CancelAfter(TimeSpan.FromSeconds(2));
        var request = new byte[RequestLimit];
        int length = 0;
        try
        {
            while (length < request.Length && request.AsSpan(0, length).IndexOf("\r\n\r\n"u8) < 0)
            {
                int count = await peer.ReceiveAsync(request.AsMemory(length), bound.Token);
                if (count == 0)
                    return false;
                length += count;
            }

            if (!Knows(request.AsSpan(0, length)))
                return false;

            await peer.SendAsync("HTTP/1.0 200 OK\r\n\r\n"u8.ToArray(), bound.Token);
            return true;
        }
        catch (Exception e) when (e is SocketException || (e is OperationCanceledException && !_stop.IsCancellationRequested))
        {
            return false;
        }
    }

    /// <summary>Compares the one header that counts in constant time.</summary>
    private bool Knows(ReadOnlySpan<byte> request)
    {
        int start = request.IndexOf("\r\nProxy-Authorization:"u8);
        return start >= 0
            && request.Length - start >= _authorization.Length
            && CryptographicOperations.FixedTimeEquals(request.Slice(start, _authorization.Length), _authorization);
    }

    /// <summary>Sends what has come when nothing more is there at this moment: each send wakes SSH.NET's thread.</summary>
    private async Task CarrierToPeerAsync(Socket peer)
    {
        var buffer = new byte[BufferSize];
        bool greeted = false;
        int sent = 0;
        int filled = 0;
        while (true)
        {
            if (sent == filled)
            {
                sent = filled = 0;
            }
            else if (buffer.Length - filled < LeastRoom)
            {
                await SendAsync(peer, buffer.AsMemory(sent..filled));
                sent = filled = 0;
            }

            ValueTask<int> reading = _carrier.ReadAsync(buffer.AsMemory(filled), _stop.Token);
            if (!reading.IsCompleted && sent < filled)
            {
                await SendAsync(peer, buffer.AsMemory(sent..filled));
                sent = filled;
            }

            int count = await reading;
            if (count == 0)
            {
                await SendAsync(peer, buffer.AsMemory(sent..filled));
                Volatile.Write(ref _carrierEnded, true);
                return;
            }

            if (!greeted)
                TakeGreeting(buffer.AsSpan(0, count));
            greeted = true;
            filled += count;
        }
    }

    private async ValueTask SendAsync(Socket peer, ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[await peer.SendAsync(bytes, _stop.Token)..];
    }

    private async Task PeerToCarrierAsync(Socket peer)
    {
        var buffer = new byte[BufferSize];
        while (true)
        {
            int count = await peer.ReceiveAsync(buffer, _stop.Token);
            if (count == 0)
                return;

            await _carrier.WriteAsync(buffer.AsMemory(0, count), _stop.Token);
        }
    }

    /// <summary>sshd that can't serve, or something else on its port, says why in the place of its version.</summary>
    private void TakeGreeting(ReadOnlySpan<byte> first)
    {
        ReadOnlySpan<byte> expected = "SSH-"u8;
        int compared = Math.Min(expected.Length, first.Length);
        if (!first[..compared].SequenceEqual(expected[..compared]))
            ForeignGreeting = Encoding.ASCII.GetString(first[..Math.Min(first.Length, 200)]);
    }
}
