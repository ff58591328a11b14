using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.Logging;
using Telelaunch.Net;
using Telelaunch.Net.Dns;

namespace Telelaunch.Broker;

/// <summary>Answers name requests as the pod would: LOOKUP, REVERSE and QUERY of the shim, and the name-server listener's questions.</summary>
internal sealed class PodNames
{
    private readonly IPodResolver _resolver;
    private readonly NameContext _context;
    private readonly LearntAddresses _learnt;
    private readonly CancellationToken _sessionEnd;
    private readonly NameCache _cache;
    private readonly MessageCache _messages;
    private readonly ConcurrentDictionary<(string Name, RecordType Type), int> _asking = new();

    internal PodNames(IPodResolver resolver, NamePolicy policy, LearntAddresses learnt, NameContext context, CancellationToken sessionEnd)
    {
        _resolver = resolver;
        Policy = policy;
        _learnt = learnt;
        _context = context;
        _sessionEnd = sessionEnd;
        _cache = new NameCache(context.Time);
        _messages = new MessageCache(context.Time);
    }

    internal NamePolicy Policy { get; set; }

    /// <summary>Whether the pod's name server is being asked this right now: should it come back to us, the cluster's DNS asks us in turn.</summary>
    internal bool IsAsking(string name, RecordType type) => _asking.ContainsKey((DnsQuestion.Normalize(name), type));

    /// <summary>Forgets all answers: another pod answers from now on.</summary>
    internal void Forget()
    {
        _cache.Clear();
        _messages.Clear();
    }

    /// <summary>Completes when no question is under way any more, after the session's end.</summary>
    internal Task WhenLandedAsync() => Task.WhenAll(_cache.WhenLandedAsync(), _messages.WhenLandedAsync());

    /// <summary>All addresses of a name in the pod's order; "no name" sends the asker to this machine's resolver.</summary>
    internal async ValueTask<AddressLookup> LookUpAsync(string name, AddressFamilies families, int processId, CancellationToken cancellationToken)
    {
        DateTimeOffset start = _context.Time.GetUtcNow();
        NameDecision decision = Policy.Decide(name);
        if (decision == NameDecision.Host)
            return AddressLookup.Failed(LookupStatus.NoName);

        // A trailing dot tells the pod's resolver to leave the search list alone; it is part of the question.
        string key = name.ToLowerInvariant();
        CachedLookup found;
        try
        {
            found = await _cache.GetAsync(key, families, () => AskAsync(key, families, decision), cancellationToken);
            if (found.Lookup.Status == LookupStatus.Found)
                await _learnt.LearnAsync(DnsQuestion.Normalize(name), found.Lookup.Addresses, cancellationToken);
        }
        catch (TelelaunchException error)
        {
            // The tunnel was lost meanwhile, or the address can't be routed: an answer would lead nowhere.
            _context.Logger.LogDebug(error, "{Name} can't be answered now", name);
            found = new CachedLookup(AddressLookup.Failed(LookupStatus.TryAgain), false);
        }

        _context.Records(new LookupRecord(
            start,
            processId,
            name,
            decision,
            found.Lookup.Status,
            [.. found.Lookup.Addresses.Select(address => address.ToString())],
            found.Cached,
            _context.Time.GetUtcNow() - start));
        return found.Lookup;
    }

    /// <summary>The names of a cluster address; "no name" for any other.</summary>
    internal async ValueTask<NameLookupResult> ReverseAsync(IPAddress address, int processId, CancellationToken cancellationToken)
    {
        if (!_learnt.GoesToCluster(address))
            return new NameLookupResult(LookupStatus.NoName, [], TimeSpan.Zero);
        DateTimeOffset start = _context.Time.GetUtcNow();
        NameLookupResult result;
        try
        {
            result = _context.TunnelState == TunnelState.Down
                ? new NameLookupResult(LookupStatus.TryAgain, [], TimeSpan.Zero)
                : await _resolver.LookUpNamesAsync(address, cancellationToken);
        }
        catch (TelelaunchException)
        {
            result = new NameLookupResult(LookupStatus.TryAgain, [], TimeSpan.Zero);
        }

        _context.Records(new LookupRecord(start, processId, address.ToString(), NameDecision.Cluster, result.Status, result.Names, false, _context.Time.GetUtcNow() - start));
        return result;
    }

