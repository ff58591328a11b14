using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Telelaunch.Fuzz.Tests.Fuzzing;
using Telelaunch.Linux;

namespace Telelaunch.Fuzz.Tests.Targets;

/// <summary>The broker's control socket: any packet, with any descriptors.</summary>
/// <remarks>Input: DESCRIPTORS 1 (their kind and number, see <see cref="Kind"/>) | packet.</remarks>
internal sealed partial class ControlSocketTarget : FuzzTarget
{
    private FuzzedBroker _broker = null!;

    private enum Kind
    {
        None,
        UnixSocket,
        ThreeUnixSockets,

        /// <summary>More than the broker's buffer holds: the kernel says MSG_CTRUNC.</summary>
        SevenUnixSockets,
        UdpSocket,
        ConnectedTcp,
        NewTcp,
        ListeningTcp,
    }

    public override string Name => "control-socket";

    public override int Iterations => 4_000;

    // One more than a packet may have.
    public override int MaximumLength => 70_000;

    public override IReadOnlyList<byte[]> Corpus { get; } =
    [
        .. CorpusFiles.Control("request").SelectMany(packet => Enum.GetValues<Kind>().Select(kind => (byte[])[(byte)kind, .. packet])),
        [1, .. new byte[69_000]],
        [1],
        .. CorpusFiles.Regressions("control-socket"),
    ];

    public override async Task StartAsync() => _broker = await FuzzedBroker.StartAsync(new HelloResolver(), []);

    protected override Task StopAsync() => _broker is null ? Task.CompletedTask : _broker.DisposeAsync().AsTask();

    public override async Task RunAsync(byte[] input)
    {
        if (input.Length == 0)
            return;
        var kind = (Kind)(input[0] % 8);
        using var passed = new PassedSockets(kind);
        byte[] reply;
        using (Socket peer = Connect())
        {
            Send(peer, input.AsSpan(1), passed.Descriptors);
            passed.CloseOwn();
            if (input.Length == 1)
                peer.Shutdown(SocketShutdown.Send);
            reply = await ReceiveAsync(peer);
        }

        // VERSION 1 | STATUS 1 | ZERO 2
        Oracle.Must(reply.Length == 0 || (reply.Length >= 4 && reply[0] == 1 && reply[2] == 0 && reply[3] == 0), $"it replied {Convert.ToHexString(reply)}");
        if (reply.Length > 0)
            // LISTENING (6), HELLO (8) and TRACE (9) have no reply.
            Oracle.Must(input.Length > 4 && input[1] == 1 && input[2] is (>= 1 and <= 5) or 7, "it replied to what is no request");
        await passed.CheckClosedByBrokerAsync();
        await CheckStillServesAsync();
        _broker.CheckLog();
    }

    private async Task CheckStillServesAsync()
    {
        using Socket peer = Connect();
        await peer.SendAsync(Convert.FromHexString("010200000102030405060708"));
        Oracle.Must(Convert.ToHexString(await ReceiveAsync(peer)) == "01010000", "a valid FLOW behind it isn't answered any more");
    }

    private Socket Connect()
    {
        var peer = new Socket(AddressFamily.Unix, SocketType.Seqpacket, ProtocolType.Unspecified);
        peer.Connect(new UnixDomainSocketEndPoint(Path.Combine(_broker.Broker.SessionPath, "control")));
        return peer;
    }

    /// <summary>Empty when it hung up.</summary>
    private static async Task<byte[]> ReceiveAsync(Socket peer)
    {
        byte[] buffer = new byte[70_000];
        try
        {
            return buffer[..await peer.ReceiveAsync(buffer)];
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.ConnectionReset)
        {
            // Closed with bytes unread.
            return [];
        }
    }

