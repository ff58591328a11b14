using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Telelaunch.Routing.Netlink;

// Message:   LEN 4 | TYPE 2 | FLAGS 2 | SEQ 4 | PID 4 | the family's own header | attributes            (struct nlmsghdr, netlink(7))
// Attribute: LEN 2 | TYPE 2 | value, padded to 4; LEN counts the header, not the padding. A nested one has attributes for its value.
// Numbers are in the machine's order except where a family says otherwise.

/// <summary>Writes netlink messages, one behind the other.</summary>
internal sealed class NetlinkWriter
{
    private const int HeaderLength = 16;
    private const ushort NLA_F_NESTED = 0x8000;

    private static uint s_sequence;

    private readonly Stack<int> _nests = new();
    private readonly List<uint> _acknowledged = [];
    private byte[] _buffer = new byte[1024];
    private int _length;
    private int _message = -1;

    /// <summary>What has been written; messages that are begun aren't part of it until they have ended.</summary>
    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, _message < 0 ? _length : _message);

    /// <summary>Sequence numbers of the messages that ask for an acknowledgement, in their order.</summary>
    public IReadOnlyList<uint> Acknowledged => _acknowledged;

    /// <returns>The message's sequence number; no other of this process has it.</returns>
    public uint Begin(ushort type, ushort flags)
    {
        if (_message >= 0)
            throw new InvalidOperationException("A message is open.");
        _message = _length;
        uint sequence = Interlocked.Increment(ref s_sequence);
        Span<byte> header = Take(HeaderLength);
        MemoryMarshal.Write(header[4..], type);
        MemoryMarshal.Write(header[6..], flags);
        MemoryMarshal.Write(header[8..], sequence);
        if ((flags & NetlinkSocket.NLM_F_ACK) != 0)
            _acknowledged.Add(sequence);
        return sequence;
    }

    public void End()
    {
        if (_nests.Count > 0)
            throw new InvalidOperationException("An attribute is open.");
        MemoryMarshal.Write(_buffer.AsSpan(_message), _length - _message);
        _message = -1;
    }

    public void Put(byte value) => Take(1)[0] = value;

    public void Put(ushort value) => MemoryMarshal.Write(Take(sizeof(ushort)), value);

    public void Put(uint value) => MemoryMarshal.Write(Take(sizeof(uint)), value);

    public void Put(ReadOnlySpan<byte> value) => value.CopyTo(Take(value.Length));

    public void Attribute(ushort type, ReadOnlySpan<byte> value)
    {
        Put((ushort)(value.Length + 4));
        Put(type);
        Put(value);
        Take(-value.Length & 3);
    }

    public void Attribute(ushort type, uint value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        MemoryMarshal.Write(bytes, value);
        Attribute(type, bytes);
    }

    /// <summary>A number in network order: netfilter's way.</summary>
    public void AttributeBigEndian(ushort type, uint value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        Attribute(type, bytes);
    }

    /// <summary>A string with its NUL.</summary>
    public void Attribute(ushort type, string value) => Attribute(type, Encoding.UTF8.GetBytes(value + '\0'));

    public void BeginNest(ushort type)
    {
        _nests.Push(_length);
        Put((ushort)0);
        Put((ushort)(type | NLA_F_NESTED));
    }

    public void EndNest()
    {
        int start = _nests.Pop();
        MemoryMarshal.Write(_buffer.AsSpan(start), checked((ushort)(_length - start)));
    }

    private Span<byte> Take(int count)
    {
        if (_length + count > _buffer.Length)
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _length + count));
        Span<byte> taken = _buffer.AsSpan(_length, count);
        _length += count;
        return taken;
    }
}
