using Telelaunch.Linux;

namespace Telelaunch.Broker;

/// <summary>One packet of the shim. Owns the passed socket until <see cref="TakeSocket"/>.</summary>
internal sealed class ControlRequest : IDisposable
{
    private PassedSocket? _socket;

    private ControlRequest(ControlKind kind, ushort flags, ReadOnlyMemory<byte> body)
    {
        Kind = kind;
        Flags = flags;
        Body = body;
    }

    internal ControlKind Kind { get; }

    internal ushort Flags { get; }

    internal ReadOnlyMemory<byte> Body { get; }

    internal PeerCredentials Peer { get; private init; }

    /// <summary>Reads VERSION 1 | KIND 1 | FLAGS 2 | body. False for another version, an unknown kind, or a packet too short.</summary>
    /// <remarks>Takes ownership of <paramref name="socket"/> only when it returns true.</remarks>
    internal static bool TryParse(ReadOnlySpan<byte> packet, PassedSocket? socket, PeerCredentials peer, out ControlRequest request)
    {
        request = null!;
        if (packet.Length < ControlProtocol.HeaderLength || packet[0] != ControlProtocol.Version)
            return false;
        var kind = (ControlKind)packet[1];
        if (kind is < ControlKind.Dial or > ControlKind.Trace)
            return false;
        request = new ControlRequest(kind, BitConverter.ToUInt16(packet[2..]), packet[ControlProtocol.HeaderLength..].ToArray())
        {
            _socket = socket,
            Peer = peer,
        };
        return true;
    }

    internal PassedSocket? TakeSocket() => Interlocked.Exchange(ref _socket, null);

    public void Dispose() => TakeSocket()?.Dispose();
}