    /// <summary>A raw question to the pod's name server; empty means "try again".</summary>
    internal async ValueTask<ReadOnlyMemory<byte>> QueryAsync(ReadOnlyMemory<byte> query, CancellationToken cancellationToken)
    {
        if (!DnsQuestion.TryRead(query.Span, out DnsQuestion question))
            return default;
        try
        {
            return await _messages.GetAsync(query, () => AskAsync(query, question), cancellationToken);
        }
        catch (TelelaunchException)
        {
            return default;
        }
    }

    /// <summary>A raw question of our own, whose answer nobody needs and nothing on this side keeps.</summary>
    internal async Task ProbeAsync(ReadOnlyMemory<byte> query, CancellationToken cancellationToken)
    {
        try
        {
            if (_context.TunnelState != TunnelState.Down)
                await _resolver.QueryAsync(query, cancellationToken);
        }
        catch (TelelaunchException)
        {
            // The tunnel was lost meanwhile.
        }
    }

    /// <summary>Has every address of an answer routed. False when that can't be done: the answer would lead nowhere.</summary>
    internal async ValueTask<bool> TryLearnAsync(string name, ReadOnlyMemory<byte> answer, CancellationToken cancellationToken)
    {
        if (!MessageRecords.TryFind(answer.Span, out IReadOnlyList<MessageRecord> records))
            return true;
        IPAddress[] addresses = [.. records
            .Where(record => (record.Type, record.End - record.Data) is (RecordType.A, 4) or (RecordType.AAAA, 16))
            .Select(record => new IPAddress(answer.Span[record.Data..record.End]))];
        try
        {
            await _learnt.LearnAsync(name, addresses, cancellationToken);
            return true;
        }
        catch (TelelaunchException error)
        {
            _context.Logger.LogWarning(error, "The addresses of {Name} can't be routed", name);
            return false;
        }
    }

    /// <summary>A raw question as res_search(3) asks in the pod, with its search list: the first answer with records, else the first of a name that exists.</summary>
    internal ValueTask<ReadOnlyMemory<byte>> SearchAsync(ReadOnlyMemory<byte> query, CancellationToken cancellationToken)
    {
        if (!DnsQuestion.TryRead(query.Span, out DnsQuestion question))
            return default;
        IEnumerable<string> searched = Policy.SearchDomains.Select(domain => $"{question.Name}.{domain}");
        bool asIsFirst = question.Name.Count(character => character == '.') >= _context.Pod.Ndots;
        return SearchAsync(query, question, asIsFirst ? searched.Prepend(question.Name) : searched.Append(question.Name), cancellationToken);
    }

    /// <summary>A raw question below the pod's search list only: what the cluster itself knows under the name, and not what the Internet does.</summary>
    internal ValueTask<ReadOnlyMemory<byte>> SearchClusterAsync(ReadOnlyMemory<byte> query, DnsQuestion question, CancellationToken cancellationToken)
        => SearchAsync(query, question, SearchDomains().Select(domain => $"{question.Name}.{domain}"), cancellationToken);

    /// <summary>Counts a question to the pod in, until it is disposed.</summary>
    internal Asking Mark(string name, RecordType type)
    {
        (string, RecordType) key = (DnsQuestion.Normalize(name), type);
        _asking.AddOrUpdate(key, 1, static (_, count) => count + 1);
        return new Asking(this, key);
    }

