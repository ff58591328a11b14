using System.Net;

namespace Telelaunch.Broker;

/// <summary>nameserver lines of a resolv.conf(5).</summary>
internal static class ResolvConf
{
    /// <summary>libc's own choice when there is no line.</summary>
    private static readonly IPAddress Default = IPAddress.Loopback;

    internal static IReadOnlyList<IPAddress> ReadNameServers(string path)
    {
        try
        {
            return Parse(File.ReadAllText(path));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [Default];
        }
    }

    internal static IReadOnlyList<IPAddress> Parse(string text)
    {
        var servers = new List<IPAddress>();
        foreach (string line in text.Split('\n'))
        {
            string[] words = line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
            if (words.Length >= 2 && words[0] == "nameserver" && IPAddress.TryParse(words[1], out IPAddress? address))
                servers.Add(address);
        }

        return servers.Count == 0 ? [Default] : servers;
    }
}
