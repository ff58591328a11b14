using System.Buffers.Binary;
using System.Net;
using Telelaunch.Linux;
using Telelaunch.Net;
using Telelaunch.Routing.Netlink;
using static Telelaunch.Routing.Filter.NfTables;

namespace Telelaunch.Routing.Filter;

/// <summary>What the program that connects sees.</summary>
public enum SynVerdict
{
    /// <summary>The connection is led to the transparent listener.</summary>
    Open,

    /// <summary>ECONNREFUSED at once.</summary>
    Refused,

    /// <summary>EHOSTUNREACH at once.</summary>
    HostUnreachable,

    /// <summary>ENETUNREACH at once.</summary>
    NetUnreachable,

    /// <summary>Nothing, as of a port behind a filter; the SYN that the kernel sends again is a new question.</summary>
    Drop,
}

/// <summary>A SYN that waits for its verdict.</summary>
/// <param name="Id">For <see cref="SynQueue.Decide"/>.</param>
/// <param name="Source">The program's own end.</param>
/// <param name="Destination">Where it wants to go.</param>
public readonly record struct HeldSyn(uint Id, IPEndPoint Source, IPEndPoint Destination);

/// <summary>Holds the SYNs of caught connections until somebody knows what to say to them (NFQUEUE; linux/netfilter/nfnetlink_queue.h).</summary>
/// <remarks>
/// A thread of its own reads. A SYN that is sent again while it is held is dropped without a question, one that was decided gets the same verdict again.
/// When this is disposed or its process dies, the kernel drops what is held.
/// </remarks>
public sealed class SynQueue : IDisposable
{
    private const ushort NFQNL_MSG_PACKET = NFNL_SUBSYS_QUEUE | 0;
    private const ushort NFQNL_MSG_VERDICT = NFNL_SUBSYS_QUEUE | 1;
    private const ushort NFQNL_MSG_CONFIG = NFNL_SUBSYS_QUEUE | 2;
    private const ushort NFQA_PACKET_HDR = 1;
    private const ushort NFQA_VERDICT_HDR = 2;
    private const ushort NFQA_MARK = 3;
    private const ushort NFQA_PAYLOAD = 10;
    private const ushort NFQA_CFG_CMD = 1;
    private const ushort NFQA_CFG_PARAMS = 2;
    private const ushort NFQA_CFG_QUEUE_MAXLEN = 3;
    private const ushort NFQA_CFG_MASK = 4;
    private const ushort NFQA_CFG_FLAGS = 5;
    private const byte NFQNL_CFG_CMD_BIND = 1;
    private const byte NFQNL_COPY_PACKET = 2;
    private const uint NFQA_CFG_F_GSO = 1 << 2;
    private const uint NF_DROP = 0;
    private const uint NF_REPEAT = 4;
    private const int NetfilterHeaderLength = 4;

    // Longest: IPv6 header 40, some options, TCP header 60.
    private const uint CopiedBytes = 128;
    private const uint MaximumLength = 65535;
    private const int ReceiveBuffer = 32 << 20;

    // Other users of queues begin at 0; there are 65,536.
    private const ushort FirstNumber = 21580;
    private const int Numbers = 64;

    private readonly NetlinkChannel _channel;
    private readonly Action<HeldSyn> _arrived;
    private readonly HeldSyns _syns = new();
    private readonly Lock _lock = new();
    private readonly Thread _thread;

    private SynQueue(NetlinkChannel channel, ushort number, Action<HeldSyn> arrived)
    {
        _channel = channel;
        _arrived = arrived;
        Number = number;
        _thread = new Thread(Run, 256 * 1024) { IsBackground = true, Name = "held SYNs" };
    }

    /// <summary>The queue's number, one that nobody else had: for <see cref="CatchTableLayout.Queue"/>.</summary>
    public ushort Number { get; }

    /// <summary>SYNs that wait for a verdict now.</summary>
    public int HeldCount
    {
        get
        {
            lock (_lock)
                return _syns.Count;
        }
    }

    /// <summary>Takes a free queue and reads it from now on.</summary>
    /// <param name="arrived">Called on the thread that reads, for each connection to be decided. Must not throw or wait; <see cref="Decide"/> may be called from within.</param>
    /// <exception cref="HostException"><c>net-admin-missing</c>; <c>kernel-part-missing</c>; <c>syn-queue-refused</c>: no number is free.</exception>
    public static SynQueue Open(Action<HeldSyn> arrived)
    {
        ArgumentNullException.ThrowIfNull(arrived);
        NetlinkSocket socket = NetlinkSocket.Open(NetlinkProtocol.Netfilter);
        NetlinkFault? fault = null;
        for (ushort number = FirstNumber; number < FirstNumber + Numbers; number++)
        {
            fault = socket.Execute(Configuration(number)).FirstOrDefault();
            if (fault is null)
            {
                var queue = new SynQueue(socket.Detach(), number, arrived);
                queue._channel.EnlargeReceiveBuffer(ReceiveBuffer);
                queue._channel.LoseSilently();
                queue._thread.Start();
                return queue;
            }

            // EBUSY, in older kernels EPERM: somebody else has it. EPERM also for who isn't allowed any.
            if (fault.Errno is not (Errno.EBUSY or Errno.EPERM))
                break;
        }

        socket.Dispose();
        throw fault!.Errno switch
        {
            Errno.EINVAL or Errno.EOPNOTSUPP => new HostException("kernel-part-missing", $"This kernel has no packet queue: {fault.Reason}.", "Load it (modprobe nfnetlink_queue), or use the default method."),
            _ => fault.ToException("syn-queue-refused", $"None of the packet queues {FirstNumber} to {FirstNumber + Numbers - 1} is free", "End the programs that hold them: see /proc/net/netfilter/nfnetlink_queue."),
        };
    }

