namespace Telelaunch.Linux;

/// <summary>The TCP sockets that listen in this network namespace, whoever has them. No privilege is needed.</summary>
/// <remarks>Asks NETLINK_SOCK_DIAG (sock_diag(7)), which tells cookies too; where that isn't to be had (gVisor, a seccomp filter), /proc/net/tcp and tcp6.</remarks>
public static class ListeningSockets
{
    /// <exception cref="IOException">Neither can be read.</exception>
    public static IReadOnlyList<ListeningSocket> Read() => SocketDiagnosis.TryRead() ?? SocketFiles.Read();
}
