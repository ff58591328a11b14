using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Telelaunch.StartupHook;

/// <summary>The control socket of the session's broker: a connection for each packet, as native-shim/README.md says.</summary>
/// <remarks>Never waits: a broker that doesn't read, or has too many callers, costs a packet and not the application's time.</remarks>
internal sealed unsafe class BrokerSocket
{
    /// <summary>A packet, its head included.</summary>
    internal const int MaximumLength = 65_536;

    private const ushort UnixFamily = 1;
    private const int SequencedPackets = 5;
    private const int NonBlocking = 0x800;
    private const int CloseOnExec = 0x80000;
    private const int NoSignal = 0x4000;

    // sockaddr_un: FAMILY 2 | path 108, ended by NUL (unix(7)).
    private const int PathSize = 108;
    private const int NameTooLong = 36;

    private readonly byte[]? _address;

    /// <param name="directory">The session's: <c>$TELELAUNCH_SESSION</c>.</param>
    internal BrokerSocket(string directory)
    {
        byte[] path = Encoding.UTF8.GetBytes(directory + "/control");
        if (path.Length >= PathSize)
            return;
        _address = new byte[sizeof(ushort) + path.Length + 1];
        fixed (byte* address = _address)
            *(ushort*)address = UnixFamily;
        path.CopyTo(_address, sizeof(ushort));
    }

    /// <returns>0, or the errno of what failed.</returns>
    internal int Send(byte[] packet) => Send(packet, packet.Length);

    /// <inheritdoc cref="Send(byte[])"/>
    internal int Send(byte[] packet, int length)
    {
        if (_address is null)
            return NameTooLong;
        int descriptor = Libc.socket(UnixFamily, SequencedPackets | NonBlocking | CloseOnExec, 0);
        if (descriptor < 0)
            return LastError();
        fixed (byte* address = _address)
        fixed (byte* bytes = packet)
        {
            bool isSent = Libc.connect(descriptor, address, (uint)_address.Length) == 0 && Libc.send(descriptor, bytes, (nuint)length, NoSignal) == length;
            int errno = isSent ? 0 : LastError();
            Libc.close(descriptor);
            return errno;
        }
    }

    // Its library is loaded where it is needed, not at each start.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int LastError() => Marshal.GetLastWin32Error();
}
