using Telelaunch.Linux;
using Telelaunch.Net;

namespace Telelaunch.Routing.Netlink;

/// <summary>Takes the body of each message of a dump.</summary>
internal delegate void NetlinkVisitor(ushort type, ReadOnlySpan<byte> body);

/// <summary>Asks the kernel and waits for its answers; may be used from several threads, one request at a time.</summary>
internal sealed class NetlinkSocket : IDisposable
{
    internal const ushort NLM_F_REQUEST = 0x1;
    internal const ushort NLM_F_ACK = 0x4;
    internal const ushort NLM_F_DUMP = 0x300;
    internal const ushort NLM_F_EXCL = 0x200;
    internal const ushort NLM_F_CREATE = 0x400;
    internal const ushort NLM_F_APPEND = 0x800;

    private const ushort NLMSG_ERROR = 2;
    private const ushort NLMSG_DONE = 3;
    private const ushort NLM_F_DUMP_INTR = 0x10;

    // At least as long as what the kernel puts into one packet of a dump (up to 32 KiB since Linux 4.4).
    private const int BufferLength = 64 * 1024;
    private const int DumpAttempts = 8;

    private readonly NetlinkChannel _channel;
    private readonly byte[] _buffer = new byte[BufferLength];
    private readonly Lock _lock = new();

    private NetlinkSocket(NetlinkChannel channel) => _channel = channel;

    /// <exception cref="HostException"><c>netlink-missing</c>: the kernel has no such part, or gives no descriptors.</exception>
    public static NetlinkSocket Open(NetlinkProtocol protocol) => new(OpenChannel(protocol));

    /// <inheritdoc cref="Open"/>
    public static NetlinkChannel OpenChannel(NetlinkProtocol protocol)
    {
        NetlinkChannel channel = NetlinkChannel.TryOpen(protocol, out int errno)
            ?? throw new HostException(
                "netlink-missing",
                $"A netlink socket ({protocol}) can't be had: {Errno.NameOf(errno)}.",
                protocol == NetlinkProtocol.Netfilter ? "Load the kernel module nfnetlink (modprobe nfnetlink), or use the default method." : "Raise the limit of open files, or use the default method.");
        channel.ExplainErrors();
        return channel;
    }

    /// <summary>Sends messages, each of which asks for an acknowledgement or belongs to a batch, and takes all that the kernel says to them.</summary>
    /// <returns>Every no, in the order of the messages.</returns>
    public List<NetlinkFault> Execute(NetlinkWriter messages)
    {
        lock (_lock)
        {
            if (_channel.Send(messages.Written) is var errno and not 0)
                return [new NetlinkFault(0, errno, null)];
            var faults = new List<NetlinkFault>();
            HashSet<uint> open = [.. messages.Acknowledged];
            // The kernel has answered all by the time send returns. After a first no some acknowledgements don't come at all, so nothing is waited for then.
            while (true)
            {
                int count = _channel.Receive(_buffer, out errno, wait: open.Count > 0 && faults.Count == 0);
                if (count < 0)
                {
                    if (errno != Errno.EAGAIN)
                        faults.Add(new NetlinkFault(0, errno, null));
                    return faults;
                }

                var answers = new NetlinkMessages(_buffer.AsSpan(0, Math.Min(count, BufferLength)));
                while (answers.MoveNext())
                {
                    open.Remove(answers.Sequence);
                    if (answers.Type == NLMSG_ERROR && NetlinkFault.Read(answers.Sequence, answers.Flags, answers.Body) is { } fault)
                        faults.Add(fault);
                }
            }
        }
    }

    /// <summary>Sends one request and takes the first message of its answer.</summary>
    /// <returns>The kernel's no; null: <paramref name="visit"/> was called.</returns>
    public NetlinkFault? Ask(NetlinkWriter request, NetlinkVisitor visit)
    {
        lock (_lock)
        {
            if (_channel.Send(request.Written) is var errno and not 0)
                return new NetlinkFault(0, errno, null);
            int count = _channel.Receive(_buffer, out errno);
            if (count < 0)
                return new NetlinkFault(0, errno, null);
            var answers = new NetlinkMessages(_buffer.AsSpan(0, Math.Min(count, BufferLength)));
            if (!answers.MoveNext())
                return new NetlinkFault(0, Errno.EIO, "an answer that isn't one");
            if (answers.Type == NLMSG_ERROR)
                return NetlinkFault.Read(answers.Sequence, answers.Flags, answers.Body);
            visit(answers.Type, answers.Body);
            return null;
        }
    }

    /// <summary>Sends one request with NLM_F_DUMP and collects what each message of the answer says. Asks again where things changed meanwhile.</summary>
    public NetlinkFault? Dump<T>(NetlinkWriter request, Action<List<T>, ushort, ReadOnlySpan<byte>> read, out List<T> found)
    {
        lock (_lock)
        {
            for (int attempt = 1; ; attempt++)
            {
                found = [];
                NetlinkFault? fault = DumpOnce(request, read, found, out bool isConsistent);
                if (fault is not null || isConsistent || attempt == DumpAttempts)
                    return fault;
            }
        }
    }

    /// <summary>The channel by itself, for who receives without asking; this socket isn't used any more.</summary>
    public NetlinkChannel Detach() => _channel;

    public void Dispose() => _channel.Dispose();

    private NetlinkFault? DumpOnce<T>(NetlinkWriter request, Action<List<T>, ushort, ReadOnlySpan<byte>> read, List<T> found, out bool isConsistent)
    {
        isConsistent = true;
        if (_channel.Send(request.Written) is var errno and not 0)
            return new NetlinkFault(0, errno, null);
        while (true)
        {
            int count = _channel.Receive(_buffer, out errno);
            if (count < 0)
                return new NetlinkFault(0, errno, null);
            var answers = new NetlinkMessages(_buffer.AsSpan(0, Math.Min(count, BufferLength)));
            while (answers.MoveNext())
            {
                isConsistent &= (answers.Flags & NLM_F_DUMP_INTR) == 0;
                // NLMSG_DONE begins with an error as NLMSG_ERROR does.
                if (answers.Type is NLMSG_ERROR or NLMSG_DONE)
                    return answers.Type == NLMSG_DONE && answers.Body.IsEmpty ? null : NetlinkFault.Read(answers.Sequence, answers.Flags, answers.Body);
                read(found, answers.Type, answers.Body);
            }
        }
    }
}
