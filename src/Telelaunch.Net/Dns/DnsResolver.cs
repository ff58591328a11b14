using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Telelaunch.Net.Dns;

/// <summary>Looks names up by asking name servers directly, with a search list (resolv.conf(5)). Addresses come in the server's order, IPv4 first.</summary>
public sealed class DnsResolver : IPodResolver
{
    /// <summary>Nothing in a cluster is true for longer.</summary>
    public static readonly TimeSpan LongestTimeToLive = TimeSpan.FromHours(1);

    private readonly ResolvConf _configuration;
    private readonly NameServerClient _client;

    /// <param name="port">The name servers' port.</param>
    public DnsResolver(ResolvConf configuration, int port = 53)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        _configuration = configuration;
        _client = new NameServerClient(configuration, port);
    }

    /// <inheritdoc/>
    public async ValueTask<AddressLookup> LookUpAddressesAsync(string hostName, AddressFamilies families, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(hostName);
        if (IPAddress.TryParse(hostName, out IPAddress? literal))
        {
            AddressFamilies family = literal.AddressFamily == AddressFamily.InterNetwork ? AddressFamilies.IPv4 : AddressFamilies.IPv6;
            return families.HasFlag(family) ? new(LookupStatus.Found, [literal], null, LongestTimeToLive) : AddressLookup.Failed(LookupStatus.NoData);
        }

        AddressLookup? noData = null;
        AddressLookup? failed = null;
        AddressLookup last = AddressLookup.Failed(LookupStatus.NoName);
        foreach (string candidate in SearchList.Candidates(hostName, _configuration))
        {
            last = await LookUpAsync(candidate, families, cancellationToken);
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
        ParsedAnswer? answer = await AskAsync(DnsQuery.ReverseName(address), RecordType.PTR, cancellationToken);
        if (answer is null || answer.ResponseCode is not (ParsedAnswer.NoError or ParsedAnswer.NoSuchName))
            return new(LookupStatus.TryAgain, [], default);
        DnsRecord[] pointers = [.. answer.Records.Where(record => record.Type == RecordType.PTR)];
        if (pointers.Length > 0)
            return new(LookupStatus.Found, [.. pointers.Select(record => record.Target!)], Limit(pointers.Min(record => record.TimeToLive)));
        return new(answer.ResponseCode == ParsedAnswer.NoSuchName ? LookupStatus.NoName : LookupStatus.NoData, [], Limit(answer.NegativeTimeToLive));
    }

    /// <inheritdoc/>
    public async ValueTask<ReadOnlyMemory<byte>> QueryAsync(ReadOnlyMemory<byte> query, CancellationToken cancellationToken)
        => await _client.AskAsync(query, cancellationToken);

    private async Task<AddressLookup> LookUpAsync(string name, AddressFamilies families, CancellationToken cancellationToken)
    {
        Task<ParsedAnswer?> ask4 = families.HasFlag(AddressFamilies.IPv4) ? AskAsync(name, RecordType.A, cancellationToken) : Task.FromResult<ParsedAnswer?>(null);
        Task<ParsedAnswer?> ask6 = families.HasFlag(AddressFamilies.IPv6) ? AskAsync(name, RecordType.AAAA, cancellationToken) : Task.FromResult<ParsedAnswer?>(null);
        ParsedAnswer?[] all = await Task.WhenAll(ask4, ask6);
        ParsedAnswer[] answers = [.. all.Where(answer => answer is { ResponseCode: ParsedAnswer.NoError or ParsedAnswer.NoSuchName }).Select(answer => answer!)];
        AddressLookup[] found = [.. answers.Select(answer => Collect(answer, name)).Where(lookup => lookup.Addresses.Count > 0)];
        if (found.Length > 0)
            return new(LookupStatus.Found, [.. found.SelectMany(lookup => lookup.Addresses)], found[0].CanonicalName, found.Min(lookup => lookup.TimeToLive));

        int asked = families == AddressFamilies.Both ? 2 : 1;
        if (answers.Length < asked)
            return AddressLookup.Failed(LookupStatus.TryAgain);
        bool noName = answers.All(answer => answer.ResponseCode == ParsedAnswer.NoSuchName);
        return AddressLookup.Failed(noName ? LookupStatus.NoName : LookupStatus.NoData, Limit(answers.Min(answer => answer.NegativeTimeToLive)));
    }

    /// <summary>Follows the aliases from <paramref name="name"/>, in whatever order they stand in the answer.</summary>
    private static AddressLookup Collect(ParsedAnswer answer, string name)
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

    private static int FindAlias(ParsedAnswer answer, string name)
    {
        for (int i = 0; i < answer.Records.Count; i++)
        {
            if (answer.Records[i].Type == RecordType.CNAME && answer.Records[i].Name.Equals(name, StringComparison.OrdinalIgnoreCase))
                return i;
        }

        return -1;
    }

    private async Task<ParsedAnswer?> AskAsync(string name, RecordType type, CancellationToken cancellationToken)
    {
        byte[]? question = DnsQuery.Create((ushort)RandomNumberGenerator.GetInt32(65_536), name, type);
        // No such name can be asked for, so none exists.
        if (question is null)
            return new(ParsedAnswer.NoSuchName, false, [], 0);
        ReadOnlyMemory<byte> answer = await _client.AskAsync(question, cancellationToken);
        return answer.IsEmpty ? null : ParsedAnswer.Parse(answer.Span);
    }

    private static TimeSpan Limit(uint seconds) => TimeSpan.FromSeconds(Math.Min(seconds, LongestTimeToLive.TotalSeconds));
}
