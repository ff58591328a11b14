using System.Buffers.Binary;
using Telelaunch.Broker;
using Telelaunch.Fuzz.Tests.Fuzzing;
using Telelaunch.Mux;
using Telelaunch.Mux.Frames;
using Telelaunch.Net;
using Telelaunch.Net.Dns;

namespace Telelaunch.Fuzz.Tests.Targets;

/// <summary>What a hostile agent tells of its pod and of names, on its way through the broker to the shim: replies and table stay what the contract says.</summary>
/// <remarks>Input: KIND 1 | payload of RESOLVED or POD.</remarks>
internal sealed class PodAnswersTarget : FuzzTarget
{
    private static readonly byte[] s_query = DnsMessages.Query("hello", 1);

    public override string Name => "pod-answers";

    public override int Iterations => 30_000;

    public override int MaximumLength => 65_537;

    public override IReadOnlyList<byte[]> Corpus { get; } =
    [
        [0, .. Payload("resolved-addresses")],
        [1, .. Payload("resolved-names")],
        [2, .. Payload("resolved-query")],
        [3, .. Payload("pod")],
        ManyDomains(),
        ManyAddresses(),
        .. CorpusFiles.Regressions("pod-answers"),
    ];

    public override Task RunAsync(byte[] input)
    {
        if (input.Length == 0)
            return Task.CompletedTask;
        byte[] payload = input[1..];
        try
        {
            switch (input[0] % 4)
            {
                case 0:
                    CheckAddresses(ResolvedFrame.ReadAddresses(payload));
                    break;
                case 1:
                    CheckNames(ResolvedFrame.ReadNames(payload));
                    break;
                case 2:
                    byte[] reply = ControlReply.Answer(ResolvedFrame.ReadMessage(payload).Span);
                    CheckHeader(reply, reply[1]);
                    break;
                default:
                    CheckPod(PodFrame.Read(payload));
                    break;
            }
        }
        catch (ProtocolException)
        {
            // Refused before it came so far.
        }

        return Task.CompletedTask;
    }

    private static void CheckAddresses(AddressLookup lookup)
    {
        // TTL 4 | COUNT 2 | CANONICAL_LENGTH 2 | COUNT × ADDRESS 20 | canonical
        byte[] reply = ControlReply.Addresses(lookup);
        CheckHeader(reply, (byte)lookup.Status);
        int count = BitConverter.ToUInt16(reply, 8);
        Oracle.Must(reply.Length == 12 + (count * 20) + BitConverter.ToUInt16(reply, 10), "COUNT and CANONICAL_LENGTH don't give the length");
        for (int i = 0; i < count; i++)
            Oracle.Must(BitConverter.ToUInt16(reply, 12 + (i * 20)) is 4 or 6, "an address of another family");
        Oracle.Must(DnsQuestion.TryRead(s_query, out DnsQuestion question), "the valid question");
        ReadOnlySpan<byte> answer = DnsAnswer.Fit(DnsAnswer.Addresses(s_query, question, lookup), s_query).Span;
        Oracle.Must(answer.Length <= 512 && ParsedAnswer.Parse(answer) is not null, $"a DNS answer of {answer.Length} bytes that can't be read");
    }

    private static void CheckNames(NameLookupResult lookup)
    {
        // TTL 4 | COUNT 2 | ZERO 2 | COUNT × (LENGTH 2 | name)
        byte[] reply = ControlReply.Names(lookup);
        CheckHeader(reply, (byte)lookup.Status);
        int at = 12;
        for (int left = BitConverter.ToUInt16(reply, 8); left > 0; left--)
            at += 2 + BitConverter.ToUInt16(reply, at);
        Oracle.Must(at == reply.Length, "COUNT and the lengths don't give the length");
    }

    private static void CheckPod(PodDescription pod)
    {
        var policy = new NamePolicy(pod, ClusterNames.Unknown);
        byte[] names = policy.Encode();
        Oracle.Must(names.Length <= VerdictTableLayout.NamesLength, $"{names.Length} bytes of names for a table that holds {VerdictTableLayout.NamesLength}");
        // KIND 1 | name | NUL
        for (int at = 0; at < names.Length;)
        {
            int end = Array.IndexOf(names, (byte)0, at);
            Oracle.Must(end > at + 1 && names[at] is (byte)'S' or (byte)'L' or (byte)'N', $"an entry of the table's names is broken at {at}");
            string name = System.Text.Encoding.UTF8.GetString(names.AsSpan((at + 1)..end));
            Oracle.Must(policy.Decide(name.Contains('.', StringComparison.Ordinal) ? name : "x." + name) != NameDecision.Host || name == "local", $"the table says that \"{name}\" is the cluster's, the broker doesn't");
            at = end + 1;
        }
    }

    private static void CheckHeader(byte[] reply, byte status)
    {
        Oracle.Must(reply.Length is >= 4 and <= ControlProtocol.MaximumLength, $"a reply of {reply.Length} bytes");
        Oracle.Must(reply[0] == ControlProtocol.Version && reply[1] == status && reply[2] == 0 && reply[3] == 0, "the reply's header is wrong");
    }

    private static byte[] Payload(string vector) => CorpusFiles.Mux(vector)[FrameHeader.Size..];

    /// <summary>As many search domains as POD can carry, none like the other.</summary>
    private static byte[] ManyDomains()
    {
        string[] domains = [.. Enumerable.Range(0, 250).Select(i => $"d{i}." + string.Join('.', Enumerable.Repeat(new string('x', 60), 4)))];
        byte[] payload = new byte[FrameHeader.MaxPayload];
        return [3, .. payload.AsSpan(0, PodFrame.Write(new("pod", [], [], domains, 5, "1"), payload))];
    }

    /// <summary>More addresses than a reply to the shim can carry.</summary>
    private static byte[] ManyAddresses()
    {
        // STATUS 1 | COUNT 2 | TTL 4 | CANONICAL_LENGTH 1 | COUNT × (FAMILY 1 | ADDRESS 4)
        const int Count = 12_000;
        byte[] payload = new byte[8 + (Count * 5)];
        BinaryPrimitives.WriteUInt16BigEndian(payload.AsSpan(1), Count);
        for (int i = 0; i < Count; i++)
        {
            payload[8 + (i * 5)] = 4;
            BinaryPrimitives.WriteUInt32BigEndian(payload.AsSpan(9 + (i * 5)), 0x0a600000u + (uint)i);
        }

        return [0, .. payload];
    }
}
