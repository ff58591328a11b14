using System.Net;
using Telelaunch.Net;
using Telelaunch.Net.Dns;

namespace Telelaunch.Broker;

/// <summary>Passes a question on, as it came, to the name servers that this machine has without us. Empty: nobody answered.</summary>
internal delegate ValueTask<ReadOnlyMemory<byte>> NameRelay(CancellationToken cancellationToken);

/// <summary>Answers whole DNS questions: from the cluster what is the cluster's, by a relay what isn't. Listeners only receive and send.</summary>
/// <remarks>
/// A name that is the cluster's for certain is answered from there or not at all: no other resolver hears of it. One that may be is asked in the cluster first, and
/// its "no such name" hands it on. While nobody in the cluster can say, such a name is passed on too, unless the cluster has answered for it before; but then
/// "no such name" isn't believed: it would stay in the asker's cache when the cluster is there again.
/// </remarks>
internal sealed class NameDesk(PodNames names, LoopProbe probe, LearntAddresses learnt, NameContext context)
{
    private const int MaximumKnown = 4096;

    // resolv.conf(5) lets an asker wait 5 s: who is asked second needs a part of it. A question that is given up goes on, and its answer is kept.
    private static readonly TimeSpan ClusterPatience = TimeSpan.FromSeconds(4.5);
    private static readonly TimeSpan ClusterFirstPatience = TimeSpan.FromSeconds(2.5);

