using System.Net;
using System.Security.Cryptography;

using Telelaunch.Net;

namespace Telelaunch.Agent.Names;

/// <summary>Looks names up as the pod's libc would: /etc/hosts, then the name servers with the search list (resolv.conf(5), nsswitch "files dns").</summary>
/// <remarks>The files are read at each lookup: the kubelet may rewrite them. Addresses come in the server's order, IPv4 first.</remarks>
internal sealed class PodResolver : IPodResolver
{
    // /etc/hosts has no TTL, and changes with the pod alone.
    private static readonly TimeSpan s_hostsTimeToLive = TimeSpan.FromSeconds(30);

    // Nothing in a cluster is true for longer.
    private static readonly TimeSpan s_longestTimeToLive = TimeSpan.FromHours(1);

    private readonly string _resolvConf;
    private readonly string _hosts;
    private readonly int _port;

    /// <param name="resolvConf">Path of resolv.conf.</param>
    /// <param name="hosts">Path of hosts.</param>
    /// <param name="port">The name servers' port.</param>
    public PodResolver(string resolvConf = "/etc/resolv.conf", string hosts = "/etc/hosts", int port = 53)
    {
        _resolvConf = resolvConf;
        _hosts = hosts;
        _port = port;
    }

    public ResolvConf Configuration => ResolvConf.Parse(ReadFile(_resolvConf));

    /// <inheritdoc/>
    public async ValueTask<AddressLookup> LookUpAddressesAsync(string hostName, AddressFamilies families, CancellationToken cancellationToken)
    {
        if (IPAddress.TryParse(hostName, out IPAddress? literal))
            return families.HasFlag(HostsFile.FamilyOf(literal)) ? new(LookupStatus.Found, [literal], null, s_longestTimeToLive) : AddressLookup.Failed(LookupStatus.NoData);

        (IReadOnlyList<IPAddress> addresses, string? canonicalName) = HostsFile.Parse(ReadFile(_hosts)).Find(hostName.TrimEnd('.'), families);
        if (addresses.Count > 0)
            return new(LookupStatus.Found, addresses, canonicalName, s_hostsTimeToLive);

        ResolvConf configuration = Configuration;
        var client = new NameServerClient(configuration, _port);
        AddressLookup? noData = null;
        AddressLookup? failed = null;
        AddressLookup last = AddressLookup.Failed(LookupStatus.NoName);
        foreach (string candidate in SearchList.Candidates(hostName, configuration))
        {
            last = await LookUpAsync(client, candidate, families, cancellationToken);
            if (last.Status == LookupStatus.Found)
                return last;
            if (last.Status == LookupStatus.NoData)
                noData ??= last;
            else if (last.Status == LookupStatus.TryAgain)
                failed ??= last;
        }

        // As glibc: a name that exists without an address outweighs "nobody could say", which outweighs "no such name".
        return noData ?? failed ?? last;
    }

    /// <inheritdoc/>
    public async ValueTask<NameLookupResult> LookUpNamesAsync(IPAddress address, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> names = HostsFile.Parse(ReadFile(_hosts)).Find(address);
        if (names.Count > 0)
            return new(LookupStatus.Found, names, s_hostsTimeToLive);

        DnsAnswer? answer = await AskAsync(new(Configuration, _port), DnsQuery.ReverseName(address), RecordType.PTR, cancellationToken);
        if (answer is null || answer.ResponseCode is not (DnsAnswer.NoError or DnsAnswer.NoSuchName))
            return new(LookupStatus.TryAgain, [], default);
        DnsRecord[] pointers = [.. answer.Records.Where(record => record.Type == RecordType.PTR)];
        if (pointers.Length > 0)
            return new(LookupStatus.Found, [.. pointers.Select(record => record.Target!)], Limit(pointers.Min(record => record.TimeToLive)));
        return new(answer.ResponseCode == DnsAnswer.NoSuchName ? LookupStatus.NoName : LookupStatus.NoData, [], Limit(answer.NegativeTimeToLive));
    }

