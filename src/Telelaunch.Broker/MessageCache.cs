using System.Buffers.Binary;
using Telelaunch.Net.Dns;

namespace Telelaunch.Broker;

/// <summary>Whole answers by whole questions, the asker's number aside, for as long as their records' least TTL says.</summary>
/// <remarks>A question with other flags or other EDNS is another question. What is long, failed or can't be read is passed on and not kept.</remarks>
internal sealed class MessageCache(TimeProvider time)
{
    internal const int MaximumEntries = 1024;
    private const int MaximumKeptLength = 4096;
    private const int NumberLength = 2;

    private readonly FlightCache<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>> _cache = new(MaximumEntries, LifeOf, time, new ByBytes());

    /// <summary>The answer under the asker's own number; empty when nobody could say.</summary>
    /// <param name="ask">Runs once for all who wait; it isn't theirs to cancel.</param>
    internal async ValueTask<ReadOnlyMemory<byte>> GetAsync(ReadOnlyMemory<byte> query, Func<Task<ReadOnlyMemory<byte>>> ask, CancellationToken cancellationToken)
    {
        KeptAnswer<ReadOnlyMemory<byte>> kept = await _cache.GetAsync(query[NumberLength..], ask, cancellationToken);
        if (kept.Answer.Length < DnsQuestion.HeaderLength)
            return default;
        byte[] answer = kept.Answer.ToArray();
        query.Span[..NumberLength].CopyTo(answer);
        if (kept.Cached)
            Age(answer, (uint)kept.Age.TotalSeconds);
        return answer;
    }

    internal void Clear() => _cache.Clear();

    /// <summary>Completes when no question is under way any more.</summary>
    internal Task WhenLandedAsync() => _cache.WhenLandedAsync();

    private static TimeSpan LifeOf(ReadOnlyMemory<byte> answer)
    {
        ReadOnlySpan<byte> message = answer.Span;
        if (message.Length > MaximumKeptLength || DnsAnswer.CodeOf(message) is not (DnsAnswer.NoError or DnsAnswer.NoSuchName) || !MessageRecords.TryFind(message, out IReadOnlyList<MessageRecord> records))
            return TimeSpan.Zero;
        uint? least = null;
        foreach (MessageRecord record in records)
        {
            if (record.Type == RecordType.OPT)
                continue;
            uint seconds = record.ReadTimeToLive(message);
            // "No" holds for the lesser of the SOA's TTL and its last field, MINIMUM (RFC 2308 §5).
            if (record.Type == RecordType.SOA && record.Section == MessageSection.Authority && record.End - record.Data >= sizeof(uint))
                seconds = Math.Min(seconds, BinaryPrimitives.ReadUInt32BigEndian(message[(record.End - sizeof(uint))..]));
            least = Math.Min(least ?? uint.MaxValue, seconds);
        }

        TimeSpan life = TimeSpan.FromSeconds(least ?? 0);
        return life < NameCache.LongestLife ? life : NameCache.LongestLife;
    }

    private static void Age(byte[] answer, uint seconds)
    {
        if (!MessageRecords.TryFind(answer, out IReadOnlyList<MessageRecord> records))
            return;
        foreach (MessageRecord record in records.Where(record => record.Type != RecordType.OPT))
        {
            uint left = record.ReadTimeToLive(answer);
            BinaryPrimitives.WriteUInt32BigEndian(answer.AsSpan(record.TimeToLive), left > seconds ? left - seconds : 0);
        }
    }

    private sealed class ByBytes : IEqualityComparer<ReadOnlyMemory<byte>>
    {
        public bool Equals(ReadOnlyMemory<byte> x, ReadOnlyMemory<byte> y) => x.Span.SequenceEqual(y.Span);

        public int GetHashCode(ReadOnlyMemory<byte> obj)
        {
            var hash = default(HashCode);
            hash.AddBytes(obj.Span);
            return hash.ToHashCode();
        }
    }
}