    private readonly Lock _lock = new();
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);
    private readonly Queue<string> _knownByAge = new();

    /// <summary>A question to a name server of this machine.</summary>
    internal async ValueTask<ReadOnlyMemory<byte>> AnswerAsync(ReadOnlyMemory<byte> query, NameRelay relay, CancellationToken cancellationToken)
    {
        if (!DnsQuestion.TryRead(query.Span, out DnsQuestion question))
            return await relay(cancellationToken);
        if (ComesBack(question))
            return DnsAnswer.Empty(query.Span, question, DnsAnswer.NoSuchName);

        bool isReverse = question.ReverseAddress() is IPAddress address && learnt.GoesToCluster(address);
        NameDecision decision = isReverse ? NameDecision.Cluster : names.Policy.Decide(question.Name);
        if (decision == NameDecision.Host)
            return names.Policy.MustNotLeak(question.Name) ? DnsAnswer.Empty(query.Span, question, DnsAnswer.NoSuchName) : await relay(cancellationToken);
        if (decision == NameDecision.Cluster && context.InLoop && !isReverse && !names.Policy.IsClusterOwn(question.Name))
        {
            // The cluster would ask this machine for it anyway; connections still take the way through the cluster.
            ReadOnlyMemory<byte> answer = await relay(cancellationToken);
            return await names.TryLearnAsync(question.Name, answer, cancellationToken) ? answer : Failure(query, question);
        }

        // The relay's resolver must see an unknown version as it is; here there is only one (RFC 6891 §6.1.3).
        if (Edns.Read(query.Span) is { Version: > 0 })
            return DnsAnswer.Empty(query.Span, question, DnsAnswer.BadVersion);
        if (decision == NameDecision.Cluster)
            return await AskClusterAsync(query, question, decision, ClusterPatience, cancellationToken);
        return IsKnown(question.Name) || names.Policy.IsLikely(question.Name)
            ? await AnswerClusterFirstAsync(query, question, relay, cancellationToken)
            : await AnswerHostFirstAsync(query, question, relay, cancellationToken);
    }

    /// <summary>A question to the pod's own name server: it alone is asked, with the question as it is.</summary>
    internal async ValueTask<ReadOnlyMemory<byte>> AnswerAsPodAsync(ReadOnlyMemory<byte> query, CancellationToken cancellationToken)
    {
        if (!DnsQuestion.TryRead(query.Span, out DnsQuestion question))
            return default;
        if (ComesBack(question))
            return DnsAnswer.Empty(query.Span, question, DnsAnswer.NoSuchName);
        ReadOnlyMemory<byte> answer = await names.QueryAsync(query, cancellationToken);
        return answer.IsEmpty ? Failure(query, question) : answer;
    }

    /// <summary>The probe, or in a loop what we are asking the pod for at this moment: the cluster's DNS, which isn't its owner, asks us.</summary>
    private bool ComesBack(DnsQuestion question) =>
        probe.Recognizes(question) || (context.InLoop && names.IsAsking(question.Name, question.Type) && !names.Policy.IsClusterOwn(question.Name));

    private async ValueTask<ReadOnlyMemory<byte>> AnswerClusterFirstAsync(ReadOnlyMemory<byte> query, DnsQuestion question, NameRelay relay, CancellationToken cancellationToken)
    {
        bool known = IsKnown(question.Name);
        ReadOnlyMemory<byte> answer = await AskClusterAsync(query, question, NameDecision.ClusterFirst, known ? ClusterPatience : ClusterFirstPatience, cancellationToken);
        switch (DnsAnswer.CodeOf(answer.Span))
        {
            case DnsAnswer.NoError:
                Remember(question.Name);
                return answer;
            case DnsAnswer.NoSuchName:
                return await relay(cancellationToken);
            default:
                ReadOnlyMemory<byte> relayed = known ? default : await relay(cancellationToken);
                return DnsAnswer.CodeOf(relayed.Span) == DnsAnswer.NoError ? relayed : answer;
        }
    }

    /// <summary>For names that are asked in the cluster only because its namespaces aren't known: almost all are this machine's.</summary>
    private async ValueTask<ReadOnlyMemory<byte>> AnswerHostFirstAsync(ReadOnlyMemory<byte> query, DnsQuestion question, NameRelay relay, CancellationToken cancellationToken)
    {
        ReadOnlyMemory<byte> relayed = await relay(cancellationToken);
        if (!relayed.IsEmpty && !DnsAnswer.IsNoSuchName(relayed.Span))
            return relayed;
        ReadOnlyMemory<byte> answer = await AskClusterAsync(query, question, NameDecision.ClusterFirst, ClusterFirstPatience, cancellationToken);
        if (DnsAnswer.CodeOf(answer.Span) != DnsAnswer.NoError)
            return relayed;
        Remember(question.Name);
        return answer;
    }

    /// <summary>Never empty: "nobody could say" is SERVFAIL.</summary>
    private async ValueTask<ReadOnlyMemory<byte>> AskClusterAsync(
        ReadOnlyMemory<byte> query,
        DnsQuestion question,
        NameDecision decision,
        TimeSpan most,
        CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(most, context.Time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            return (question.Class, question.Type) switch
            {
                (DnsQuestion.ClassInternet, RecordType.A or RecordType.AAAA) => await LookUpAsync(query, question, decision, either.Token),
                (DnsQuestion.ClassInternet, RecordType.HTTPS or RecordType.SVCB) => await DenyBindingAsync(query, question, decision, either.Token),
                _ => await QueryAsync(query, question, decision, either.Token),
            };
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Failure(query, question);
        }
    }

    private async ValueTask<ReadOnlyMemory<byte>> LookUpAsync(ReadOnlyMemory<byte> query, DnsQuestion question, NameDecision decision, CancellationToken cancellationToken)
    {
        // A name that is the cluster's for certain is complete: no search list.
        string name = decision == NameDecision.Cluster ? question.Name + "." : question.Name;
        AddressFamilies families = question.Type == RecordType.A ? AddressFamilies.IPv4 : AddressFamilies.IPv6;
        AddressLookup lookup = await names.LookUpAsync(name, families, 0, cancellationToken);
        return DnsAnswer.Addresses(query.Span, question, lookup);
    }

    /// <summary>A browser asks for a service binding before it connects (RFC 9460); no name of a cluster has one, and it need not wait to hear that.</summary>
    private async ValueTask<ReadOnlyMemory<byte>> DenyBindingAsync(ReadOnlyMemory<byte> query, DnsQuestion question, NameDecision decision, CancellationToken cancellationToken)
    {
        if (decision == NameDecision.Cluster)
            return DnsAnswer.Empty(query.Span, question, DnsAnswer.NoError);
        // Whose the name is only its addresses tell, for which the browser asks at the same time.
        AddressLookup lookup = await names.LookUpAsync(question.Name, AddressFamilies.IPv4, 0, cancellationToken);
        return DnsAnswer.Addresses(query.Span, question, AddressLookup.Failed(lookup.Status == LookupStatus.Found ? LookupStatus.NoData : lookup.Status));
    }

    private async ValueTask<ReadOnlyMemory<byte>> QueryAsync(ReadOnlyMemory<byte> query, DnsQuestion question, NameDecision decision, CancellationToken cancellationToken)
    {
        ReadOnlyMemory<byte> answer = decision == NameDecision.Cluster
            ? await names.QueryAsync(query, cancellationToken)
            : await names.SearchClusterAsync(query, question, cancellationToken);
        if (answer.IsEmpty || !await names.TryLearnAsync(question.Name, answer, cancellationToken))
            return Failure(query, question);
        return decision == NameDecision.Cluster ? answer : DnsAnswer.Renamed(query.Span, question, answer.Span);
    }

    private static byte[] Failure(ReadOnlyMemory<byte> query, DnsQuestion question) => DnsAnswer.Empty(query.Span, question, DnsAnswer.ServerFailure);

    private bool IsKnown(string name)
    {
        lock (_lock)
            return _known.Contains(name);
    }

    private void Remember(string name)
    {
        lock (_lock)
        {
            if (!_known.Add(name))
                return;
            if (_knownByAge.Count == MaximumKnown)
                _known.Remove(_knownByAge.Dequeue());
            _knownByAge.Enqueue(name);
        }
    }
}
