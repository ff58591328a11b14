using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using Telelaunch.Net;

namespace Telelaunch.Broker;

/// <summary>The routes of this machine with which cluster ranges may collide.</summary>
/// <remarks>Left out: default routes, also when a VPN splits them in two halves, the machine's own addresses, loopback, link-local and multicast.</remarks>
public static class HostRoutes
{
    // linux/route.h, linux/ipv6_route.h
    private const uint RTF_UP = 0x1;
    private const uint RTF_REJECT = 0x200;
    private const uint RTF_ANYCAST = 0x00100000;
    private const uint RTF_LOCAL = 0x80000000;

    // Two of these make a default route that wins over the real one (OpenVPN's redirect-gateway def1).
    private const int HalfOfEverything = 1;

    /// <summary>Routes by interface; empty where /proc isn't to be had.</summary>
    public static IReadOnlyList<NamedRange> Read() => [.. Parse4(ReadProc("route")), .. Parse6(ReadProc("ipv6_route"))];

    /// <summary>/proc/net/route: Iface Destination Gateway Flags RefCnt Use Metric Mask …, addresses in hex in the machine's order.</summary>
    internal static IEnumerable<NamedRange> Parse4(string text)
    {
        foreach (string line in text.Split('\n').Skip(1))
        {
            string[] fields = line.Split('\t', StringSplitOptions.TrimEntries);
            if (fields.Length < 8 || !TryHex(fields[1], out uint destination) || !TryHex(fields[3], out uint flags) || !TryHex(fields[7], out uint mask))
                continue;
            int prefix = System.Numerics.BitOperations.PopCount(mask);
            byte[] bytes = new byte[4];
            BinaryPrimitives.WriteUInt32LittleEndian(bytes, destination);
            var address = new IPAddress(bytes);
            if ((flags & RTF_UP) != 0 && (flags & RTF_REJECT) == 0 && Counts(fields[0], address, prefix))
                yield return new NamedRange(fields[0], new AddressRange(address, prefix));
        }
    }

    /// <summary>/proc/net/ipv6_route: destination 32 | prefix 2 | source 32 | prefix 2 | next hop 32 | metric 8 | refcnt 8 | use 8 | flags 8 | interface, in hex.</summary>
    internal static IEnumerable<NamedRange> Parse6(string text)
    {
        foreach (string line in text.Split('\n'))
        {
            string[] fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length < 10 || fields[0].Length != 32 || !TryHex(fields[1], out uint prefix) || !TryHex(fields[8], out uint flags) || prefix > 128)
                continue;
            var address = new IPAddress(Convert.FromHexString(fields[0]));
            if ((flags & RTF_UP) != 0 && (flags & (RTF_REJECT | RTF_ANYCAST | RTF_LOCAL)) == 0 && Counts(fields[9], address, (int)prefix))
                yield return new NamedRange(fields[9], new AddressRange(address, (int)prefix));
        }
    }

    private static bool Counts(string device, IPAddress address, int prefix) =>
        device != "lo" && prefix > HalfOfEverything && !AddressRanges.NeverLeavesHost(address);

    private static bool TryHex(string text, out uint value) => uint.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);

    private static string ReadProc(string name)
    {
        try
        {
            return File.ReadAllText($"/proc/net/{name}");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
