using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Telelaunch.Targets;

/// <summary>Which C library a program was linked for, by the name of its interpreter.</summary>
public enum CLibrary
{
    None,
    Glibc,
    Musl,
    Other,
}

/// <summary>What the headers of an ELF executable tell (elf(5)): for which machine, who loads it, and whether the Go toolchain made it.</summary>
/// <param name="Is64Bit">ELFCLASS64.</param>
/// <param name="Machine">e_machine: 62 x86-64, 183 AArch64, 3 i386.</param>
/// <param name="Interpreter">PT_INTERP: the dynamic loader; null where there is none, which is a static program.</param>
/// <param name="IsGo">A Go build id note or a <c>.go.buildinfo</c> section is there.</param>
public sealed record ElfImage(bool Is64Bit, ushort Machine, string? Interpreter, bool IsGo)
{
    private const int PtInterp = 3;
    private const int PtNote = 4;
    private const int LongestInterpreter = 4096;
    private const int LongestNotes = 65536;
    // golang cmd/link: ELF_NOTE_GOBUILDID_TAG, owner "Go\0\0".
    private const uint GoBuildIdNote = 4;

    public CLibrary CLibrary => Interpreter is null ? CLibrary.None
        : Path.GetFileName(Interpreter) is var name && name.StartsWith("ld-musl-", StringComparison.Ordinal) ? CLibrary.Musl
        : name.StartsWith("ld-linux", StringComparison.Ordinal) || name == "ld64.so.1" || name == "ld64.so.2" ? CLibrary.Glibc
        : CLibrary.Other;

    /// <summary>The machine as <c>uname -m</c> spells it.</summary>
    public string MachineName => (Machine, Is64Bit) switch
    {
        (62, true) => "x86_64",
        (62, false) => "x32",
        (183, _) => "aarch64",
        (3, _) => "i386",
        (40, _) => "arm",
        (243, _) => "riscv",
        (21, _) => "ppc64",
        (22, _) => "s390",
        _ => $"machine {Machine}",
    };

    /// <summary>Reads the headers; null where the file is no ELF image or is cut off.</summary>
    /// <exception cref="IOException">The file can't be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may be executed, but not read.</exception>
    public static ElfImage? Read(string path)
    {
        using var file = File.OpenHandle(path);
        Span<byte> header = stackalloc byte[64];
        header = header[..RandomAccess.Read(file, header, 0)];
        if (header.Length < 52 || !header.StartsWith("\u007fELF"u8)) return null;
        var layout = new ElfLayout(Is64Bit: header[4] == 2, IsLittleEndian: header[5] == 1);
        if (layout.Is64Bit && header.Length < 64) return null;

        var machine = layout.Half(header[18..]);
        string? interpreter = null;
        var isGo = false;
        foreach (var segment in layout.Segments(file, header))
        {
            if (segment.Type == PtInterp) interpreter = ReadText(file, segment.Offset, (int)Math.Min(segment.FileSize, LongestInterpreter));
            else if (segment.Type == PtNote) isGo |= HasGoNote(layout, ReadBytes(file, segment.Offset, (int)Math.Min(segment.FileSize, LongestNotes)));
        }
        if (interpreter is "") return null;
        isGo |= layout.SectionNames(file, header).AsSpan().IndexOf(".go.buildinfo\0"u8) >= 0;
        return new ElfImage(layout.Is64Bit, machine, interpreter, isGo);
    }

    // A note, elf(5): NAMESZ 4 | DESCSZ 4 | TYPE 4 | name, padded to 4 | descriptor, padded to 4.
    private static bool HasGoNote(ElfLayout layout, ReadOnlySpan<byte> notes)
    {
        while (notes.Length >= 12)
        {
            long nameSize = layout.Word(notes), descriptorSize = layout.Word(notes[4..]);
            var end = 12 + Padded(nameSize) + Padded(descriptorSize);
            if (layout.Word(notes[8..]) == GoBuildIdNote && notes[12..].StartsWith("Go\0\0"u8)) return true;
            if (end > notes.Length) return false;
            notes = notes[(int)end..];
        }
        return false;
    }

    private static long Padded(long size) => (size + 3) & ~3L;

    private static string ReadText(SafeFileHandle file, long offset, int length)
    {
        ReadOnlySpan<byte> bytes = ReadBytes(file, offset, length);
        var end = bytes.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? bytes : bytes[..end]);
    }

    internal static byte[] ReadBytes(SafeFileHandle file, long offset, int length)
    {
        if (offset < 0 || length <= 0) return [];
        var bytes = new byte[length];
        return bytes[..RandomAccess.Read(file, bytes, offset)];
    }
}