    /// <inheritdoc/>
    public async ValueTask<ReadOnlyMemory<byte>> QueryAsync(ReadOnlyMemory<byte> query, CancellationToken cancellationToken)
        => await new NameServerClient(Configuration, _port).AskAsync(query, cancellationToken);

    private static async Task<AddressLookup> LookUpAsync(NameServerClient client, string name, AddressFamilies families, CancellationToken cancellationToken)
    {
        Task<DnsAnswer?> ask4 = families.HasFlag(AddressFamilies.IPv4) ? AskAsync(client, name, RecordType.A, cancellationToken) : Task.FromResult<DnsAnswer?>(null);
        Task<DnsAnswer?> ask6 = families.HasFlag(AddressFamilies.IPv6) ? AskAsync(client, name, RecordType.AAAA, cancellationToken) : Task.FromResult<DnsAnswer?>(null);
        DnsAnswer?[] all = await Task.WhenAll(ask4, ask6);
        DnsAnswer[] answers = [.. all.Where(answer => answer is { ResponseCode: DnsAnswer.NoError or DnsAnswer.NoSuchName }).Select(answer => answer!)];
        AddressLookup[] found = [.. answers.Select(answer => Collect(answer, name)).Where(lookup => lookup.Addresses.Count > 0)];
        if (found.Length > 0)
            return new(LookupStatus.Found, [.. found.SelectMany(lookup => lookup.Addresses)], found[0].CanonicalName, found.Min(lookup => lookup.TimeToLive));

        int asked = families == AddressFamilies.Both ? 2 : 1;
        if (answers.Length < asked)
            return AddressLookup.Failed(LookupStatus.TryAgain);
        bool noName = answers.All(answer => answer.ResponseCode == DnsAnswer.NoSuchName);
        return AddressLookup.Failed(noName ? LookupStatus.NoName : LookupStatus.NoData, Limit(answers.Min(answer => answer.NegativeTimeToLive)));
    }

    /// <summary>Follows the aliases from <paramref name="name"/>, in whatever order they stand in the answer.</summary>
    private static AddressLookup Collect(DnsAnswer answer, string name)
    {
        string current = name.TrimEnd('.');
        uint timeToLive = uint.MaxValue;
        for (int i = 0; i <= answer.Records.Count; i++)
        {
            int alias = FindAlias(answer, current);
            if (alias < 0)
                break;
            timeToLive = Math.Min(timeToLive, answer.Records[alias].TimeToLive);
            current = answer.Records[alias].Target!;
        }

        DnsRecord[] records = [.. answer.Records.Where(record => record.Address is not null && record.Name.Equals(current, StringComparison.OrdinalIgnoreCase))];
        foreach (DnsRecord record in records)
            timeToLive = Math.Min(timeToLive, record.TimeToLive);
        return new(LookupStatus.Found, [.. records.Select(record => record.Address!)], current, Limit(timeToLive));
    }

    private static int FindAlias(DnsAnswer answer, string name)
    {
        for (int i = 0; i < answer.Records.Count; i++)
        {
            if (answer.Records[i].Type == RecordType.CNAME && answer.Records[i].Name.Equals(name, StringComparison.OrdinalIgnoreCase))
                return i;
        }

        return -1;
    }

    private static async Task<DnsAnswer?> AskAsync(NameServerClient client, string name, RecordType type, CancellationToken cancellationToken)
    {
        byte[]? question = DnsQuery.Create((ushort)RandomNumberGenerator.GetInt32(65_536), name, type);
        // No such name can be asked for, so none exists.
        if (question is null)
            return new(DnsAnswer.NoSuchName, false, [], 0);
        ReadOnlyMemory<byte> answer = await client.AskAsync(question, cancellationToken);
        return answer.IsEmpty ? null : DnsAnswer.Parse(answer.Span);
    }

    private static TimeSpan Limit(uint seconds) => TimeSpan.FromSeconds(Math.Min(seconds, s_longestTimeToLive.TotalSeconds));

    private static string ReadFile(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A missing file is an empty one to libc.
            return "";
        }
    }
}
