using System.Buffers.Binary;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Telelaunch.Targets.Dotnet;

/// <summary>What the ELF image of an executable tells of .NET: which host it is, and what was written into the host when the application was built.</summary>
/// <param name="IsNativeAot">Managed code was compiled into the image; there is no IL and no CoreCLR.</param>
/// <param name="HasRuntime">CoreCLR is linked into the image: the host of a self-contained single file.</param>
/// <param name="BundleOffset">Where the bundle's manifest begins; 0 in a host without a bundle, null where the image is no host.</param>
/// <param name="BoundAssembly">The assembly that the host starts, relative to the folder of the executable; null where the image is no host or names none.</param>
internal sealed record DotnetMarks(bool IsNativeAot, bool HasRuntime, long? BundleOffset, string? BoundAssembly)
{
    private const uint PtLoad = 1;
    private const uint PfWritable = 2;
    // The writable data of the largest host, that with CoreCLR inside, is below 1 MiB.
    private const int LongestData = 1 << 24;

    // dotnet/runtime src/native/corehost/apphost/bundle_marker.cpp: the SHA-256 of ".net core bundle", after the manifest's offset. Kept apart here so that no image of ours holds the mark.
    private static readonly byte[] BundleMark =
        [.. (byte[])[0x8b, 0x12, 0x02, 0xb9, 0x6a, 0x61, 0x20, 0x38, 0x72, 0x7b, 0x93, 0x02, 0x14, 0xd7, 0xa0, 0x32], .. (byte[])[0x13, 0xf5, 0xb9, 0xe6, 0xef, 0xae, 0x33, 0x18, 0xee, 0x3b, 0x2d, 0xce, 0x24, 0xb3, 0x6a, 0xae]];

    // corehost.cpp, EMBED_MAX: the room for the assembly's path.
    private const int LongestBoundPath = 1024;

    /// <summary>Reads them; null where the file is no ELF image or is cut off.</summary>
    /// <exception cref="IOException">The file can't be read.</exception>
    public static DotnetMarks? Read(SafeFileHandle file)
    {
        Span<byte> header = stackalloc byte[64];
        if (RandomAccess.Read(file, header, 0) < header.Length || !header.StartsWith("\u007fELF\u0002"u8)) return null;
        var layout = new ElfLayout(Is64Bit: true, IsLittleEndian: header[5] == 1);
        ReadOnlySpan<byte> sections = layout.SectionNames(file, header), symbols = layout.SymbolNames(file, header);
        // Sections of ILC's object writer, symbols that debuggers look for; either may have been stripped.
        var isNative = sections.IndexOf("__managedcode\0"u8) >= 0 || symbols.IndexOf("\0DotNetRuntimeDebugHeader\0"u8) >= 0;
        var hasRuntime = symbols.IndexOf("\0DotNetRuntimeInfo\0"u8) >= 0;
        if (isNative && !hasRuntime) return new(true, false, null, null);

        long? bundle = null;
        string? assembly = null;
        foreach (var segment in layout.Segments(file, header))
        {
            if (segment.Type != PtLoad || (segment.Flags & PfWritable) == 0) continue;
            ReadOnlySpan<byte> data = ElfImage.ReadBytes(file, segment.Offset, (int)Math.Min(segment.FileSize, LongestData));
            var mark = data.IndexOf(BundleMark);
            if (mark >= sizeof(long)) bundle = BinaryPrimitives.ReadInt64LittleEndian(data[(mark - sizeof(long))..]);
            assembly ??= FindAssembly(data);
        }
        return new(false, hasRuntime, bundle, bundle is null ? null : assembly);
    }

    // A path is all of a string in the data: the byte before it is NUL, or it begins the segment.
    private static string? FindAssembly(ReadOnlySpan<byte> data)
    {
        var from = 0;
        while (data[from..].IndexOf(".dll\0"u8) is >= 0 and var found)
        {
            var end = from + found + 4;
            var start = data[..end].LastIndexOf((byte)0) + 1;
            if (end - start is > 4 and <= LongestBoundPath) return Encoding.UTF8.GetString(data[start..end]);
            from = end;
        }
        return null;
    }
}
