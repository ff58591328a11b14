using System.Net;
using System.Net.Sockets;

using Telelaunch.Net;

namespace Telelaunch.Agent.Names;

/// <summary>/etc/hosts (hosts(5)): an address a line, its names behind it, the first being the canonical one.</summary>
internal sealed class HostsFile
{
    private readonly List<(IPAddress Address, string[] Names)> _lines = [];

    public static HostsFile Parse(string text)
    {
        var hosts = new HostsFile();
        foreach (string line in text.Split('\n'))
        {
            string[] words = line.Split('#')[0].Split([' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries);
            if (words.Length > 1 && IPAddress.TryParse(words[0], out IPAddress? address))
                hosts._lines.Add((address, words[1..]));
        }

        return hosts;
    }

    /// <summary>Addresses of the wanted families, in the file's order.</summary>
    public (IReadOnlyList<IPAddress> Addresses, string? CanonicalName) Find(string hostName, AddressFamilies families)
    {
        var addresses = new List<IPAddress>();
        string? canonicalName = null;
        foreach ((IPAddress address, string[] names) in _lines)
        {
            if (!names.Contains(hostName, StringComparer.OrdinalIgnoreCase) || !families.HasFlag(FamilyOf(address)) || addresses.Contains(address))
                continue;
            canonicalName ??= names[0];
            addresses.Add(address);
        }

        return (addresses, canonicalName);
    }

    /// <summary>The names of an address, the canonical one first.</summary>
    public IReadOnlyList<string> Find(IPAddress address)
        => [.. _lines.Where(line => line.Address.Equals(address)).SelectMany(line => line.Names).Distinct(StringComparer.OrdinalIgnoreCase)];

    public static AddressFamilies FamilyOf(IPAddress address)
        => address.AddressFamily == AddressFamily.InterNetwork ? AddressFamilies.IPv4 : AddressFamilies.IPv6;
}
