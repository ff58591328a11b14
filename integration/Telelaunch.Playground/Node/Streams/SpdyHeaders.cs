using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Telelaunch.Playground.Node.Streams;

// Name/value block (SPDY/3.1 §2.6.10), big-endian:   COUNT 4 | { NAMELEN 4 | NAME n | VALUELEN 4 | VALUE n }*
// All blocks of one direction of a connection are one zlib stream with a preset dictionary, flushed (Z_SYNC_FLUSH) after each block.

/// <summary>Packs and unpacks the header blocks of one SPDY/3.1 connection.</summary>
/// <remarks>Not for two threads at once in the same direction. The base class library's zlib takes no dictionary, so this is the system's.</remarks>
internal sealed unsafe partial class SpdyHeaders : IDisposable
{
    private const int Z_SYNC_FLUSH = 2, Z_OK = 0, Z_STREAM_END = 1, Z_NEED_DICT = 2, Z_BUF_ERROR = -5, Z_DEFAULT_COMPRESSION = -1;
    private const int MaxBlock = 1 << 20;

    private readonly z_stream* _inflate = Allocate();
    private readonly z_stream* _deflate = Allocate();
    private bool _disposed;

    public SpdyHeaders()
    {
        Check(inflateInit_(_inflate, "1.2.11", sizeof(z_stream)));
        Check(deflateInit_(_deflate, Z_DEFAULT_COMPRESSION, "1.2.11", sizeof(z_stream)));
        fixed (byte* dictionary = SpdyDictionary.Bytes)
            Check(deflateSetDictionary(_deflate, dictionary, (uint)SpdyDictionary.Bytes.Length));
    }

    /// <summary>Reads a block. Names are lower case on the wire.</summary>
    /// <exception cref="InvalidDataException">It isn't one.</exception>
    public Dictionary<string, string> Unpack(ReadOnlySpan<byte> packed)
    {
        var block = Inflate(packed);
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        var at = 0;
        var count = ReadNumber(block, ref at);
        for (var i = 0; i < count; i++)
        {
            var name = ReadText(block, ref at);
            headers[name] = ReadText(block, ref at);
        }
        return headers;
    }

    /// <summary>Writes a block.</summary>
    public byte[] Pack(IReadOnlyDictionary<string, string> headers)
    {
        using var block = new MemoryStream();
        WriteNumber(block, headers.Count);
        foreach (var (name, value) in headers)
        {
            WriteText(block, name.ToLowerInvariant());
            WriteText(block, value);
        }
        return Deflate(block.ToArray());
    }

    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        _ = inflateEnd(_inflate);
        _ = deflateEnd(_deflate);
        NativeMemory.Free(_inflate);
        NativeMemory.Free(_deflate);
    }

    private byte[] Inflate(ReadOnlySpan<byte> packed)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        using var output = new MemoryStream();
        var buffer = stackalloc byte[4096];
        fixed (byte* input = packed)
        fixed (byte* dictionary = SpdyDictionary.Bytes)
        {
            _inflate->next_in = input;
            _inflate->avail_in = (uint)packed.Length;
            do
            {
                _inflate->next_out = buffer;
                _inflate->avail_out = 4096;
                var result = inflate(_inflate, Z_SYNC_FLUSH);
                if (result == Z_NEED_DICT)
                {
                    Check(inflateSetDictionary(_inflate, dictionary, (uint)SpdyDictionary.Bytes.Length));
                    continue;
                }
                if (result is not (Z_OK or Z_STREAM_END or Z_BUF_ERROR) || output.Length > MaxBlock)
                    throw new InvalidDataException("The SPDY header block can't be unpacked.");
                output.Write(new ReadOnlySpan<byte>(buffer, (int)(4096 - _inflate->avail_out)));
                if (result != Z_OK)
                    break;
            }
            while (_inflate->avail_in > 0 || _inflate->avail_out == 0);
        }
        return output.ToArray();
    }

    private byte[] Deflate(ReadOnlySpan<byte> block)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        using var output = new MemoryStream();
        var buffer = stackalloc byte[4096];
        fixed (byte* input = block)
        {
            _deflate->next_in = input;
            _deflate->avail_in = (uint)block.Length;
            do
            {
                _deflate->next_out = buffer;
                _deflate->avail_out = 4096;
                var result = deflate(_deflate, Z_SYNC_FLUSH);
                if (result is not (Z_OK or Z_BUF_ERROR))
                    throw new InvalidDataException("The SPDY header block can't be packed.");
                output.Write(new ReadOnlySpan<byte>(buffer, (int)(4096 - _deflate->avail_out)));
            }
            while (_deflate->avail_out == 0);
        }
        return output.ToArray();
    }

    private static int ReadNumber(ReadOnlySpan<byte> block, ref int at)
    {
        if (at + 4 > block.Length)
            throw new InvalidDataException("The SPDY header block is cut off.");
        var number = BinaryPrimitives.ReadInt32BigEndian(block[at..]);
        at += 4;
        return number;
    }

    private static string ReadText(ReadOnlySpan<byte> block, ref int at)
    {
        var length = ReadNumber(block, ref at);
        if (length < 0 || length > block.Length - at)
            throw new InvalidDataException("The SPDY header block is cut off.");
        var text = Encoding.UTF8.GetString(block.Slice(at, length));
        at += length;
        return text;
    }

    private static void WriteNumber(MemoryStream block, int number)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, number);
        block.Write(bytes);
    }

    private static void WriteText(MemoryStream block, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        WriteNumber(block, bytes.Length);
        block.Write(bytes);
    }

    private static z_stream* Allocate() => (z_stream*)NativeMemory.AllocZeroed((nuint)sizeof(z_stream));

    private static void Check(int result)
    {
        if (result != Z_OK)
            throw new InvalidDataException($"zlib answered {result}.");
    }

    // zlib.h; zlib checks the size.
    [StructLayout(LayoutKind.Sequential)]
    private struct z_stream
    {
        public byte* next_in;
        public uint avail_in;
        public CULong total_in;
        public byte* next_out;
        public uint avail_out;
        public CULong total_out;
        public byte* msg;
        public void* state;
        public void* zalloc;
        public void* zfree;
        public void* opaque;
        public int data_type;
        public CULong adler;
        public CULong reserved;
    }

    [LibraryImport("libz.so.1", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int inflateInit_(z_stream* stream, string version, int size);

    [LibraryImport("libz.so.1", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int deflateInit_(z_stream* stream, int level, string version, int size);

    [LibraryImport("libz.so.1")]
    private static partial int inflate(z_stream* stream, int flush);

    [LibraryImport("libz.so.1")]
    private static partial int deflate(z_stream* stream, int flush);

    [LibraryImport("libz.so.1")]
    private static partial int inflateSetDictionary(z_stream* stream, byte* dictionary, uint length);

    [LibraryImport("libz.so.1")]
    private static partial int deflateSetDictionary(z_stream* stream, byte* dictionary, uint length);

    [LibraryImport("libz.so.1")]
    private static partial int inflateEnd(z_stream* stream);

    [LibraryImport("libz.so.1")]
    private static partial int deflateEnd(z_stream* stream);
}