    /// <summary>Says what becomes of a SYN; from any thread, once for each.</summary>
    /// <returns>False: there is none of this number; it has been decided.</returns>
    public bool Decide(uint id, SynVerdict verdict)
    {
        lock (_lock)
        {
            if (_syns.Decide(id, verdict) is not { } packet)
                return false;
            Send(packet, verdict);
            return true;
        }
    }

    /// <summary>Ends the queue; what is held is dropped. Not to be called by the callback.</summary>
    public void Dispose()
    {
        _channel.Interrupt();
        _thread.Join();
        _channel.Dispose();
    }

    private void Run()
    {
        byte[] buffer = new byte[8192];
        while (_channel.WaitReadable())
        {
            while (_channel.Receive(buffer, out int _, wait: false) is var count and >= 0)
            {
                var messages = new NetlinkMessages(buffer.AsSpan(0, Math.Min(count, buffer.Length)));
                while (messages.MoveNext())
                {
                    if (messages.Type == NFQNL_MSG_PACKET && messages.Body.Length >= NetfilterHeaderLength)
                        Take(messages.Body[NetfilterHeaderLength..]);
                }
            }
        }
    }

    // struct nfqnl_msg_packet_hdr: PACKET_ID 4, big-endian | HW_PROTOCOL 2 | HOOK 1
    private void Take(ReadOnlySpan<byte> attributes)
    {
        ReadOnlySpan<byte> header = NetlinkAttributes.Find(attributes, NFQA_PACKET_HDR);
        if (header.Length < sizeof(uint))
            return;
        uint packet = BinaryPrimitives.ReadUInt32BigEndian(header);
        SynArrival arrival;
        bool isSyn = TcpSyn.TryRead(NetlinkAttributes.Find(attributes, NFQA_PAYLOAD), out TcpSyn syn);
        lock (_lock)
        {
            if (!isSyn)
            {
                Send(packet, SynVerdict.Drop);
                return;
            }

            arrival = _syns.Take(packet, syn, out uint superfluous, out SynVerdict verdict);
            if (arrival == SynArrival.Decided)
                Send(packet, verdict);
            else if (arrival != SynArrival.New)
                Send(arrival == SynArrival.Held ? packet : superfluous, SynVerdict.Drop);
        }

        if (arrival == SynArrival.New)
            _arrived(new HeldSyn(packet, syn.Source, syn.Destination));
    }

    // struct nfqnl_msg_verdict_hdr: VERDICT 4 | ID 4, big-endian. A packet that is no longer there is no matter.
    private void Send(uint packet, SynVerdict verdict)
    {
        var message = new NetlinkWriter();
        message.BeginNetfilter(NFQNL_MSG_VERDICT, 0, NFPROTO_UNSPEC, Number);
        Span<byte> header = stackalloc byte[2 * sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(header, verdict == SynVerdict.Drop ? NF_DROP : NF_REPEAT);
        BinaryPrimitives.WriteUInt32BigEndian(header[sizeof(uint)..], packet);
        message.Attribute(NFQA_VERDICT_HDR, header);
        if (verdict != SynVerdict.Drop)
        {
            message.AttributeBigEndian(NFQA_MARK, verdict switch
            {
                SynVerdict.Open => CatchMark.Open,
                SynVerdict.Refused => CatchMark.Refused,
                SynVerdict.HostUnreachable => CatchMark.HostUnreachable,
                SynVerdict.NetUnreachable => CatchMark.NetUnreachable,
                _ => throw new ArgumentOutOfRangeException(nameof(verdict)),
            });
        }

        message.End();
        _ = _channel.Send(message.Written);
    }

    // struct nfqnl_msg_config_cmd: COMMAND 1 | PAD 1 | PF 2; struct nfqnl_msg_config_params: COPY_RANGE 4 | COPY_MODE 1, big-endian.
    // NFQA_CFG_F_GSO: the kernel needn't compute a checksum before it copies. NFQA_CFG_F_FAIL_OPEN stays off: a SYN that doesn't fit is lost, and comes again.
    private static NetlinkWriter Configuration(ushort number)
    {
        var message = new NetlinkWriter();
        message.BeginNetfilter(NFQNL_MSG_CONFIG, NetlinkSocket.NLM_F_ACK, NFPROTO_UNSPEC, number);
        message.Attribute(NFQA_CFG_CMD, [NFQNL_CFG_CMD_BIND, 0, 0, NFPROTO_UNSPEC]);
        Span<byte> parameters = stackalloc byte[5];
        BinaryPrimitives.WriteUInt32BigEndian(parameters, CopiedBytes);
        parameters[4] = NFQNL_COPY_PACKET;
        message.Attribute(NFQA_CFG_PARAMS, parameters);
        message.AttributeBigEndian(NFQA_CFG_QUEUE_MAXLEN, MaximumLength);
        message.AttributeBigEndian(NFQA_CFG_MASK, NFQA_CFG_F_GSO);
        message.AttributeBigEndian(NFQA_CFG_FLAGS, NFQA_CFG_F_GSO);
        message.End();
        return message;
    }
}
