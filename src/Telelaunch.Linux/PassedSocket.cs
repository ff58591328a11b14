using System.ComponentModel;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Telelaunch.Linux;

/// <summary>A second descriptor of a socket that another process passed and goes on using.</summary>
/// <remarks>
/// Not a <see cref="System.Net.Sockets.Socket"/> on purpose: that one would switch the file description, which the other process shares, to non-blocking.
/// While this is open the kernel keeps the socket, and with it its port, even after the other process has closed it.
/// </remarks>
public sealed class PassedSocket : SafeHandleMinusOneIsInvalid
{
    internal PassedSocket(int descriptor)
        : base(ownsHandle: true) => SetHandle(descriptor);

    /// <summary>Whether it is a TCP socket over IPv4 or IPv6; other descriptors answer nothing else here.</summary>
    public bool IsTcp =>
        TryReadOption(LibC.SO_TYPE, out int type) && type == LibC.SOCK_STREAM
        && TryReadOption(LibC.SO_PROTOCOL, out int protocol) && protocol == LibC.IPPROTO_TCP
        && TryReadOption(LibC.SO_DOMAIN, out int domain) && domain is LibC.AF_INET or LibC.AF_INET6;

    /// <summary>SO_COOKIE: a number that no other socket of this boot has; the same in every process that shares the socket.</summary>
    public unsafe ulong Cookie
    {
        get
        {
            ulong cookie;
            int length = sizeof(ulong);
            if (LibC.getsockopt(this, LibC.SOL_SOCKET, LibC.SO_COOKIE, &cookie, &length) != 0)
                throw new Win32Exception(Marshal.GetLastPInvokeError(), "getsockopt(SO_COOKIE)");
            return cookie;
        }
    }

    /// <summary>tcpi_state of TCP_INFO (tcp(7)).</summary>
    public unsafe TcpState State
    {
        get
        {
            // The kernel fills as much of struct tcp_info as fits; tcpi_state is its first byte.
            byte state;
            int length = 1;
            if (LibC.getsockopt(this, LibC.IPPROTO_TCP, LibC.TCP_INFO, &state, &length) != 0)
                throw new Win32Exception(Marshal.GetLastPInvokeError(), "getsockopt(TCP_INFO)");
            return (TcpState)state;
        }
    }

    /// <summary>The application's own end; IPv4-mapped addresses as IPv4.</summary>
    public IPEndPoint LocalEndPoint => SocketAddresses.ReadOwn(this);

    /// <summary>Ends the socket for every process that shares it: shutdown(2) of both directions. In SYN_SENT the owner sees OUT|ERR|HUP and ECONNRESET.</summary>
    /// <returns>False when it wasn't connected or connecting any more.</returns>
    public bool ShutDown() => LibC.shutdown(this, LibC.SHUT_RDWR) == 0;

    /// <summary>The descriptor as a socket of this process, for one that nobody else goes on using. It moves there, and this is closed.</summary>
    public SafeSocketHandle ToSocket()
    {
        var socket = new SafeSocketHandle(handle, ownsHandle: true);
        SetHandleAsInvalid();
        return socket;
    }

    /// <summary>The descriptor as a file, for where something else than a socket was passed: a pipe. It moves there, and this is closed.</summary>
    public SafeFileHandle ToFile()
    {
        var file = new SafeFileHandle(handle, ownsHandle: true);
        SetHandleAsInvalid();
        return file;
    }

    protected override bool ReleaseHandle() => LibC.close((int)handle) == 0;

    private unsafe bool TryReadOption(int option, out int value)
    {
        int read;
        int length = sizeof(int);
        bool ok = LibC.getsockopt(this, LibC.SOL_SOCKET, option, &read, &length) == 0;
        value = ok ? read : 0;
        return ok;
    }
}
