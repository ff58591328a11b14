using System.Net;
using Telelaunch.Fuzz.Tests.Fuzzing;
using Telelaunch.Mux;
using Telelaunch.Mux.Frames;
using Telelaunch.Net;

namespace Telelaunch.Fuzz.Tests.Targets;

/// <summary>Payloads of mux frames by themselves: read, or refused with a <see cref="ProtocolException"/>; what is read is written as it was.</summary>
/// <remarks>Input: KIND 1 | payload.</remarks>
internal sealed class MuxFramesTarget : FuzzTarget
{
    // What the largest description takes, all texts and lists at their most.
    private const int Room = 128 * 1024;

    // A description, its lists and texts; one byte of payload can ask for an address of some 100 bytes in memory.
    private const int BytesAByte = 256;

    public override string Name => "mux-frames";

    public override int Iterations => 60_000;

    public override IReadOnlyList<byte[]> Corpus { get; } =
    [
        .. Payloads((0, "pod"), (1, "resolve-addresses"), (1, "resolve-names"), (1, "resolve-query"), (2, "resolved-addresses"), (2, "resolved-no-name"), (3, "resolved-names"), (4, "resolved-query"), (5, "resolved-environment")),
        .. CorpusFiles.Regressions("mux-frames"),
    ];

    public override Task RunAsync(byte[] input)
    {
        if (input.Length == 0)
            return Task.CompletedTask;
        byte[] payload = input[1..];
        try
        {
            RoundTrip(input[0] % 6, payload);
        }
        catch (ProtocolException)
        {
            // Refused, as it should be.
        }

        return Task.CompletedTask;
    }

    private static void RoundTrip(int kind, byte[] payload)
    {
        byte[] written = new byte[Room];
        switch (kind)
        {
            case 0:
                PodDescription pod = Oracle.Bounded(payload.Length, 4096, BytesAByte, () => PodFrame.Read(payload));
                bool plainPod = IsPlain([pod.AgentVersion, pod.HostName, .. pod.SearchDomains], [.. pod.Addresses, .. pod.NameServers]);
                CheckSame(payload, written[..PodFrame.Write(pod, written)], plainPod, again => written[..PodFrame.Write(PodFrame.Read(again), written)]);
                break;
            case 1:
                ResolveFrame question = ResolveFrame.Read(payload);
                CheckSame(payload, question.ToPayload(), IsPlain([question.HostName ?? ""], question.Address is null ? [] : [question.Address]), again => ResolveFrame.Read(again).ToPayload());
                break;
            case 2:
                AddressLookup addresses = Oracle.Bounded(payload.Length, 4096, BytesAByte, () => ResolvedFrame.ReadAddresses(payload));
                CheckSame(payload, written[..ResolvedFrame.Write(addresses, written)], IsPlain([addresses.CanonicalName ?? ""], addresses.Addresses) && IsShort(addresses.TimeToLive), again => written[..ResolvedFrame.Write(ResolvedFrame.ReadAddresses(again), written)]);
                break;
            case 3:
                NameLookupResult names = Oracle.Bounded(payload.Length, 4096, BytesAByte, () => ResolvedFrame.ReadNames(payload));
                bool allFit = names.Names.Count <= (Room - 7) / 256;
                CheckSame(payload, written[..ResolvedFrame.Write(names, written)], allFit && IsPlain(names.Names, []) && IsShort(names.TimeToLive), again => written[..ResolvedFrame.Write(ResolvedFrame.ReadNames(again), written)]);
                break;
            case 5:
                // The block is as long as it says, whatever came of it: a process's environment at the most.
                (byte[] block, int filled) = EnvironmentFrame.ReadAnswer(payload, null, 0);
                Oracle.Must(payload.AsSpan(4).SequenceEqual(block.AsSpan(0, filled)), "a piece of the environment was changed");
                if (filled == block.Length)
                    CheckSame(payload, EnvironmentFrame.Answer(block, 0), true, again => again);
                break;
            default:
                ReadOnlyMemory<byte> message = ResolvedFrame.ReadMessage(payload);
                if (!message.IsEmpty)
                    CheckSame(payload, written[..ResolvedFrame.Write(message.Span, written)], true, again => again);
                break;
        }
    }

    /// <summary>Written as it was read; where something was put right in reading, at least the second time.</summary>
    private static void CheckSame(byte[] payload, byte[] written, bool exactly, Func<byte[], byte[]> readAndWrite)
    {
        if (exactly)
            Oracle.Must(payload.AsSpan().SequenceEqual(written), $"{Convert.ToHexString(payload)} was written as {Convert.ToHexString(written)}");
        Oracle.Must(readAndWrite(written).AsSpan().SequenceEqual(written), $"{Convert.ToHexString(written)} doesn't stay what it is");
    }

    /// <summary>Whether nothing of it is put right: damaged UTF-8, IPv4 in IPv6's clothes.</summary>
    private static bool IsPlain(IEnumerable<string> texts, IEnumerable<IPAddress> addresses)
        => !texts.Any(text => text.Contains('\uFFFD', StringComparison.Ordinal)) && !addresses.Any(address => address.IsIPv4MappedToIPv6);

    private static bool IsShort(TimeSpan time) => time.TotalSeconds <= int.MaxValue;

    private static IEnumerable<byte[]> Payloads(params (byte Kind, string Vector)[] vectors)
        => vectors.Select(vector => (byte[])[vector.Kind, .. CorpusFiles.Mux(vector.Vector)[FrameHeader.Size..]]);
}
