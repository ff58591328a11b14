using System.Net;
using Telelaunch.Net;

namespace Telelaunch.Broker;

/// <summary>What answers have taught: the name behind an address, and which addresses must go to the cluster though no range says so.</summary>
/// <remarks>
/// Every address that the pod answered and that lies in no range becomes a single of the verdict table: pods of a headless Service on an odd range, <c>--also-proxy</c>
/// names, and an ExternalName that leads to a public address. The last is dialled from the pod too, because that is the path, with its policies and its source
/// address, that an application in the pod would take; the price is that another name of that address takes it as well. Never-ranges and addresses that mean
/// this machine stay what they are. Both memories are bounded; the oldest is forgotten first.
/// </remarks>
internal sealed class LearntAddresses
{
    private const int MaximumNames = 16_384;

    private readonly VerdictTable _table;
    private readonly AddressRanges _ranges;
    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, string> _names = [];
    private readonly Queue<IPAddress> _namesByAge = new();
    private readonly HashSet<IPAddress> _singles = [];
    private readonly Queue<IPAddress> _singlesByAge = new();

    internal LearntAddresses(VerdictTable table, AddressRanges ranges)
    {
        _table = table;
        _ranges = ranges;
    }

    /// <summary>Returns once the verdict table has what is new: an application that gets the answer may connect at once.</summary>
    internal void Learn(string name, IReadOnlyList<IPAddress> addresses)
    {
        lock (_lock)
        {
            foreach (IPAddress address in addresses.Select(Plain))
            {
                Remember(name, address);
                if (_ranges.Judge(address) is null && _singles.Add(address))
                    AddSingle(address);
            }
        }
    }

    /// <summary>The name that the address was last answered for.</summary>
    internal string? NameOf(IPAddress address)
    {
        lock (_lock)
            return _names.GetValueOrDefault(Plain(address));
    }

    /// <summary>Whether connections to the address go to the cluster.</summary>
    internal bool GoesToCluster(IPAddress address)
    {
        lock (_lock)
            return _ranges.Judge(address) is RangeKind kind ? kind == RangeKind.Cluster : _singles.Contains(Plain(address));
    }

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    private void Remember(string name, IPAddress address)
    {
        if (!_names.ContainsKey(address))
        {
            if (_namesByAge.Count == MaximumNames)
                _names.Remove(_namesByAge.Dequeue());
            _namesByAge.Enqueue(address);
        }

        _names[address] = name;
    }

    private void AddSingle(IPAddress address)
    {
        _singlesByAge.Enqueue(address);
        if (_table.TryAddSingle(address))
            return;
        // Full: the older half goes, in one rewrite instead of one an address.
        for (int i = 0; i < VerdictTable.MaximumSingles / 2; i++)
            _singles.Remove(_singlesByAge.Dequeue());
        _table.WriteSingles(_singles);
    }
}
