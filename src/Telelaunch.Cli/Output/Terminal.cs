using System.Runtime.InteropServices;

namespace Telelaunch.Cli.Output;

/// <summary>The terminal behind the standard streams, as far as .NET doesn't tell without taking it over.</summary>
internal static partial class Terminal
{
    private const nuint TiocgWinsz = 0x5413;
    private const nuint TiocgPgrp = 0x540F;

    /// <summary>Whether the descriptor leads to a terminal: isatty(3).</summary>
    public static bool IsTerminal(int descriptor) => IsATty(descriptor) == 1;

    /// <summary>Columns of the terminal; 80 where it doesn't tell.</summary>
    public static int Width(int descriptor)
    {
        // struct winsize, ioctl_tty(2): rows, columns, two in pixels; 16 bits each.
        Span<ushort> size = stackalloc ushort[4];
        return Ioctl(descriptor, TiocgWinsz, ref MemoryMarshal.AsBytes(size)[0]) == 0 && size[1] > 0 ? size[1] : 80;
    }

    /// <summary>Whether our process group is the one in the foreground of our controlling terminal, which its keys send signals to.</summary>
    public static bool IsForeground()
    {
        using var terminal = TryOpenControlling();
        if (terminal is null) return false;
        Span<byte> group = stackalloc byte[4];
        return Ioctl((int)terminal.DangerousGetHandle(), TiocgPgrp, ref group[0]) == 0 && MemoryMarshal.Read<int>(group) == GetProcessGroup();
    }

    private static Microsoft.Win32.SafeHandles.SafeFileHandle? TryOpenControlling()
    {
        try
        {
            return File.OpenHandle("/dev/tty");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null; // ENXIO: there is no controlling terminal.
        }
    }

    [LibraryImport("libc", EntryPoint = "isatty")]
    private static partial int IsATty(int descriptor);

    // Variadic in C; the third argument is passed as any other on Linux x64 and arm64.
    [LibraryImport("libc", EntryPoint = "ioctl")]
    private static partial int Ioctl(int descriptor, nuint request, ref byte argument);

    [LibraryImport("libc", EntryPoint = "getpgrp")]
    private static partial int GetProcessGroup();
}
