using System;
using System.Globalization;
using System.Net;

namespace Telelaunch.StartupHook;

/// <summary>A SocketAddress as its ToString writes it, which is what the events of System.Net.Sockets carry.</summary>
internal static class SocketAddressText
{
    /// <summary><c>InterNetwork:16:{0,80,10,96,0,5,…}</c> is 10.96.0.5:80; IPv4-mapped addresses come out as IPv4. Empty for everything else, a Unix socket among it.</summary>
    internal static string EndPoint(string text)
    {
        bool isV6 = text.StartsWith("InterNetworkV6:", StringComparison.Ordinal);
        if (!isV6 && !text.StartsWith("InterNetwork:", StringComparison.Ordinal))
            return "";
        // What follows the family: PORT 2 | ADDRESS 4, or PORT 2 | FLOWINFO 4 | ADDRESS 16 | SCOPE 4.
        byte[] bytes = new byte[isV6 ? 22 : 6];
        int at = text.IndexOf('{') + 1;
        for (int i = 0; i < bytes.Length; i++)
        {
            int end = text.IndexOfAny(s_ends, at);
            if (at == 0 || end < 0 || !byte.TryParse(text.Substring(at, end - at), NumberStyles.None, CultureInfo.InvariantCulture, out bytes[i]))
                return "";
            at = end + 1;
        }

        byte[] address = new byte[isV6 ? 16 : 4];
        Array.Copy(bytes, isV6 ? 6 : 2, address, 0, address.Length);
        var found = new IPAddress(address);
        if (found.IsIPv4MappedToIPv6)
            found = found.MapToIPv4();
        return new IPEndPoint(found, (bytes[0] << 8) | bytes[1]).ToString();
    }

    private static readonly char[] s_ends = [',', '}'];
}
