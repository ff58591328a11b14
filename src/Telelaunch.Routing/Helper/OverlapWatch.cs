using Telelaunch.Net;
using Telelaunch.Routing.Links;

namespace Telelaunch.Routing.Helper;

/// <summary>Tells when this machine gets a route into ranges that go to the cluster: another VPN was started, or a network joined, after the session.</summary>
/// <remarks>The cluster's routes stay in front, because the kernel looks into the local table first; so whoever misses the other network has to be told why.</remarks>
internal sealed class OverlapWatch : IDisposable
{
    private readonly IReadOnlyList<AddressRange> _ranges;
    private readonly string _ownLink;
    private readonly Action<string> _note;
    private readonly RouteWatch _watch;
    private HashSet<NamedRange> _known;

    /// <param name="note">Told in a line; on a thread of the watch.</param>
    /// <exception cref="HostException">The kernel gives no netlink socket.</exception>
    public OverlapWatch(IReadOnlyList<AddressRange> ranges, string ownLink, Action<string> note)
    {
        _ranges = ranges;
        _ownLink = ownLink;
        _note = note;
        // What is there already was told before the start.
        _known = Read();
        _watch = new RouteWatch(Look);
    }

    public void Dispose() => _watch.Dispose();

    private void Look()
    {
        try
        {
            HashSet<NamedRange> now = Read();
            foreach (NamedRange route in now.Except(_known))
                _note($"this machine has a route to {route.Range} on {route.Name} now, which lies in a range of the cluster's: these addresses go to the cluster until the session ends; --never-proxy {route.Range} leaves them out");
            _known = now;
        }
        catch (HostException)
        {
            // The next change is another occasion.
        }
    }

    private HashSet<NamedRange> Read()
    {
        using HostRouteTable routes = HostRouteTable.Open();
        return [.. routes.Read()
            .Where(route => route.LeadsToANetwork && route.Interface != _ownLink && route.Protocol != HostRouteTable.Protocol && _ranges.Any(route.Range.Overlaps))
            .Select(route => new NamedRange(route.Interface!, route.Range))];
    }
}