    private static unsafe void Send(Socket peer, ReadOnlySpan<byte> packet, ReadOnlySpan<int> descriptors)
    {
        int length = sizeof(LibC.cmsghdr) + (descriptors.Length * sizeof(int));
        byte[] control = new byte[(length + 7) & ~7];
        fixed (byte* data = packet)
        fixed (byte* ancillary = control)
        {
            var header = (LibC.cmsghdr*)ancillary;
            header->cmsg_len = (nuint)length;
            header->cmsg_level = LibC.SOL_SOCKET;
            header->cmsg_type = LibC.SCM_RIGHTS;
            descriptors.CopyTo(new Span<int>(ancillary + sizeof(LibC.cmsghdr), descriptors.Length));
            var iov = new LibC.iovec { iov_base = data, iov_len = (nuint)packet.Length };
            var message = new LibC.msghdr { msg_iov = &iov, msg_iovlen = 1 };
            if (descriptors.Length > 0)
            {
                message.msg_control = ancillary;
                message.msg_controllen = (nuint)control.Length;
            }

            // An empty packet without descriptors can't be sent: that is the end of the connection, see the caller.
            if (packet.Length > 0 || descriptors.Length > 0)
                Oracle.Must(sendmsg(peer.SafeHandle, &message, 0) == packet.Length, "sendmsg(2) failed");
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial nint sendmsg(SafeHandle sockfd, LibC.msghdr* msg, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static unsafe partial int socketpair(int domain, int type, int protocol, int* sv);

    /// <summary>Descriptors to pass, and the other ends by which one sees them closed.</summary>
    private sealed class PassedSockets : IDisposable
    {
        private readonly List<Socket> _own = [];
        private readonly List<Socket> _others = [];

        public PassedSockets(Kind kind)
        {
            switch (kind)
            {
                case Kind.UnixSocket:
                    AddUnixPairs(1);
                    break;
                case Kind.ThreeUnixSockets:
                    AddUnixPairs(3);
                    break;
                case Kind.SevenUnixSockets:
                    AddUnixPairs(7);
                    break;
                case Kind.UdpSocket:
                    _own.Add(new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
                    break;
                case Kind.ConnectedTcp:
                    AddTcpPair();
                    break;
                case Kind.NewTcp:
                    _own.Add(new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
                    break;
                case Kind.ListeningTcp:
                    _own.Add(Listener());
                    break;
            }

            Descriptors = [.. _own.Select(socket => (int)socket.Handle)];
        }

        public int[] Descriptors { get; }

        /// <summary>From here on only the broker has them.</summary>
        public void CloseOwn() => _own.ForEach(socket => socket.Dispose());

        /// <summary>The other end sees the last descriptor's closing. (What has no other end is counted when the target ends.)</summary>
        public async Task CheckClosedByBrokerAsync()
        {
            foreach (Socket other in _others)
            {
                try
                {
                    Oracle.Must(await other.ReceiveAsync(new byte[1]) == 0, "bytes came through a passed socket");
                }
                catch (SocketException error) when (error.SocketErrorCode == SocketError.ConnectionReset)
                {
                    // Closed as well.
                }
            }
        }

        public void Dispose()
        {
            CloseOwn();
            _others.ForEach(socket => socket.Dispose());
        }

        private unsafe void AddUnixPairs(int count)
        {
            const int AF_UNIX = 1;
            const int SOCK_CLOEXEC = 0x80000;
            int* pair = stackalloc int[2];
            for (; count > 0; count--)
            {
                Oracle.Must(socketpair(AF_UNIX, LibC.SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0, "socketpair(2) failed");
                _own.Add(new(new SafeSocketHandle(pair[0], ownsHandle: true)));
                _others.Add(new(new SafeSocketHandle(pair[1], ownsHandle: true)));
            }
        }

        private void AddTcpPair()
        {
            using Socket listener = Listener();
            var own = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            own.Connect(listener.LocalEndPoint!);
            _own.Add(own);
            _others.Add(listener.Accept());
        }

        private static Socket Listener()
        {
            var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            listener.Listen(1);
            return listener;
        }
    }
}
