using System.Net;
using System.Text;
using Telelaunch.Net;
using Telelaunch.Net.Dns;

namespace Telelaunch.Broker;

/// <summary>What is known about the cluster's names besides the pod's own resolv.conf.</summary>
/// <param name="Namespaces">All namespaces; null when they can't be listed, so that every dotted name has to be asked.</param>
/// <param name="HeadlessServices">Headless Services of the pod's own namespace: their pods are <c>pod.service</c>.</param>
/// <param name="AlsoProxy">Names of <c>--also-proxy</c>; <c>*.example.com</c> means all below it.</param>
public sealed record ClusterNames(
    IReadOnlyCollection<string>? Namespaces,
    IReadOnlyCollection<string> HeadlessServices,
    IReadOnlyCollection<string> AlsoProxy)
{
    /// <summary>Names that this machine resolves whatever else is said: the API server's.</summary>
    public IReadOnlyCollection<string> HostNames { get; init; } = [];

    /// <summary>This machine's own search domains: names below them are its own, though the pod searches them too. The cluster's domain and <see cref="AlsoProxy"/> come first.</summary>
    public IReadOnlyCollection<string> HostDomains { get; init; } = [];

    public static ClusterNames Unknown { get; } = new(null, [], []);
}

/// <summary>Decides per name who resolves it. The shim decides by the same entries in the verdict table.</summary>
/// <remarks>
/// A suffix ('S') and a whole name ('N') are the cluster's for certain. A last label ('L': a namespace, a headless Service) and a name of one label may be:
/// the pod is asked first, because <c>hello.default</c> is <c>hello.default.svc.cluster.local</c> there, but <c>example.dev</c> may also be a name of the Internet in a
/// cluster that has a namespace "dev".
/// </remarks>
internal sealed class NamePolicy
{
    private const int MaximumNameLength = 253;

    // MaxDNSSearchPaths of Kubernetes' Pod validation; what an agent tells beyond it would fill the verdict table.
    private const int MaximumSearchDomains = 32;
    private const string DefaultClusterDomain = "cluster.local";

    private readonly HashSet<string> _suffixes = new(StringComparer.Ordinal);
    private readonly HashSet<string> _lastLabels = new(StringComparer.Ordinal);
    private readonly HashSet<string> _wholeNames = new(StringComparer.Ordinal);
    private readonly HashSet<string> _hostNames;
    private readonly string[] _hostDomains;

    internal NamePolicy(PodDescription pod, ClusterNames names)
    {
        SearchDomains = [.. pod.SearchDomains.Select(DnsQuestion.Normalize).Where(IsHostName).Take(MaximumSearchDomains)];
        ClusterDomain = FindClusterDomain(SearchDomains);
        _suffixes.Add(ClusterDomain);
        _hostNames = names.HostNames.Select(DnsQuestion.Normalize).ToHashSet(StringComparer.Ordinal);
        _hostDomains = [.. names.HostDomains.Select(DnsQuestion.Normalize).Where(domain => domain.Length > 0)];
        foreach (string domain in SearchDomains.Where(domain => !IsOfHost(domain)))
            _suffixes.Add(domain);
        _lastLabels.Add("svc");
        foreach (string label in (names.Namespaces ?? []).Concat(names.HeadlessServices).Select(DnsQuestion.Normalize))
            _lastLabels.Add(label);
        foreach (string name in names.AlsoProxy)
        {
            if (name.StartsWith("*.", StringComparison.Ordinal))
                _suffixes.Add(DnsQuestion.Normalize(name[2..]));
            else if (name.StartsWith('.'))
                _suffixes.Add(DnsQuestion.Normalize(name[1..]));
            else
                _wholeNames.Add(DnsQuestion.Normalize(name));
        }

        AskDotted = names.Namespaces is null;
        if (EncodedLength > VerdictTableLayout.NamesLength)
        {
            // Asking for every dotted name costs a question, a name left out costs the answer.
            _lastLabels.Clear();
            _lastLabels.Add("svc");
            AskDotted = true;
        }
    }

    /// <summary><c>cluster.local</c>, or what the pod's search list has behind <c>svc.</c>.</summary>
    internal string ClusterDomain { get; }

    /// <summary>The pod's search list, lower-cased: what can't stand in a name is left out.</summary>
    internal IReadOnlyList<string> SearchDomains { get; }

    /// <summary>Dotted names that match nothing are asked too.</summary>
    internal bool AskDotted { get; }

