using System.Net;
using Telelaunch.Net;

namespace Telelaunch.Broker;

/// <summary>What answers have taught: the name behind an address, and which addresses must go to the cluster though no range says so.</summary>
/// <remarks>
/// Every address that the pod answered and that lies in no range becomes a single route: pods of a headless Service on an odd range, <c>--also-proxy</c>
/// names, and an ExternalName that leads to a public address. The last is dialled from the pod too, because that is the path, with its policies and its source
/// address, that an application in the pod would take; the price is that another name of that address takes it as well. Never-ranges and addresses that mean
/// this machine stay what they are. Both memories are bounded; what was answered longest ago is forgotten first.
/// </remarks>
internal sealed class LearntAddresses(ISingleRoutes routes, AddressRanges ranges) : IDisposable
{
    private const int MaximumNames = 16_384;

    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _changing = new(1);
    private readonly Dictionary<IPAddress, string> _names = [];
    private readonly Queue<IPAddress> _namesByAge = new();
    private readonly Dictionary<IPAddress, LinkedListNode<IPAddress>> _singles = [];
    private readonly LinkedList<IPAddress> _singlesByAge = new();
    private volatile AddressRanges _ranges = ranges;

    /// <summary>Ranges that go, or never go, to the cluster; they may change while the session runs. Singles that lie in one stay.</summary>
    internal AddressRanges Ranges
    {
        get => _ranges;
        set => _ranges = value;
    }

    /// <summary>Returns once what is new is routed: an application that gets the answer may connect at once.</summary>
    /// <exception cref="TelelaunchException">It can't be routed.</exception>
    internal async ValueTask LearnAsync(string name, IReadOnlyList<IPAddress> addresses, CancellationToken cancellationToken)
    {
        IPAddress[] plain = [.. addresses.Select(Plain)];
        lock (_lock)
        {
            foreach (IPAddress address in plain)
                Remember(name, address);
            if (FindNew(plain).Count == 0)
                return;
        }

        await _changing.WaitAsync(cancellationToken);
        try
        {
            List<IPAddress> added;
            List<IPAddress> forgotten;
            HashSet<IPAddress> all;
            lock (_lock)
            {
                added = FindNew(plain);
                forgotten = FindOldest(added.Count);
                all = [.. _singles.Keys.Except(forgotten), .. added];
            }

            if (added.Count == 0)
                return;
            // Whoever has given up waiting must not leave it half done.
            await routes.ChangeAsync(added, forgotten, all);
            lock (_lock)
                Apply(added, forgotten);
        }
        finally
        {
            _changing.Release();
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
            return _ranges.Judge(address) is RangeKind kind ? kind == RangeKind.Cluster : _singles.ContainsKey(Plain(address));
    }

    public void Dispose() => _changing.Dispose();

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

    /// <summary>Those that need a route; the others' age starts anew.</summary>
    private List<IPAddress> FindNew(IPAddress[] addresses)
    {
        var found = new List<IPAddress>();
        foreach (IPAddress address in addresses)
        {
            if (_ranges.Judge(address) is not null)
                continue;
            if (_singles.TryGetValue(address, out LinkedListNode<IPAddress>? known))
            {
                _singlesByAge.Remove(known);
                _singlesByAge.AddLast(known);
            }
            else if (found.Count < routes.Capacity && !found.Contains(address))
            {
                found.Add(address);
            }
        }

        return found;
    }

    private List<IPAddress> FindOldest(int wanted)
    {
        int excess = _singles.Count + wanted - routes.Capacity;
        return excess <= 0 ? [] : [.. _singlesByAge.Take(Math.Max(excess, routes.Forgets))];
    }

    private void Apply(List<IPAddress> added, List<IPAddress> forgotten)
    {
        foreach (IPAddress address in forgotten)
        {
            if (_singles.Remove(address, out LinkedListNode<IPAddress>? node))
                _singlesByAge.Remove(node);
        }

        foreach (IPAddress address in added)
            _singles[address] = _singlesByAge.AddLast(address);
    }
}
