using System.Net.Sockets;
using Telelaunch.Linux;
using Telelaunch.Net;
using Telelaunch.Routing.Netlink;
using static Telelaunch.Routing.Filter.NfTables;

namespace Telelaunch.Routing.Filter;

/// <summary>The nft table <c>inet telelaunch</c> with what it catches. The kernel removes it when its netlink socket closes (<c>flags owner</c>, Linux 5.12), in whatever way the process ends.</summary>
public sealed class CatchTable : IDisposable
{
    private readonly NetlinkSocket _socket;
    private readonly bool _hasIpv6;
    private readonly Lock _lock = new();
    private readonly List<AddressRange> _ranges;
    private IReadOnlyList<AddressRange> _elements;

    private CatchTable(NetlinkSocket socket, CatchTableLayout layout, bool isTracked)
    {
        _socket = socket;
        _hasIpv6 = layout.Port6 is not null;
        _ranges = [.. layout.Ranges];
        _elements = Elements(layout.Ranges, _hasIpv6);
        IsTracked = isTracked;
    }

    /// <summary>Whether caught packets pass connection tracking, because this kernel has no <c>notrack</c> for nft; rules of others that translate addresses may then take some away.</summary>
    public bool IsTracked { get; }

    /// <summary>Makes the table, all of it or nothing.</summary>
    /// <exception cref="HostException"><c>catch-table-exists</c>, <c>net-admin-missing</c>, <c>kernel-part-missing</c> naming it, <c>catch-table-refused</c></exception>
    public static CatchTable Create(CatchTableLayout layout)
    {
        ArgumentNullException.ThrowIfNull(layout);
        NetlinkSocket socket = NetlinkSocket.Open(NetlinkProtocol.Netfilter);
        try
        {
            bool byTarget = false;
            bool isTracked = false;
            while (true)
            {
                CatchBatch batch = Describe(layout, byTarget, isTracked);
                List<NetlinkFault> faults = batch.Send(socket);
                if (faults.Count == 0)
                    return new CatchTable(socket, layout, isTracked);
                // Each may be missing once; what is missing then as well is told.
                if (!byTarget && faults.Exists(fault => batch.PartOf(fault) == KernelPart.Queue))
                    byTarget = true;
                else if (!isTracked && faults.Exists(fault => batch.PartOf(fault) == KernelPart.Notrack))
                    isTracked = true;
                else
                    throw ToException(batch, faults);
            }
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Catches a range as well. Packets that are under way see the old set or the new one.</summary>
    /// <exception cref="HostException"><c>catch-table-refused</c>; then nothing has changed.</exception>
    public void Add(AddressRange range)
    {
        lock (_lock)
            Change([.. _ranges, range]);
    }

    /// <summary>Catches a range no longer. What others of the ranges cover is still caught.</summary>
    /// <returns>False: it isn't one of those that were given to <see cref="Create"/> or <see cref="Add"/>.</returns>
    /// <exception cref="HostException"><c>catch-table-refused</c>; then nothing has changed.</exception>
    public bool Remove(AddressRange range)
    {
        lock (_lock)
        {
            List<AddressRange> left = [.. _ranges];
            if (!left.Remove(range))
                return false;
            Change(left);
            return true;
        }
    }

    /// <summary>Catches these ranges and no others.</summary>
    /// <exception cref="HostException"><c>catch-table-refused</c>; then nothing has changed.</exception>
    public void Change(IReadOnlyCollection<AddressRange> ranges)
    {
        lock (_lock)
        {
            IReadOnlyList<AddressRange> elements = Elements(ranges, _hasIpv6);
            var batch = new CatchBatch();
            batch.RemoveElements(_elements.Except(elements));
            batch.AddElements(elements.Except(_elements));
            if (batch.Send(_socket) is [NetlinkFault fault, ..])
                throw fault.ToException("catch-table-refused", "The ranges that are caught can't be changed");
            _elements = elements;
            AddressRange[] kept = [.. ranges];
            _ranges.Clear();
            _ranges.AddRange(kept);
        }
    }

    /// <summary>Closes the netlink socket: the table is gone when this returns.</summary>
    public void Dispose() => _socket.Dispose();

    // Intervals of a set mustn't overlap.
    private static IReadOnlyList<AddressRange> Elements(IEnumerable<AddressRange> ranges, bool hasIpv6) =>
        RangeSubtraction.Join(ranges.Where(range => hasIpv6 || range.Network.AddressFamily == AddressFamily.InterNetwork));

    private static CatchBatch Describe(CatchTableLayout layout, bool byTarget, bool isTracked)
    {
        var batch = new CatchBatch();
        batch.AddTable();
        batch.AddSet(CatchRules.Ranges4, CatchRules.Ranges4Id, TYPE_IPADDR, 4);
        batch.AddSet(CatchRules.Ranges6, CatchRules.Ranges6Id, TYPE_IP6ADDR, 16);
        batch.AddElements(Elements(layout.Ranges, layout.Port6 is not null));
        batch.AddChain(CatchRules.Caught, null, 0);
        batch.AddChain(CatchRules.Prerouting, NF_INET_PRE_ROUTING, CatchRules.PriorityMangle);
        batch.AddChain(CatchRules.Output, NF_INET_LOCAL_OUT, CatchRules.PriorityRaw);
        foreach (CatchRule rule in CatchRules.Of(layout, byTarget))
        {
            if (!isTracked || rule.Part != KernelPart.Notrack)
                batch.AddRule(rule);
        }

        return batch;
    }

    private static HostException ToException(CatchBatch batch, List<NetlinkFault> faults)
    {
        // What follows a rule that failed often fails because of it, so the first counts.
        NetlinkFault fault = faults[0];
        if (fault.Sequence == batch.TableSequence)
        {
            return fault.Errno switch
            {
                // EPERM to this message, not to the batch: another process's table (nf_tables tells owners apart by their socket).
                Errno.EEXIST or Errno.EPERM => new HostException(
                    "catch-table-exists",
                    $"There is an nft table inet {CatchRules.Table} already{(fault.Errno == Errno.EPERM ? ", owned by a process that runs" : "")}.",
                    fault.Errno == Errno.EPERM ? "End the other session first." : $"If nothing uses it, remove it: nft delete table inet {CatchRules.Table}"),
                Errno.EOPNOTSUPP or Errno.EINVAL => new HostException("kernel-part-missing", "This kernel knows no nft tables with an owner.", "System-wide routing needs Linux 5.12; use the default method."),
                _ => Refused(fault),
            };
        }

        (string Name, string Remedy)? missing = batch.PartOf(fault) switch
        {
            KernelPart.Queue => ("queue", "modprobe -a nft_queue nfnetlink_queue"),
            KernelPart.Tproxy => ("tproxy", "modprobe nft_tproxy"),
            KernelPart.Reject => ("reject", "modprobe nft_reject_inet"),
            _ => null,
        };
        return missing is { } part
            ? new HostException("kernel-part-missing", $"This kernel has no nft {part.Name}: {fault.Reason}.", $"Load it ({part.Remedy}), or use the default method.")
            : Refused(fault);
    }

    private static HostException Refused(NetlinkFault fault) => fault.ToException("catch-table-refused", $"The nft table inet {CatchRules.Table} can't be made", "Load the kernel module nf_tables (modprobe nf_tables), or use the default method.");
}