    private int EncodedLength => _suffixes.Concat(_lastLabels).Concat(_wholeNames).Sum(name => Encoding.UTF8.GetByteCount(name) + 2);

    /// <summary>Entries of the verdict table: KIND 1 | name | NUL.</summary>
    internal byte[] Encode()
    {
        using var bytes = new MemoryStream();
        foreach ((char kind, HashSet<string> names) in new[] { ('S', _suffixes), ('L', _lastLabels), ('N', _wholeNames) })
        {
            foreach (string name in names.Order(StringComparer.Ordinal))
            {
                bytes.WriteByte((byte)kind);
                bytes.Write(Encoding.UTF8.GetBytes(name));
                bytes.WriteByte(0);
            }
        }

        return bytes.ToArray();
    }

    /// <param name="name">As the application wrote it; a trailing dot says that it is complete.</param>
    internal NameDecision Decide(string name)
    {
        bool complete = name.EndsWith('.');
        string plain = DnsQuestion.Normalize(name);
        if (!IsHostName(plain) || IsUnder(plain, "localhost") || IsUnder(plain, "arpa") || plain == "wpad" || _hostNames.Contains(plain) || IPAddress.TryParse(plain, out _))
            return NameDecision.Host;
        if (IsCertain(plain))
            return NameDecision.Cluster;
        if (complete || IsOfHost(plain) || plain.EndsWith(".local", StringComparison.Ordinal))
            return NameDecision.Host;
        return AskDotted || IsLikely(plain) ? NameDecision.ClusterFirst : NameDecision.Host;
    }

    /// <summary>Whether a name that may be the cluster's looks like one of its names; if not, it is asked for only because the namespaces aren't known.</summary>
    internal bool IsLikely(string plain)
    {
        string host = HostPart(plain);
        int dot = host.LastIndexOf('.');
        return dot < 0 ? host.Length > 0 : _lastLabels.Contains(host[(dot + 1)..]);
    }

    /// <summary>Whether the cluster's own DNS is the name's authority and asks nobody for it.</summary>
    internal bool IsClusterOwn(string plain) => IsUnder(plain, ClusterDomain);

    /// <summary>Whether this machine's resolvers must not hear of the name, even when nobody can be asked for it.</summary>
    internal bool MustNotLeak(string plain) => IsCertain(plain) && !_hostNames.Contains(plain);

    /// <summary>Whether a canonical name shows that an answer is of the cluster's own.</summary>
    internal bool IsOfCluster(string? canonicalName) => canonicalName is not null && IsCertain(DnsQuestion.Normalize(canonicalName));

    /// <summary>What DNS can carry, in the letters that host names and service labels have (RFC 1035 §2.3.1, RFC 2782).</summary>
    private static bool IsHostName(string plain) =>
        plain.Length is > 0 and <= MaximumNameLength
        && plain.Split('.').All(label => label.Length is > 0 and <= DnsQuestion.MaximumLabelLength && label.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_'));

    /// <summary>A name without service and protocol in front (RFC 2782): <c>_http._tcp.hello</c> is asked of "hello".</summary>
    private static string HostPart(string plain)
    {
        string rest = plain;
        while (rest.StartsWith('_'))
        {
            int dot = rest.IndexOf('.', StringComparison.Ordinal);
            rest = dot < 0 ? "" : rest[(dot + 1)..];
        }

        return rest;
    }

    private static bool IsUnder(string name, string suffix) =>
        name == suffix || (name.Length > suffix.Length && name.EndsWith(suffix, StringComparison.Ordinal) && name[^(suffix.Length + 1)] == '.');

    private bool IsOfHost(string plain) => !IsUnder(plain, ClusterDomain) && Array.Exists(_hostDomains, domain => IsUnder(plain, domain));

    private static string FindClusterDomain(IReadOnlyList<string> searchDomains)
    {
        foreach (string domain in searchDomains)
        {
            if (domain.StartsWith("svc.", StringComparison.Ordinal))
                return domain[4..];
        }

        return DefaultClusterDomain;
    }

    private bool IsCertain(string plain)
    {
        if (_wholeNames.Contains(plain))
            return true;
        for (string rest = plain; ; rest = rest[(rest.IndexOf('.', StringComparison.Ordinal) + 1)..])
        {
            if (_suffixes.Contains(rest))
                return true;
            if (!rest.Contains('.', StringComparison.Ordinal))
                return false;
        }
    }
}
