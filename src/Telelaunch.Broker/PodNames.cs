using System.Collections.Concurrent;
using System.Net;
using Telelaunch.Net;

namespace Telelaunch.Broker;

/// <summary>Answers name requests as the pod would: LOOKUP, REVERSE and QUERY of the shim, and the name-server listener's questions.</summary>
internal sealed class PodNames
{
    private readonly IPodResolver _resolver;
    private readonly FlowContext _context;
    private readonly LearntAddresses _learnt;
    private readonly CancellationToken _sessionEnd;
    private readonly NameCache _cache;
    private readonly ConcurrentDictionary<string, int> _asking = new(StringComparer.Ordinal);

    internal PodNames(IPodResolver resolver, NamePolicy policy, LearntAddresses learnt, FlowContext context, CancellationToken sessionEnd)
    {
        _resolver = resolver;
        Policy = policy;
        _learnt = learnt;
        _context = context;
        _sessionEnd = sessionEnd;
        _cache = new NameCache(context.Time);
    }

    internal NamePolicy Policy { get; set; }

    /// <summary>Whether the pod is being asked for this name right now: should it come back to us, the cluster's DNS asks us in turn.</summary>
    internal bool IsAsking(string name) => _asking.ContainsKey(NamePolicy.Normalize(name));

    /// <summary>Forgets all answers: another pod answers from now on.</summary>
    internal void Forget() => _cache.Clear();

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
        }
        catch (TelelaunchException)
        {
            // The tunnel was lost meanwhile; it says so itself.
            found = new CachedLookup(AddressLookup.Failed(LookupStatus.TryAgain), false);
        }

        if (found.Lookup.Status == LookupStatus.Found)
            _learnt.Learn(NamePolicy.Normalize(name), found.Lookup.Addresses);
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
        if (_context.TunnelState == TunnelState.Down || !DnsQuestion.TryRead(query.Span, out DnsQuestion question))
            return default;
        using Asking asking = Mark(question.Name);
        try
        {
            return await _resolver.QueryAsync(query, cancellationToken);
        }
        catch (TelelaunchException)
        {
            return default;
        }
    }

    /// <summary>A raw question with the pod's search list, as res_search(3) asks in the pod: the first answer with records, else the first of a name that exists.</summary>
    internal async ValueTask<ReadOnlyMemory<byte>> SearchAsync(ReadOnlyMemory<byte> query, CancellationToken cancellationToken)
    {
        if (!DnsQuestion.TryRead(query.Span, out DnsQuestion question))
            return default;
        IEnumerable<string> searched = Policy.SearchDomains.Select(domain => $"{question.Name}.{domain}");
        bool asIsFirst = question.Name.Count(character => character == '.') >= _context.Pod.Ndots;
        ReadOnlyMemory<byte> best = default;
        foreach (string name in asIsFirst ? searched.Prepend(question.Name) : searched.Append(question.Name))
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

    /// <summary>Counts a question to the pod in, until it is disposed.</summary>
    internal Asking Mark(string name)
    {
        string key = NamePolicy.Normalize(name);
        _asking.AddOrUpdate(key, 1, static (_, count) => count + 1);
        return new Asking(this, key);
    }

    private async Task<AddressLookup> AskAsync(string name, AddressFamilies families, NameDecision decision)
    {
        if (_context.TunnelState == TunnelState.Down)
            return AddressLookup.Failed(LookupStatus.TryAgain);
        using Asking asking = Mark(name);
        AddressLookup lookup;
        try
        {
            lookup = await _resolver.LookUpAddressesAsync(name, families, _sessionEnd);
        }
        catch (OperationCanceledException)
        {
            return AddressLookup.Failed(LookupStatus.TryAgain);
        }

        bool doubtful = decision == NameDecision.ClusterFirst && name.Contains('.', StringComparison.Ordinal) && lookup.Status == LookupStatus.Found;
        if (!doubtful || Policy.IsOfCluster(lookup.CanonicalName) || lookup.Addresses.Any(_learnt.GoesToCluster))
            return lookup;
        return await IsInSearchListAsync(name, families) ? lookup : AddressLookup.Failed(LookupStatus.NoName, lookup.TimeToLive);
    }

    /// <summary>
    /// Whether a name that led outside did so through the cluster, as an ExternalName <c>db.prod</c> does, or only because the pod can resolve
    /// the Internet's names too: those are this machine's to resolve.
    /// </summary>
    private async Task<bool> IsInSearchListAsync(string name, AddressFamilies families)
    {
        AddressLookup[] answers = await Task.WhenAll(Policy.SearchDomains.Select(domain =>
            _resolver.LookUpAddressesAsync($"{name}.{domain}.", families, _sessionEnd).AsTask()));
        return answers.Any(answer => answer.Status is LookupStatus.Found or LookupStatus.NoData);
    }

    /// <summary>A question under way.</summary>
    internal readonly struct Asking(PodNames owner, string key) : IDisposable
    {
        public void Dispose()
        {
            if (owner._asking.AddOrUpdate(key, 0, static (_, count) => count - 1) <= 0)
                ((ICollection<KeyValuePair<string, int>>)owner._asking).Remove(new(key, 0));
        }
    }
}
