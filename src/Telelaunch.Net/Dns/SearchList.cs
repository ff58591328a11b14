namespace Telelaunch.Net.Dns;

/// <summary>Which names are asked for, in which order (resolv.conf(5): search, ndots).</summary>
internal static class SearchList
{
    public static IEnumerable<string> Candidates(string hostName, ResolvConf configuration)
    {
        // A trailing dot says that the name is whole.
        if (hostName.EndsWith('.'))
        {
            yield return hostName.TrimEnd('.');
            yield break;
        }

        bool asIsFirst = hostName.Count(c => c == '.') >= configuration.Ndots;
        if (asIsFirst)
            yield return hostName;
        foreach (string domain in configuration.SearchDomains)
            yield return $"{hostName}.{domain}";
        if (!asIsFirst)
            yield return hostName;
    }
}
