using System.Net;
using Telelaunch.Net;

namespace Telelaunch.Routing.Links;

/// <summary>What the kernel does with packets that a route matches; numbers as in linux/rtnetlink.h (RTN_). Others may come as numbers.</summary>
public enum RouteType : byte
{
    Unspecified = 0,
    Unicast = 1,

    /// <summary>To this machine itself.</summary>
    Local = 2,

    Broadcast = 3,
    Anycast = 4,
    Multicast = 5,
    Blackhole = 6,
    Unreachable = 7,
    Prohibit = 8,
    Throw = 9,
}

/// <summary>Tables with a meaning of their own (RT_TABLE_); others come as numbers.</summary>
public enum RouteTable : uint
{
    Unspecified = 0,
    Default = 253,
    Main = 254,

    /// <summary>Looked at before all others.</summary>
    Local = 255,
}

/// <summary>One route of this machine; one of several next hops is a route by itself.</summary>
/// <param name="Range">0.0.0.0/0 or ::/0: the default route.</param>
/// <param name="Interface">Null where it has none: unreachable routes, for one.</param>
/// <param name="InterfaceIndex">0 where it has none.</param>
/// <param name="PreferredSource">The address that connections get which don't choose one.</param>
/// <param name="Protocol">Who made it (RTPROT_): 2 the kernel, 3 at boot, 4 an administrator, 16 DHCP, <see cref="HostRouteTable.Protocol"/> we.</param>
public sealed record HostRoute(
    AddressRange Range,
    RouteTable Table,
    RouteType Type,
    string? Interface,
    int InterfaceIndex,
    IPAddress? Gateway,
    IPAddress? PreferredSource,
    byte Protocol)
{
    /// <summary>Whether it leads to a network of its own: no default route, also not in halves as a VPN makes them, nothing of loopback, link-local or multicast.</summary>
    public bool LeadsToANetwork => Type == RouteType.Unicast && Interface is not (null or "lo") && Range.PrefixLength > 1 && !AddressRanges.NeverLeavesHost(Range.Network);
}

/// <summary>Which way packets to one address take now.</summary>
/// <param name="Type"><see cref="RouteType.Local"/>: it is one of this machine's own.</param>
/// <param name="Gateway">Null where the address is reached directly.</param>
/// <param name="Source">The address that connections get which don't choose one.</param>
public sealed record RouteAnswer(RouteType Type, string? Interface, int InterfaceIndex, IPAddress? Gateway, IPAddress? Source);
