using System.Globalization;
using System.Net;

namespace Telelaunch.Net.Dns;

/// <summary>What /etc/resolv.conf says (resolv.conf(5)). Options that change nothing here are ignored, rotate too.</summary>
public sealed record ResolvConf(IReadOnlyList<IPAddress> NameServers, IReadOnlyList<string> SearchDomains, int Ndots, TimeSpan Timeout, int Attempts)
{
    // MAXNS; the limits of ndots, timeout and attempts (resolv.conf(5)).
    private const int MaxNameServers = 3;
    private const int MaxNdots = 15;
    private const int MaxTimeout = 30;
    private const int MaxAttempts = 5;

    /// <summary>A missing or unreadable file is an empty one, as to libc.</summary>
    public static ResolvConf Read(string path)
    {
        try
        {
            return Parse(File.ReadAllText(path));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return Parse("");
        }
    }

    public static ResolvConf Parse(string text)
    {
        var servers = new List<IPAddress>();
        IReadOnlyList<string> search = [];
        int ndots = 1;
        int timeout = 5;
        int attempts = 2;
        foreach (string line in text.Split('\n'))
        {
            string[] words = line.Split([' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries);
            if (words.Length < 2)
                continue;
            switch (words[0])
            {
                case "nameserver" when servers.Count < MaxNameServers && IPAddress.TryParse(words[1], out IPAddress? server):
                    servers.Add(server);
                    break;
                case "search":
                case "domain":
                    // The last line wins.
                    search = [.. words[1..].Select(domain => domain.TrimEnd('.')).Where(domain => domain.Length > 0)];
                    break;
                case "options":
                    ndots = Option(words, "ndots:", ndots, 0, MaxNdots);
                    timeout = Option(words, "timeout:", timeout, 1, MaxTimeout);
                    attempts = Option(words, "attempts:", attempts, 1, MaxAttempts);
                    break;
            }
        }

        // Without a line, the name server is on this machine (resolv.conf(5)).
        return new(servers.Count > 0 ? servers : [IPAddress.Loopback], search, ndots, TimeSpan.FromSeconds(timeout), attempts);
    }

    private static int Option(string[] words, string name, int fallback, int least, int most)
    {
        string? word = Array.Find(words, word => word.StartsWith(name, StringComparison.Ordinal));
        return word is not null && int.TryParse(word.AsSpan(name.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int value)
            ? Math.Clamp(value, least, most)
            : fallback;
    }
}
