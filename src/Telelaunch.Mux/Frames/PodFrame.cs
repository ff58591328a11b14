using System.Net;

using Telelaunch.Net;

namespace Telelaunch.Mux.Frames;

/// <summary>The payload of POD.</summary>
internal static class PodFrame
{
    // VERSION_LENGTH 1 | VERSION | HOSTNAME_LENGTH 1 | HOSTNAME | NDOTS 1
    // | COUNT 1 × (FAMILY 1 | ADDRESS) | COUNT 1 × (FAMILY 1 | ADDRESS) | COUNT 1 × (LENGTH 1 | DOMAIN)
    public static int Write(PodDescription pod, Span<byte> target)
    {
        var writer = new PayloadWriter(target);
        writer.WriteText(pod.AgentVersion);
        writer.WriteText(pod.HostName);
        writer.WriteByte((byte)Math.Clamp(pod.Ndots, 0, byte.MaxValue));
        WriteAddresses(ref writer, pod.Addresses);
        WriteAddresses(ref writer, pod.NameServers);
        int domains = Math.Min(pod.SearchDomains.Count, byte.MaxValue);
        writer.WriteByte((byte)domains);
        for (int i = 0; i < domains; i++)
            writer.WriteText(pod.SearchDomains[i]);
        return writer.Written;
    }

    public static PodDescription Read(ReadOnlySpan<byte> payload)
    {
        var reader = new PayloadReader(payload);
        string version = reader.ReadText();
        string hostName = reader.ReadText();
        int ndots = reader.ReadByte();
        IPAddress[] addresses = ReadAddresses(ref reader);
        IPAddress[] nameServers = ReadAddresses(ref reader);
        string[] domains = new string[reader.ReadByte()];
        for (int i = 0; i < domains.Length; i++)
            domains[i] = reader.ReadText();
        reader.End();
        return new(hostName, addresses, nameServers, domains, ndots, version);
    }

    private static void WriteAddresses(ref PayloadWriter writer, IReadOnlyList<IPAddress> addresses)
    {
        int count = Math.Min(addresses.Count, byte.MaxValue);
        writer.WriteByte((byte)count);
        for (int i = 0; i < count; i++)
            writer.WriteAddress(addresses[i]);
    }

    private static IPAddress[] ReadAddresses(ref PayloadReader reader)
    {
        var addresses = new IPAddress[reader.ReadByte()];
        for (int i = 0; i < addresses.Length; i++)
            addresses[i] = reader.ReadAddress();
        return addresses;
    }
}
