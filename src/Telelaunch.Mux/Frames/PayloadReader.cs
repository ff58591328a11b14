using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace Telelaunch.Mux.Frames;

/// <summary>Takes a payload apart. What is too short, too long or out of range is a <see cref="ProtocolException"/>.</summary>
internal ref struct PayloadReader(ReadOnlySpan<byte> payload)
{
    private ReadOnlySpan<byte> _left = payload;

    public readonly int Left => _left.Length;

    public byte ReadByte() => Take(1)[0];

    public ushort ReadUInt16() => BinaryPrimitives.ReadUInt16BigEndian(Take(2));

    public uint ReadUInt32() => BinaryPrimitives.ReadUInt32BigEndian(Take(4));

    public ulong ReadUInt64() => BinaryPrimitives.ReadUInt64BigEndian(Take(8));

    /// <summary>An ERRNO, which is never 0.</summary>
    public int ReadErrno()
    {
        uint errno = ReadUInt32();
        return errno is > 0 and < 4096 ? (int)errno : throw new ProtocolException($"errno {errno}");
    }

    /// <summary>A WINDOW, at most <see cref="int.MaxValue"/>.</summary>
    public int ReadWindow()
    {
        uint window = ReadUInt32();
        return window <= int.MaxValue ? (int)window : throw new ProtocolException($"a window of {window}");
    }

    /// <summary>FAMILY 1 | ADDRESS 4|16.</summary>
    public IPAddress ReadAddress() => ReadAddress(ReadByte());

    /// <summary>FAMILY 1 | ZERO 1 | PORT 2 | ADDRESS 4|16.</summary>
    public IPEndPoint ReadEndPoint()
    {
        byte family = ReadByte();
        if (ReadByte() != 0)
            throw new ProtocolException("a byte that must be zero");
        ushort port = ReadUInt16();
        return new(ReadAddress(family), port);
    }

    /// <summary>LENGTH 1 | UTF-8 text.</summary>
    public string ReadText() => ReadText(ReadByte());

    public ReadOnlySpan<byte> ReadRest() => Take(_left.Length);

    public string ReadRestAsText() => ReadText(_left.Length);

    /// <summary>Nothing may be left over.</summary>
    public readonly void End()
    {
        if (!_left.IsEmpty)
            throw new ProtocolException($"{_left.Length} bytes too many");
    }

    private IPAddress ReadAddress(byte family) => family switch
    {
        4 => new(Take(4)),
        6 => new(Take(16)),
        _ => throw new ProtocolException($"address family {family}"),
    };

    private string ReadText(int length)
    {
        ReadOnlySpan<byte> text = Take(length);
        // Damaged text is shown damaged; it never decides anything.
        return Encoding.UTF8.GetString(text);
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _left.Length)
            throw new ProtocolException("a payload that is too short");
        ReadOnlySpan<byte> taken = _left[..count];
        _left = _left[count..];
        return taken;
    }
}
