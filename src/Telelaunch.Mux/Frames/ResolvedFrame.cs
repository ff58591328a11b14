using System.Net;

using Telelaunch.Net;

namespace Telelaunch.Mux.Frames;

/// <summary>The payloads of RESOLVED, one shape for each <see cref="ResolveKind"/>.</summary>
internal static class ResolvedFrame
{
    // More addresses or names than fit one frame are left out, the last first.
    private const int LargestAddress = 17;
    private const int LargestText = 256;

    // STATUS 1 | COUNT 2 | TTL 4 | CANONICAL_LENGTH 1 | CANONICAL | COUNT × (FAMILY 1 | ADDRESS 4|16)
    public static int Write(AddressLookup lookup, Span<byte> target)
    {
        int head = 7 + LargestText;
        int count = Math.Min(lookup.Addresses.Count, (target.Length - head) / LargestAddress);
        var writer = new PayloadWriter(target);
        WriteHead(ref writer, lookup.Status, count, lookup.TimeToLive);
        writer.WriteText(lookup.CanonicalName ?? "");
        for (int i = 0; i < count; i++)
            writer.WriteAddress(lookup.Addresses[i]);
        return writer.Written;
    }

    public static AddressLookup ReadAddresses(ReadOnlySpan<byte> payload)
    {
        var reader = new PayloadReader(payload);
        (LookupStatus status, int count, TimeSpan timeToLive) = ReadHead(ref reader);
        string canonicalName = reader.ReadText();
        var addresses = new List<IPAddress>(Math.Min(count, reader.Left / 5));
        for (int i = 0; i < count; i++)
            addresses.Add(reader.ReadAddress());
        reader.End();
        return new(status, addresses, canonicalName.Length == 0 ? null : canonicalName, timeToLive);
    }

    // STATUS 1 | COUNT 2 | TTL 4 | COUNT × (LENGTH 1 | NAME)
    public static int Write(NameLookupResult lookup, Span<byte> target)
    {
        int count = Math.Min(lookup.Names.Count, (target.Length - 7) / LargestText);
        var writer = new PayloadWriter(target);
        WriteHead(ref writer, lookup.Status, count, lookup.TimeToLive);
        for (int i = 0; i < count; i++)
            writer.WriteText(lookup.Names[i]);
        return writer.Written;
    }

    public static NameLookupResult ReadNames(ReadOnlySpan<byte> payload)
    {
        var reader = new PayloadReader(payload);
        (LookupStatus status, int count, TimeSpan timeToLive) = ReadHead(ref reader);
        var names = new List<string>(Math.Min(count, reader.Left));
        for (int i = 0; i < count; i++)
            names.Add(reader.ReadText());
        reader.End();
        return new(status, names, timeToLive);
    }

    // STATUS 1 | message. An empty message means that nobody could say.
    public static int Write(ReadOnlySpan<byte> message, Span<byte> target)
    {
        bool fits = !message.IsEmpty && message.Length < target.Length;
        var writer = new PayloadWriter(target);
        writer.WriteByte((byte)(fits ? LookupStatus.Found : LookupStatus.TryAgain));
        if (fits)
            writer.WriteBytes(message);
        return writer.Written;
    }

    public static ReadOnlyMemory<byte> ReadMessage(ReadOnlySpan<byte> payload)
    {
        var reader = new PayloadReader(payload);
        return ReadStatus(ref reader) == LookupStatus.Found ? reader.ReadRest().ToArray() : default;
    }

    private static void WriteHead(ref PayloadWriter writer, LookupStatus status, int count, TimeSpan timeToLive)
    {
        writer.WriteByte((byte)status);
        writer.WriteUInt16((ushort)count);
        writer.WriteUInt32((uint)Math.Clamp(timeToLive.TotalSeconds, 0, int.MaxValue));
    }

    private static (LookupStatus Status, int Count, TimeSpan TimeToLive) ReadHead(ref PayloadReader reader)
    {
        LookupStatus status = ReadStatus(ref reader);
        return (status, reader.ReadUInt16(), TimeSpan.FromSeconds(reader.ReadUInt32()));
    }

    private static LookupStatus ReadStatus(ref PayloadReader reader)
    {
        byte status = reader.ReadByte();
        return status <= (byte)LookupStatus.TryAgain ? (LookupStatus)status : throw new ProtocolException($"lookup status {status}");
    }
}
