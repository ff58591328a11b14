using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Telelaunch.Targets.Dotnet;

/// <summary>What a file in a bundle is (dotnet/runtime <c>src/native/corehost/bundle/file_type.h</c>).</summary>
public enum BundledFileType : byte
{
    Unknown,
    Assembly,
    NativeBinary,
    DepsJson,
    RuntimeConfigJson,
    Symbols,
}

/// <summary>One file inside a single-file program.</summary>
/// <param name="Offset">Where its bytes begin in the program.</param>
/// <param name="Size">Its length, in bytes.</param>
/// <param name="CompressedSize">Its length in the program where it is deflated; 0 where it lies there as it is.</param>
public sealed record BundledFile(string Path, BundledFileType Type, long Offset, long Size, long CompressedSize);

/// <summary>The manifest of a single-file program: which files lie where behind the host's image.</summary>
public sealed class Bundle
{
    // A bundle of the whole ASP.NET Core framework has some 400 files.
    private const int MostFiles = 65536;
    private const int LongestManifest = 1 << 23;
    private const int LongestPath = 4096;

    private Bundle(uint majorVersion, IReadOnlyList<BundledFile> files) => (MajorVersion, Files) = (majorVersion, files);

    /// <summary>1 for .NET Core 3, 2 for .NET 5, 6 for .NET 6 and later.</summary>
    public uint MajorVersion { get; }

    public IReadOnlyList<BundledFile> Files { get; }

    public BundledFile? Find(BundledFileType type) => Files.FirstOrDefault(file => file.Type == type);

    /// <summary>The first file of that name, whatever its folder.</summary>
    public BundledFile? Find(string name) => Files.FirstOrDefault(file => file.Path == name);

    // Header: MAJOR 4 | MINOR 4 | FILES 4 | id; from version 2: deps.json OFFSET 8 SIZE 8 | runtimeconfig.json OFFSET 8 SIZE 8 | FLAGS 8.
    // Entry: OFFSET 8 | SIZE 8 | from version 6 COMPRESSED 8 | TYPE 1 | path. A string is its length in one or two bytes of seven bits each, then UTF-8. All little-endian.

    /// <summary>Reads the manifest; null where it doesn't lie in the file or isn't one.</summary>
    /// <param name="offset">What the host's image says.</param>
    /// <exception cref="IOException">The file can't be read.</exception>
    public static Bundle? Read(SafeFileHandle file, long offset)
    {
        var length = RandomAccess.GetLength(file);
        if (offset <= 0 || offset >= length) return null;
        ReadOnlySpan<byte> rest = ElfImage.ReadBytes(file, offset, (int)Math.Min(length - offset, LongestManifest));
        if (rest.Length < 12) return null;
        var major = BinaryPrimitives.ReadUInt32LittleEndian(rest);
        var count = BinaryPrimitives.ReadInt32LittleEndian(rest[8..]);
        rest = rest[12..];
        if (major is not (1 or 2 or 6) || count is < 0 or > MostFiles || !TryTakeText(ref rest, out _)) return null;
        if (major >= 2 && !TryTake(ref rest, 40, out _)) return null;

        var fixedPart = major >= 6 ? 25 : 17;
        var files = new List<BundledFile>();
        for (; count > 0; count--)
        {
            if (!TryTake(ref rest, fixedPart, out var entry) || !TryTakeText(ref rest, out var path)) return null;
            long at = BinaryPrimitives.ReadInt64LittleEndian(entry), size = BinaryPrimitives.ReadInt64LittleEndian(entry[8..]);
            var compressed = major >= 6 ? BinaryPrimitives.ReadInt64LittleEndian(entry[16..]) : 0;
            var stored = compressed == 0 ? size : compressed;
            if (at < 0 || size < 0 || stored < 0 || at > length || stored > length - at) return null;
            files.Add(new(path, (BundledFileType)entry[^1], at, size, compressed));
        }
        return new(major, files);
    }

    /// <summary>The bytes of one file; null where it is longer than <paramref name="most"/>, or its compressed bytes aren't what they should be.</summary>
    /// <exception cref="IOException">The program can't be read.</exception>
    public static byte[]? Extract(SafeFileHandle program, BundledFile file, int most)
    {
        ArgumentNullException.ThrowIfNull(file);
        if (file.Size > most || file.CompressedSize > most) return null;
        var stored = ElfImage.ReadBytes(program, file.Offset, (int)(file.CompressedSize == 0 ? file.Size : file.CompressedSize));
        if (file.CompressedSize == 0) return stored.Length == file.Size ? stored : null;
        var bytes = new byte[file.Size];
        try
        {
            using var inflating = new DeflateStream(new MemoryStream(stored), CompressionMode.Decompress);
            inflating.ReadExactly(bytes);
            return bytes;
        }
        catch (Exception error) when (error is InvalidDataException or EndOfStreamException)
        {
            return null;
        }
    }

    private static bool TryTake(ref ReadOnlySpan<byte> rest, int length, out ReadOnlySpan<byte> taken)
    {
        taken = default;
        if (rest.Length < length) return false;
        taken = rest[..length];
        rest = rest[length..];
        return true;
    }

    private static bool TryTakeText(ref ReadOnlySpan<byte> rest, out string text)
    {
        text = "";
        if (!TryTake(ref rest, 1, out var low)) return false;
        var length = low[0] & 0x7f;
        if (low[0] >= 0x80)
        {
            if (!TryTake(ref rest, 1, out var high) || high[0] >= 0x80) return false;
            length |= high[0] << 7;
        }
        if (length is 0 or > LongestPath || !TryTake(ref rest, length, out var bytes)) return false;
        text = Encoding.UTF8.GetString(bytes);
        return true;
    }
}
