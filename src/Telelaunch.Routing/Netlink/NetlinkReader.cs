using System.Runtime.InteropServices;
using System.Text;

namespace Telelaunch.Routing.Netlink;

/// <summary>Goes through the messages of one packet; stops at one that isn't whole.</summary>
internal ref struct NetlinkMessages(ReadOnlySpan<byte> packet)
{
    private const int HeaderLength = 16;

    private ReadOnlySpan<byte> _rest = packet;

    public ushort Type { get; private set; }

    public ushort Flags { get; private set; }

    public uint Sequence { get; private set; }

    /// <summary>What is behind the header.</summary>
    public ReadOnlySpan<byte> Body { get; private set; }

    public bool MoveNext()
    {
        if (_rest.Length < HeaderLength)
            return false;
        int length = MemoryMarshal.Read<int>(_rest);
        if (length < HeaderLength || length > _rest.Length)
            return false;
        Type = MemoryMarshal.Read<ushort>(_rest[4..]);
        Flags = MemoryMarshal.Read<ushort>(_rest[6..]);
        Sequence = MemoryMarshal.Read<uint>(_rest[8..]);
        Body = _rest[HeaderLength..length];
        _rest = _rest[Math.Min((length + 3) & ~3, _rest.Length)..];
        return true;
    }
}

/// <summary>Goes through attributes; stops at one that isn't whole.</summary>
internal ref struct NetlinkAttributes(ReadOnlySpan<byte> attributes)
{
    private const int HeaderLength = 4;
    private const ushort NLA_TYPE_MASK = 0x3fff;

    private ReadOnlySpan<byte> _rest = attributes;

    public ushort Type { get; private set; }

    public ReadOnlySpan<byte> Value { get; private set; }

    /// <summary>The value as a number of the machine's order; 0 where it is too short.</summary>
    public readonly uint Number => Value.Length >= sizeof(uint) ? MemoryMarshal.Read<uint>(Value) : 0;

    /// <summary>The value as a string without its NUL.</summary>
    public readonly string Text => Encoding.UTF8.GetString(Value.TrimEnd((byte)0));

    public bool MoveNext()
    {
        if (_rest.Length < HeaderLength)
            return false;
        int length = MemoryMarshal.Read<ushort>(_rest);
        if (length < HeaderLength || length > _rest.Length)
            return false;
        Type = (ushort)(MemoryMarshal.Read<ushort>(_rest[2..]) & NLA_TYPE_MASK);
        Value = _rest[HeaderLength..length];
        _rest = _rest[Math.Min((length + 3) & ~3, _rest.Length)..];
        return true;
    }

    /// <summary>The value of the first attribute of this type; empty where there is none.</summary>
    public static ReadOnlySpan<byte> Find(ReadOnlySpan<byte> attributes, ushort type)
    {
        var all = new NetlinkAttributes(attributes);
        while (all.MoveNext())
        {
            if (all.Type == type)
                return all.Value;
        }

        return default;
    }
}
