using System.Globalization;
using System.Net;
using System.Text;

namespace Telelaunch.Routing.Resolver;

/// <summary>A resolv.conf(5) as the C library understands it.</summary>
/// <param name="Servers">The first three name servers; more nobody asks (MAXNS in resolv.h).</param>
/// <param name="Search">The last <c>search</c> or <c>domain</c> line; null where there is none, which means the domain part of the machine's name.</param>
/// <param name="Options">All <c>options</c>, in order.</param>
/// <param name="Others">Other lines that mean something (<c>sortlist</c>).</param>
internal sealed record ResolvConf(IReadOnlyList<IPAddress> Servers, IReadOnlyList<string>? Search, IReadOnlyList<string> Options, IReadOnlyList<string> Others)
{
    private const int MaxServers = 3;

    // glibc before 2.26 takes the first six domains and 256 characters (resolv.conf(5)); musl leaves out a longer list altogether.
    private const int MaxDomains = 6;
    private const int MaxSearchLength = 255;

    private static readonly char[] Blanks = [' ', '\t', '\r'];

    public static ResolvConf Parse(string text)
    {
        var servers = new List<IPAddress>();
        string[]? search = null;
        var options = new List<string>();
        var others = new List<string>();
        foreach (string line in text.Split('\n'))
        {
            // A keyword counts only at the start of its line, and a comment is a whole line: glibc's __resolv_conf_load.
            if (line.Length == 0 || line[0] is '#' or ';') continue;
            string[] words = line.Split(Blanks, StringSplitOptions.RemoveEmptyEntries);
            if (words.Length < 2 || Blanks.Contains(line[0])) continue;
            switch (words[0])
            {
                case "nameserver":
                    if (servers.Count < MaxServers && IPAddress.TryParse(words[1], out IPAddress? server)) servers.Add(server);
                    break;
                case "domain":
                    search = words[1..2];
                    break;
                case "search":
                    search = words[1..];
                    break;
                case "options":
                    options.AddRange(words[1..]);
                    break;
                default:
                    others.Add(string.Join(' ', words));
                    break;
            }
        }
        return new(servers, search, options, others);
    }

    /// <summary>Whether the text names the split DNS server: then it is ours, or was made from ours, and is of no use without us.</summary>
    public static bool IsOurs(string text) => Parse(text).Servers.Contains(SplitDns.Address);

    /// <summary>The servers to forward to: those named, without our own; the machine's own where none is named (resolv.conf(5), nameserver).</summary>
    public IReadOnlyList<IPAddress> Upstreams =>
        Servers.Count == 0 ? [IPAddress.Loopback] : [.. Servers.Where(server => !server.Equals(SplitDns.Address))];

    /// <summary>The file that stands in front of this one.</summary>
    /// <remarks>
    /// The pod's search domains come before the machine's own. For a name without a dot that is the point: <c>hello</c> is the cluster's first. A name with
    /// dots (more than the machine's <c>ndots</c>, 1 by default) is asked as it is first, so an external name that exists is answered without our domains; only
    /// one that fails is then asked as <c>name.default.svc.cluster.local</c>, which the cluster answers by NXDOMAIN as the machine's own domains do, and the C library
    /// returns the first failure. Therefore <c>ndots</c> stays the machine's: with the 5 that pods have, each external name would be asked of the cluster first.
    /// <c>rotate</c> is left out, as there is one server only; <c>trust-ad</c> stays true, because answers are forwarded as they come.
    /// </remarks>
    /// <param name="names">The pod's search domains go in as far as lists that old C libraries can't take aren't made (the first always); none of the machine's own is left out.</param>
    /// <param name="owner">Who it is, for people.</param>
    /// <param name="hostName">The machine's name, for its domain.</param>
    public string InFront(SplitNames names, string owner, string hostName)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"# Telelaunch ({owner}) answers for a cluster's names here and asks the servers that were here for all others.\n");
        text.Append("# It puts back what was here when it ends; if it didn't: sudo telelaunch restore --host\n");
        text.Append("# Changes of this file are lost then.\n");
        text.Append(CultureInfo.InvariantCulture, $"nameserver {SplitDns.Address}\n");
        text.Append(CultureInfo.InvariantCulture, $"search {string.Join(' ', JoinSearch(names.SearchDomains, hostName))}\n");
        string[] options = [.. Options.Where(option => option != "rotate")];
        if (options.Length > 0) text.Append(CultureInfo.InvariantCulture, $"options {string.Join(' ', options)}\n");
        foreach (string other in Others) text.Append(other).Append('\n');
        return text.ToString();
    }

    private List<string> JoinSearch(IReadOnlyList<string> podDomains, string hostName)
    {
        // Without a search line it is what follows the first dot of the machine's name; "search ." is none at all.
        int dot = hostName.IndexOf('.', StringComparison.Ordinal);
        IEnumerable<string> own = Search ?? (dot >= 0 && dot + 1 < hostName.Length ? [hostName[(dot + 1)..]] : []);
        string[] kept = [.. own.Where(domain => domain is not ".").Except(podDomains, StringComparer.OrdinalIgnoreCase)];
        var joined = new List<string>(podDomains);
        while (joined.Count > 1 && (joined.Count + kept.Length > MaxDomains || joined.Concat(kept).Sum(domain => domain.Length + 1) - 1 > MaxSearchLength))
            joined.RemoveAt(joined.Count - 1);
        // One that was left out at the pod's place may be the machine's own.
        joined.AddRange(own.Where(domain => domain is not ".").Except(joined, StringComparer.OrdinalIgnoreCase));
        return joined;
    }
}
