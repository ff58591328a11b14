using System.Net;
using System.Text;

using Telelaunch.Net;

namespace Telelaunch.Mux.Frames;

/// <summary>What RESOLVE asks for.</summary>
internal enum ResolveKind : byte
{
    Addresses = 1,
    Names = 2,
    Query = 3,
}

/// <summary>The payload of RESOLVE.</summary>
internal readonly record struct ResolveFrame(ResolveKind Kind, AddressFamilies Families, string? HostName, IPAddress? Address, byte[]? Query)
{
    // KIND 1 | 1: FAMILIES 1 | NAME    2: FAMILY 1 | ADDRESS    3: a DNS message
    public byte[] ToPayload()
    {
        byte[] name = HostName is null ? [] : Encoding.UTF8.GetBytes(HostName);
        byte[] payload = new byte[32 + name.Length + (Query?.Length ?? 0)];
        var writer = new PayloadWriter(payload);
        writer.WriteByte((byte)Kind);
        switch (Kind)
        {
            case ResolveKind.Addresses:
                writer.WriteByte((byte)Families);
                writer.WriteBytes(name);
                break;
            case ResolveKind.Names:
                writer.WriteAddress(Address!);
                break;
            default:
                writer.WriteBytes(Query);
                break;
        }

        return payload[..writer.Written];
    }

    public static ResolveFrame Read(ReadOnlySpan<byte> payload)
    {
        var reader = new PayloadReader(payload);
        var kind = (ResolveKind)reader.ReadByte();
        switch (kind)
        {
            case ResolveKind.Addresses:
                var families = (AddressFamilies)reader.ReadByte();
                if (families is AddressFamilies.None or > AddressFamilies.Both)
                    throw new ProtocolException("RESOLVE for unknown families");
                return new(kind, families, reader.ReadRestAsText(), null, null);
            case ResolveKind.Names:
                IPAddress address = reader.ReadAddress();
                reader.End();
                return new(kind, AddressFamilies.None, null, address, null);
            case ResolveKind.Query:
                return new(kind, AddressFamilies.None, null, null, reader.ReadRest().ToArray());
            default:
                throw new ProtocolException($"RESOLVE of kind {(byte)kind}");
        }
    }
}
