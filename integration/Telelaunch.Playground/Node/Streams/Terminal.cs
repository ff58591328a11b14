using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Telelaunch.Playground.Node.Streams;

/// <summary>Our end of a container's terminal, which runc sends over a Unix socket (SCM_RIGHTS, unix(7)).</summary>
internal sealed unsafe partial class Terminal(SafeFileHandle handle) : IDisposable
{
    private const int SOL_SOCKET = 1, SCM_RIGHTS = 1;
    private const nuint TIOCSWINSZ = 0x5414; // asm-generic/ioctls.h

    /// <summary>Waits for runc's message. Blocks: for a thread of its own.</summary>
    /// <exception cref="IOException">No descriptor came: runc has failed and says why in its log.</exception>
    public static Terminal Receive(Socket listener)
    {
        using var connection = listener.Accept();
        var name = stackalloc byte[4096];
        var control = stackalloc byte[64];
        var part = new IoVector { Base = name, Length = 4096 };
        var message = new MessageHeader { Parts = &part, PartCount = 1, Control = control, ControlLength = 64 };
        if (recvmsg((int)connection.Handle, &message, 0) < 0 || message.ControlLength < 20 || *(int*)(control + 8) != SOL_SOCKET || *(int*)(control + 12) != SCM_RIGHTS)
            throw new IOException("The runtime sent no terminal.");
        return new(new SafeFileHandle(*(int*)(control + 16), ownsHandle: true));
    }

    public void Resize(TerminalSize size)
    {
        var window = stackalloc ushort[4] { size.Rows, size.Columns, 0, 0 };
        _ = ioctl(handle, TIOCSWINSZ, window);
    }

    /// <summary>Reads what the terminal shows; 0 when no process has it open any more. Blocks.</summary>
    public int Read(Span<byte> buffer)
    {
        fixed (byte* start = buffer)
            return (int)Math.Max(0, read(handle, start, (nuint)buffer.Length)); // EIO is a terminal's end of file.
    }

    /// <summary>Types into it. Blocks if nobody reads.</summary>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            for (nint written = 0; written < bytes.Length;)
            {
                var more = write(handle, start + written, (nuint)(bytes.Length - written));
                if (more <= 0)
                    return;
                written += more;
            }
        }
    }

    public void Dispose() => handle.Dispose();

    private struct IoVector
    {
        public byte* Base;
        public nuint Length;
    }

    // struct msghdr of 64-bit Linux; cmsghdr is LENGTH 8 | LEVEL 4 | TYPE 4 | DATA.
    private struct MessageHeader
    {
        public void* Name;
        public uint NameLength;
        public IoVector* Parts;
        public nuint PartCount;
        public byte* Control;
        public nuint ControlLength;
        public int Flags;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint recvmsg(int socket, MessageHeader* message, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ioctl(SafeFileHandle fd, nuint request, ushort* window);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint read(SafeFileHandle fd, byte* buffer, nuint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint write(SafeFileHandle fd, byte* buffer, nuint length);
}
