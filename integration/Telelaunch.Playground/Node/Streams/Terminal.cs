using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Telelaunch.Playground.Node.Streams;

// runc makes the container's own terminal and copies between it and the one that runc runs on, which is this one; it takes over its size, too.

/// <summary>A pseudo-terminal (pty(7)): its other end, <see cref="Path"/>, is for a child.</summary>
internal sealed unsafe partial class Terminal : IDisposable
{
    private const int O_RDWR = 2, O_NOCTTY = 0x100, O_CLOEXEC = 0x80000;
    private const nuint TIOCSWINSZ = 0x5414; // asm-generic/ioctls.h

    private readonly SafeFileHandle _handle;

    private Terminal(SafeFileHandle handle, string path)
    {
        _handle = handle;
        Path = path;
    }

    /// <summary>/dev/pts/N.</summary>
    public string Path { get; }

    /// <exception cref="IOException">No terminal is to be had.</exception>
    public static Terminal Open()
    {
        var handle = new SafeFileHandle(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), ownsHandle: true);
        var name = stackalloc byte[64];
        if (handle.IsInvalid || grantpt(handle) != 0 || unlockpt(handle) != 0 || ptsname_r(handle, name, 64) != 0)
            throw new IOException($"No pseudo-terminal: errno {Marshal.GetLastPInvokeError()}.");
        return new(handle, Marshal.PtrToStringUTF8((nint)name)!);
    }

    public void Resize(TerminalSize size)
    {
        var window = stackalloc ushort[4] { size.Rows, size.Columns, 0, 0 };
        _ = ioctl(_handle, TIOCSWINSZ, window);
    }

    /// <summary>Reads what it shows; 0 when no process has it open any more. Blocks.</summary>
    public int Read(Span<byte> buffer)
    {
        fixed (byte* start = buffer)
            return (int)Math.Max(0, read(_handle, start, (nuint)buffer.Length)); // EIO is a terminal's end of file.
    }

    /// <summary>Types into it. Blocks if nobody reads.</summary>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            for (nint written = 0; written < bytes.Length;)
            {
                var more = write(_handle, start + written, (nuint)(bytes.Length - written));
                if (more <= 0)
                    return;
                written += more;
            }
        }
    }

    public void Dispose() => _handle.Dispose();

    [LibraryImport("libc", SetLastError = true)]
    private static partial int posix_openpt(int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int grantpt(SafeFileHandle fd);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int unlockpt(SafeFileHandle fd);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ptsname_r(SafeFileHandle fd, byte* buffer, nuint length);

    // Variadic in C; the third argument of these two calls goes where it would go anyway on x86-64 and arm64 Linux.
    [LibraryImport("libc", SetLastError = true)]
    private static partial int ioctl(SafeFileHandle fd, nuint request, ushort* window);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint read(SafeFileHandle fd, byte* buffer, nuint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint write(SafeFileHandle fd, byte* buffer, nuint length);
}
