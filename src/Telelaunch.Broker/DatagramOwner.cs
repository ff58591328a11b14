using System.Globalization;
using System.Net;

namespace Telelaunch.Broker;

/// <summary>Whose a UDP socket of this machine is. UDP has no SO_PEERCRED; the kernel's tables of sockets name the user (proc_net(5)).</summary>
internal static class DatagramOwner
{
    /// <summary>Whether every socket that may have sent from <paramref name="sender"/> is <paramref name="userId"/>'s. False when there is none: it was closed meanwhile.</summary>
    /// <exception cref="IOException">The tables can't be read.</exception>
    internal static bool IsUser(IPEndPoint sender, uint userId)
    {
        List<uint> users = [.. UsersOf(File.ReadLines("/proc/net/udp"), sender)];
        // A dual-stack socket stands in the other table, with an IPv4-mapped or an unspecified address. There is none where IPv6 is off.
        if (File.Exists("/proc/net/udp6"))
            users.AddRange(UsersOf(File.ReadLines("/proc/net/udp6"), sender));
        return users.Count > 0 && users.TrueForAll(user => user == userId);
    }

    /// <summary>The users of the sockets that are bound to this address and port, or to this port of all addresses.</summary>
    /// <param name="table">"sl local_address rem_address st tx:rx tr:when retrnsmt uid …"; addresses in hexadecimal, each 32 bits in the machine's order.</param>
    internal static IEnumerable<uint> UsersOf(IEnumerable<string> table, IPEndPoint sender)
    {
        string port = sender.Port.ToString("X4", CultureInfo.InvariantCulture);
        foreach (string line in table.Skip(1))
        {
            string[] fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length > 7 && fields[1].EndsWith(':' + port, StringComparison.Ordinal) && IsFrom(fields[1][..^5], sender.Address))
                yield return uint.Parse(fields[7], CultureInfo.InvariantCulture);
        }
    }

    private static bool IsFrom(string hexadecimal, IPAddress sender)
    {
        byte[] bytes = new byte[hexadecimal.Length / 2];
        for (int i = 0; i < bytes.Length; i += sizeof(uint))
            BitConverter.TryWriteBytes(bytes.AsSpan(i), uint.Parse(hexadecimal.AsSpan(i * 2, 8), NumberStyles.HexNumber, CultureInfo.InvariantCulture));
        var local = new IPAddress(bytes);
        if (local.IsIPv4MappedToIPv6)
            local = local.MapToIPv4();
        return local.Equals(IPAddress.Any) || local.Equals(IPAddress.IPv6Any) || local.Equals(sender);
    }
}