    private async ValueTask<ReadOnlyMemory<byte>> SearchAsync(ReadOnlyMemory<byte> query, DnsQuestion question, IEnumerable<string> names, CancellationToken cancellationToken)
    {
        ReadOnlyMemory<byte> best = default;
        foreach (string name in names)
        {
            if (!DnsQuestion.TryRename(query.Span, question, name, out byte[] renamed))
                continue;
            ReadOnlyMemory<byte> answer = await QueryAsync(renamed, cancellationToken);
            if (answer.IsEmpty)
                return answer;
            if (DnsAnswer.HasRecords(answer.Span))
                return answer;
            if (best.IsEmpty || (DnsAnswer.IsNoSuchName(best.Span) && !DnsAnswer.IsNoSuchName(answer.Span)))
                best = answer;
        }

        return best;
    }

    /// <summary>The pod's search list, in a loop without domains for which the cluster would ask this machine.</summary>
    private IEnumerable<string> SearchDomains() => _context.InLoop ? Policy.SearchDomains.Where(Policy.IsClusterOwn) : Policy.SearchDomains;

    private async Task<ReadOnlyMemory<byte>> AskAsync(ReadOnlyMemory<byte> query, DnsQuestion question)
    {
        if (_context.TunnelState == TunnelState.Down)
            return default;
        using Asking asking = Mark(question.Name, question.Type);
        try
        {
            return await _resolver.QueryAsync(query, _sessionEnd);
        }
        catch (OperationCanceledException)
        {
            return default;
        }
    }

    private async Task<AddressLookup> AskAsync(string name, AddressFamilies families, NameDecision decision)
    {
        if (_context.TunnelState == TunnelState.Down)
            return AddressLookup.Failed(LookupStatus.TryAgain);
        try
        {
            if (decision == NameDecision.ClusterFirst && _context.InLoop)
                return Best(await AskSearchListAsync(name, families));
            AddressLookup lookup = await _resolver.LookUpAddressesAsync(name, families, _sessionEnd);
            bool doubtful = decision == NameDecision.ClusterFirst && name.Contains('.', StringComparison.Ordinal) && lookup.Status == LookupStatus.Found;
            if (!doubtful || Policy.IsOfCluster(lookup.CanonicalName) || lookup.Addresses.Any(_learnt.GoesToCluster))
                return lookup;
            // Did it lead outside through the cluster, as an ExternalName "db.prod" does, or only because the pod can resolve the Internet's names too?
            // Those are this machine's to resolve.
            AddressLookup[] answers = await AskSearchListAsync(name, families);
            return answers.Any(answer => answer.Status is LookupStatus.Found or LookupStatus.NoData) ? lookup : AddressLookup.Failed(LookupStatus.NoName, lookup.TimeToLive);
        }
        catch (OperationCanceledException)
        {
            return AddressLookup.Failed(LookupStatus.TryAgain);
        }
    }

    private Task<AddressLookup[]> AskSearchListAsync(string name, AddressFamilies families) =>
        Task.WhenAll(SearchDomains().Select(domain => _resolver.LookUpAddressesAsync($"{name}.{domain}.", families, _sessionEnd).AsTask()));

    // In the search list's order; what nobody could say outweighs "no such name".
    private static AddressLookup Best(AddressLookup[] answers) =>
        Array.Find(answers, answer => answer.Status == LookupStatus.Found)
        ?? Array.Find(answers, answer => answer.Status == LookupStatus.NoData)
        ?? Array.Find(answers, answer => answer.Status == LookupStatus.TryAgain)
        ?? AddressLookup.Failed(LookupStatus.NoName, answers.Length == 0 ? TimeSpan.Zero : answers.Min(answer => answer.TimeToLive));

    /// <summary>A question under way.</summary>
    internal readonly struct Asking(PodNames owner, (string, RecordType) key) : IDisposable
    {
        public void Dispose()
        {
            if (owner._asking.AddOrUpdate(key, 0, static (_, count) => count - 1) <= 0)
                ((ICollection<KeyValuePair<(string, RecordType), int>>)owner._asking).Remove(new(key, 0));
        }
    }
}
