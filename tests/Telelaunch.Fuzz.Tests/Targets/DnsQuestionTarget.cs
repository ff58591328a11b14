using System.Net;
using Telelaunch.Broker;
using Telelaunch.Fuzz.Tests.Fuzzing;
using Telelaunch.Net;
using Telelaunch.Net.Dns;

namespace Telelaunch.Fuzz.Tests.Targets;

/// <summary>Questions that applications put to the broker: read or refused; what is read can be written again, and answered so that the answer can be read.</summary>
internal sealed class DnsQuestionTarget : FuzzTarget
{
    public override string Name => "dns-question";

    public override int Iterations => 60_000;

    public override int MaximumLength => 700;

    public override IReadOnlyList<byte[]> Corpus { get; } =
    [
        DnsMessages.Query("hello.default.svc.cluster.local", 1),
        DnsMessages.Query("Hello", 28),
        DnsMessages.Query("1.0.96.10.in-addr.arpa", 12),
        DnsMessages.Query(string.Join('.', Enumerable.Repeat("0", 31)) + ".f.ip6.arpa", 12),
        DnsMessages.Query(string.Join('.', Enumerable.Repeat(new string('a', 63), 3)) + "." + new string('b', 61), 1),
        DnsMessages.Query(string.Join('.', Enumerable.Repeat(new string('a', 63), 3)) + "." + new string('b', 62), 28),
        [.. DnsMessages.Query("a", 1), 0, 0, 41, 16, 0, 0, 0, 0, 0, 0, 0],
        .. CorpusFiles.Regressions("dns-question"),
    ];

    public override Task RunAsync(byte[] input)
    {
        bool read = false;
        DnsQuestion question = Oracle.Bounded(input.Length, 4096, 16, () =>
        {
            read = DnsQuestion.TryRead(input, out DnsQuestion found);
            return found;
        });
        if (read)
            Check(input, question);
        return Task.CompletedTask;
    }

    private static void Check(byte[] input, DnsQuestion question)
    {
        byte[] wireName = input[DnsQuestion.HeaderLength..(question.End - 4)];
        Oracle.Must(question.End <= input.Length, "the question ends behind the message");
        bool root = question.Name.Length == 0;
        bool encoded = DnsQuestion.TryEncodeName(question.Name, out byte[] name);
        Oracle.Must(encoded != root, $"\"{question.Name}\" was read, but can't be written");
        if (!root)
        {
            Oracle.Must(System.Text.Ascii.EqualsIgnoreCase(name, wireName), $"\"{question.Name}\" is written as another name");
            Oracle.Must(DnsQuestion.TryRename(input, question, question.Name, out byte[] renamed) && renamed.Length == input.Length, "renamed to its own name it is another length");
            Oracle.Must(DnsQuestion.TryRead(renamed, out DnsQuestion again) && again == question, "renamed to its own name it is another question");
        }

        _ = question.ReverseAddress();
        IPAddress[] addresses = [.. Enumerable.Range(1, 40).Select(i => new IPAddress([10, 96, 0, (byte)i])), IPAddress.Parse("fd00::1")];
        string alias = string.Join('.', Enumerable.Repeat(new string('c', 61), 4));
        foreach (string? canonical in question.Type is RecordType.A or RecordType.AAAA ? (string?[])[null, "hello.default.svc.cluster.local", alias, "in..valid"] : [])
        {
            byte[] answer = DnsAnswer.Addresses(input, question, new(LookupStatus.Found, addresses, canonical, TimeSpan.FromSeconds(5)));
            CheckAnswer(input, question, answer, addresses);
        }

        CheckAnswer(input, question, DnsAnswer.Empty(input, question, DnsAnswer.ServerFailure), []);
    }

    private static void CheckAnswer(byte[] input, DnsQuestion question, byte[] whole, IPAddress[] addresses)
    {
        ReadOnlySpan<byte> answer = DnsAnswer.Fit(whole, input).Span;
        int limit = Edns.LimitOf(input);
        Oracle.Must(answer.Length <= limit, $"an answer of {answer.Length} bytes to one who takes {limit}");
        Oracle.Must(ParsedAnswer.Answers(answer, input.AsSpan(0, question.End)), "the answer doesn't repeat the question");
        ParsedAnswer? read = ParsedAnswer.Parse(answer);
        Oracle.Must(read is not null, "the answer can't be read");
        Oracle.Must(read!.Records.All(record => record.Address is null || addresses.Contains(record.Address)), "the answer has addresses that nobody gave");
    }
}
