using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Telelaunch.Linux;

/// <summary>struct ucred of SO_PEERCRED: who connected a UNIX socket (unix(7)).</summary>
/// <param name="ProcessId">0 when the peer's process isn't visible from this PID namespace.</param>
/// <param name="UserId">Effective uid at connect(2).</param>
/// <param name="GroupId">Effective gid at connect(2).</param>
public readonly record struct PeerCredentials(int ProcessId, uint UserId, uint GroupId)
{
    /// <summary>The effective user of this process.</summary>
    public static uint CurrentUserId => LibC.geteuid();

    /// <exception cref="SocketException">It isn't a connected UNIX socket.</exception>
    public static PeerCredentials Of(Socket socket)
    {
        ArgumentNullException.ThrowIfNull(socket);
        Span<byte> raw = stackalloc byte[12];
        socket.GetRawSocketOption(LibC.SOL_SOCKET, LibC.SO_PEERCRED, raw);
        return new PeerCredentials(MemoryMarshal.Read<int>(raw), MemoryMarshal.Read<uint>(raw[4..]), MemoryMarshal.Read<uint>(raw[8..]));
    }
}
