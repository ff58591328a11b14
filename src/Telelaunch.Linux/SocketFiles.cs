using System.Globalization;
using System.Net;

namespace Telelaunch.Linux;

/// <summary>Reads listening TCP sockets from /proc/net/tcp and tcp6 (proc_net(5)), which know neither cookies nor IPV6_V6ONLY.</summary>
internal static class SocketFiles
{
    private const string Listen = "0A";

    public static List<ListeningSocket> Read()
    {
        List<ListeningSocket> found = [.. Parse(File.ReadLines("/proc/net/tcp"))];
        // There is none where IPv6 is off.
        if (File.Exists("/proc/net/tcp6"))
            found.AddRange(Parse(File.ReadLines("/proc/net/tcp6")));
        return found;
    }

    /// <param name="table">"sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode …"; addresses in hexadecimal, each 32 bits in the machine's order.</param>
    internal static IEnumerable<ListeningSocket> Parse(IEnumerable<string> table)
    {
        foreach (string line in table.Skip(1))
        {
            string[] fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length > 9 && fields[3] == Listen)
                yield return new ListeningSocket(EndPoint(fields[1]), 0, uint.Parse(fields[9], CultureInfo.InvariantCulture), IsV6Only: fields[1].Length > 13);
        }
    }

    private static IPEndPoint EndPoint(string text)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        byte[] bytes = new byte[colon / 2];
        for (int i = 0; i < bytes.Length; i += sizeof(uint))
            BitConverter.TryWriteBytes(bytes.AsSpan(i), uint.Parse(text.AsSpan(i * 2, 8), NumberStyles.HexNumber, CultureInfo.InvariantCulture));
        var address = new IPAddress(bytes);
        return new IPEndPoint(
            address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address,
            int.Parse(text.AsSpan(colon + 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture));
    }
}
