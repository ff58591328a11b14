using System.Net;
using System.Net.Sockets;
using Telelaunch.Net;

namespace Telelaunch.Routing.Links;

/// <summary>rtnetlink(7): numbers of linux/rtnetlink.h, linux/if_link.h, linux/if_addr.h under the kernel's names.</summary>
internal static class RtNetlink
{
    internal const ushort RTM_NEWLINK = 16;
    internal const ushort RTM_GETLINK = 18;
    internal const ushort RTM_NEWADDR = 20;
    internal const ushort RTM_NEWROUTE = 24;
    internal const ushort RTM_DELROUTE = 25;
    internal const ushort RTM_GETROUTE = 26;

    internal const uint RTMGRP_LINK = 0x1;
    internal const uint RTMGRP_IPV4_ROUTE = 0x40;
    internal const uint RTMGRP_IPV6_ROUTE = 0x400;

    internal const byte AF_INET = 2;
    internal const byte AF_INET6 = 10;

    internal const uint IFF_UP = 0x1;
    internal const ushort IFLA_IFNAME = 3;
    internal const ushort IFLA_IFALIAS = 20;
    internal const ushort IFLA_AF_SPEC = 26;
    internal const ushort IFLA_INET6_ADDR_GEN_MODE = 8;
    internal const byte IN6_ADDR_GEN_MODE_NONE = 1;

    internal const ushort IFA_ADDRESS = 1;
    internal const ushort IFA_LOCAL = 2;
    internal const byte IFA_F_NODAD = 0x02;

    internal const ushort RTA_DST = 1;
    internal const ushort RTA_OIF = 4;
    internal const ushort RTA_GATEWAY = 5;
    internal const ushort RTA_PREFSRC = 7;
    internal const ushort RTA_MULTIPATH = 9;
    internal const ushort RTA_TABLE = 15;
    internal const ushort RTA_VIA = 18;

    internal const byte RT_SCOPE_UNIVERSE = 0;
    internal const byte RT_SCOPE_HOST = 254;
    internal const uint RTM_F_CLONED = 0x200;

    internal static byte FamilyOf(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6 ? AF_INET6 : AF_INET;

    // struct rtmsg: FAMILY 1 | DST_LEN 1 | SRC_LEN 1 | TOS 1 | TABLE 1 | PROTOCOL 1 | SCOPE 1 | TYPE 1 | FLAGS 4
    internal static void PutRoute(this Netlink.NetlinkWriter message, AddressRange range, RouteTable table, byte protocol, byte scope, RouteType type)
    {
        message.Put(FamilyOf(range.Network));
        message.Put((byte)range.PrefixLength);
        message.Put((ushort)0);
        message.Put((byte)table);
        message.Put(protocol);
        message.Put(scope);
        message.Put((byte)type);
        message.Put(0u);
        message.Attribute(RTA_DST, range.Network.GetAddressBytes());
    }
}
