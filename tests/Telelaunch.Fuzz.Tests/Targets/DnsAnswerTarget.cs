using Telelaunch.Net.Dns;
using Telelaunch.Fuzz.Tests.Fuzzing;

namespace Telelaunch.Fuzz.Tests.Targets;

/// <summary>Answers of the pod's name servers: taken apart or refused, names no longer than DNS allows.</summary>
internal sealed class DnsAnswerTarget : FuzzTarget
{
    // A record of twelve bytes can point to a name of 255, once as its owner and once as its data, each two bytes a character and built up piece by piece.
    private const int BytesAByte = 512;

    private static readonly byte[] s_question = DnsMessages.Query("hello.default.svc.cluster.local", 1);

    private static readonly byte[] s_asked = DnsMessages.Query("hello", 1);

    public override string Name => "dns-answer";

    public override int Iterations => 60_000;

    public override IReadOnlyList<byte[]> Corpus { get; } = [.. DnsMessages.Answers(s_question), Amplifier(), .. CorpusFiles.Regressions("dns-answer")];

    public override Task RunAsync(byte[] input)
    {
        CheckCopies(input);
        bool answers = ParsedAnswer.Answers(input, s_question);
        _ = ParsedAnswer.Answers(s_question, input);
        // The resolver takes nothing else apart.
        if (!answers)
            return Task.CompletedTask;
        _ = ParsedAnswer.IsTruncated(input);
        ParsedAnswer? answer = Oracle.Bounded(input.Length, 8192, BytesAByte, () => ParsedAnswer.Parse(input));
        if (answer is null)
            return Task.CompletedTask;
        Oracle.Must(answer.ResponseCode is >= 0 and < 16, "RCODE has four bits");
        foreach (DnsRecord record in answer.Records)
        {
            Oracle.Must(record.Name.Length <= 253 && (record.Target?.Length ?? 0) <= 253, "a name is longer than 255 octets");
            Oracle.Must(record.TimeToLive <= int.MaxValue, "a TTL above 2^31 - 1 is 0");
            Oracle.Must((record.Type is RecordType.CNAME or RecordType.PTR) == record.Target is not null, "an alias leads nowhere");
        }

        return Task.CompletedTask;
    }

    /// <summary>What is passed on cut, or under the name that was asked, can be read where the whole could.</summary>
    private static void CheckCopies(byte[] input)
    {
        bool readable = MessageRecords.TryFind(input, out IReadOnlyList<MessageRecord> records);
        ReadOnlySpan<byte> fit = DnsAnswer.Fit(input, s_question).Span;
        if (readable && records.Count > 0)
            Oracle.Must(MessageRecords.TryFind(fit, out _) && (fit.Length <= Edns.PlainPayloadSize || records[0].Start > Edns.PlainPayloadSize), $"cut to {fit.Length} bytes");
        Oracle.Must(DnsQuestion.TryRead(s_asked, out DnsQuestion question), "the valid question");
        byte[] renamed = DnsAnswer.Renamed(s_asked, question, input);
        Oracle.Must(MessageRecords.TryFind(renamed, out IReadOnlyList<MessageRecord> copies) && renamed.Length <= DnsAnswer.MaximumLength, $"an answer of {renamed.Length} bytes that can't be read");
        Oracle.Must(copies.Count <= records.Count + 1, "records that nobody sent");
    }

    /// <summary>One long name, and as many records as fit that point to it.</summary>
    private static byte[] Amplifier()
    {
        byte[] name = DnsMessages.Name(string.Join('.', Enumerable.Repeat(new string('a', 61), 4)));
        byte[] first = DnsMessages.Record([0], 5, name);
        byte at = (byte)(s_question.Length + 11);
        byte[][] rest = [.. Enumerable.Range(0, 250).Select(_ => DnsMessages.Record([0xc0, at], 5, [0xc0, at]))];
        return DnsMessages.Answer(s_question, 0, [first, .. rest], []);
    }
}
