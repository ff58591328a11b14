using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace Telelaunch.Targets;

/// <summary>Where the fields of an ELF file lie for its class and byte order.</summary>
internal readonly record struct ElfLayout(bool Is64Bit, bool IsLittleEndian)
{
    private const int MostHeaders = 4096;
    private const int LongestNames = 65536;
    private const int LongestSymbols = 1 << 22;
    private const uint ShtDynSym = 11;

    public ushort Half(ReadOnlySpan<byte> at) => IsLittleEndian ? BinaryPrimitives.ReadUInt16LittleEndian(at) : BinaryPrimitives.ReadUInt16BigEndian(at);

    public uint Word(ReadOnlySpan<byte> at) => IsLittleEndian ? BinaryPrimitives.ReadUInt32LittleEndian(at) : BinaryPrimitives.ReadUInt32BigEndian(at);

    /// <summary>An address, offset or size: eight bytes in ELFCLASS64, four in ELFCLASS32.</summary>
    private long Wide(ReadOnlySpan<byte> at, int offset64, int offset32) => !Is64Bit ? Word(at[offset32..])
        : IsLittleEndian ? BinaryPrimitives.ReadInt64LittleEndian(at[offset64..]) : BinaryPrimitives.ReadInt64BigEndian(at[offset64..]);

    /// <summary>The program headers: p_type, p_flags, p_offset, p_filesz.</summary>
    public List<(uint Type, uint Flags, long Offset, long FileSize)> Segments(SafeFileHandle file, ReadOnlySpan<byte> header)
    {
        var size = Is64Bit ? 56 : 32;
        var count = Math.Min(Half(header[(Is64Bit ? 56 : 44)..]), (ushort)MostHeaders);
        ReadOnlySpan<byte> table = ElfImage.ReadBytes(file, Wide(header, 32, 28), count * size);
        var segments = new List<(uint, uint, long, long)>(count);
        for (; table.Length >= size; table = table[size..])
            segments.Add((Word(table), Word(table[(Is64Bit ? 4 : 24)..]), Wide(table, 8, 4), Wide(table, 32, 16)));
        return segments;
    }

    /// <summary>The section name table (.shstrtab); empty where the sections were stripped.</summary>
    public byte[] SectionNames(SafeFileHandle file, ReadOnlySpan<byte> header) => SectionAt(file, header, Half(header[(Is64Bit ? 62 : 50)..]), LongestNames);

    /// <summary>The names of exported and imported symbols (.dynstr): the string table that the dynamic symbols (SHT_DYNSYM) name by sh_link; empty where there is none.</summary>
    public byte[] SymbolNames(SafeFileHandle file, ReadOnlySpan<byte> header)
    {
        var size = Is64Bit ? 64 : 40;
        var count = Math.Min(Half(header[(Is64Bit ? 60 : 48)..]), (ushort)MostHeaders);
        ReadOnlySpan<byte> table = ElfImage.ReadBytes(file, Wide(header, 40, 32), count * size);
        for (; table.Length >= size; table = table[size..])
        {
            if (Word(table[4..]) == ShtDynSym) return SectionAt(file, header, Word(table[(Is64Bit ? 40 : 24)..]), LongestSymbols);
        }
        return [];
    }

    private byte[] SectionAt(SafeFileHandle file, ReadOnlySpan<byte> header, uint index, int longest)
    {
        var size = Is64Bit ? 64 : 40;
        var table = Wide(header, 40, 32);
        if (table <= 0 || table > long.MaxValue - (long)index * size) return [];
        ReadOnlySpan<byte> section = ElfImage.ReadBytes(file, table + (long)index * size, size);
        return section.Length < size ? [] : ElfImage.ReadBytes(file, Wide(section, 24, 16), (int)Math.Min(Wide(section, 32, 20), longest));
    }

    /// <summary>The names that the dynamic symbol table (SHT_DYNSYM) refers to, each ended by NUL; empty where there is none.</summary>
    public byte[] DynamicNames(SafeFileHandle file, ReadOnlySpan<byte> header)
    {
        const int dynamicSymbols = 11;
        const int mostBytes = 16 << 20;
        var size = Is64Bit ? 64 : 40;
        var count = Math.Min(Half(header[(Is64Bit ? 60 : 48)..]), (ushort)MostHeaders);
        var start = Wide(header, 40, 32);
        if (start == 0) return [];
        ReadOnlySpan<byte> table = ElfImage.ReadBytes(file, start, count * size);
        for (var section = table; section.Length >= size; section = section[size..])
        {
            if (Word(section[4..]) != dynamicSymbols) continue;
            var names = (long)Word(section[(Is64Bit ? 40 : 24)..]) * size;
            return names + size > table.Length ? [] : ElfImage.ReadBytes(file, Wide(table[(int)names..], 24, 16), (int)Math.Min(Wide(table[(int)names..], 32, 20), mostBytes));
        }
        return [];
    }
}
