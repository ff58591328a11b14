using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Telelaunch.Linux;

/// <summary>What of the kernel a netlink socket speaks to; numbers as in linux/netlink.h.</summary>
public enum NetlinkProtocol
{
    Route = 0,
    SockDiag = 4,
    Netfilter = 12,
}

/// <summary>A netlink socket (netlink(7)) as the kernel offers it: messages out, messages in.</summary>
/// <remarks>
/// Sending and receiving may happen on different threads at the same time. It belongs to the network namespace of the thread that opened it, and stays there.
/// What the kernel ties to a netlink socket (a table with an owner, a queue) ends when this is disposed or its process dies; the descriptor isn't inherited.
/// </remarks>
public sealed class NetlinkChannel : IDisposable
{
    // linux/netlink.h, asm-generic/socket.h
    private const int NETLINK_CAP_ACK = 10;
    private const int NETLINK_EXT_ACK = 11;
    private const int NETLINK_NO_ENOBUFS = 5;
    private const int SO_RCVBUFFORCE = 33;
    private const int EINTR = 4;

    private readonly SafeFileHandle _socket;
    private readonly SafeFileHandle _interrupt;

    private NetlinkChannel(SafeFileHandle socket, SafeFileHandle interrupt)
    {
        _socket = socket;
        _interrupt = interrupt;
    }

    /// <returns>Null with the errno where the kernel refuses; EPROTONOSUPPORT: it has no such part.</returns>
    public static NetlinkChannel? TryOpen(NetlinkProtocol protocol, out int errno)
    {
        errno = 0;
        int descriptor = LibC.socket(LibC.AF_NETLINK, LibC.SOCK_RAW | LibC.SOCK_CLOEXEC, (int)protocol);
        if (descriptor < 0)
        {
            errno = Marshal.GetLastPInvokeError();
            return null;
        }

        var socket = new SafeFileHandle(descriptor, ownsHandle: true);
        SafeFileHandle interrupt = LibC.eventfd(0, LibC.EFD_CLOEXEC);
        if (interrupt.IsInvalid)
        {
            errno = Marshal.GetLastPInvokeError();
            interrupt.Dispose();
            socket.Dispose();
            return null;
        }

        return new NetlinkChannel(socket, interrupt);
    }

    /// <summary>Errors come with the kernel's text, and without a copy of the request (NETLINK_EXT_ACK and NETLINK_CAP_ACK, Linux 4.12); an older kernel goes without.</summary>
    public void ExplainErrors()
    {
        SetOption(LibC.SOL_NETLINK, NETLINK_CAP_ACK, 1);
        SetOption(LibC.SOL_NETLINK, NETLINK_EXT_ACK, 1);
    }

    /// <summary>What doesn't fit into the receive buffer is lost without an error (NETLINK_NO_ENOBUFS).</summary>
    public void LoseSilently() => SetOption(LibC.SOL_NETLINK, NETLINK_NO_ENOBUFS, 1);

    /// <summary>Room for what waits to be read, beyond the machine's limit (SO_RCVBUFFORCE, needs CAP_NET_ADMIN).</summary>
    public bool EnlargeReceiveBuffer(int bytes) => SetOption(LibC.SOL_SOCKET, SO_RCVBUFFORCE, bytes);

    /// <summary>Joins multicast groups; their messages come by <see cref="Receive"/>.</summary>
    /// <param name="groups">A bit for each group: RTMGRP_ numbers (rtnetlink(7)).</param>
    /// <returns>0 or an errno.</returns>
    public unsafe int Join(uint groups)
    {
        // struct sockaddr_nl: FAMILY 2 | PAD 2 | PID 4 | GROUPS 4
        uint* address = stackalloc uint[3];
        address[0] = LibC.AF_NETLINK;
        address[1] = 0;
        address[2] = groups;
        return LibC.bind(_socket, address, 12) == 0 ? 0 : Marshal.GetLastPInvokeError();
    }

    /// <summary>Gives messages to the kernel, which carries them out before this returns.</summary>
    /// <returns>0 or an errno.</returns>
    public unsafe int Send(ReadOnlySpan<byte> messages)
    {
        fixed (byte* start = messages)
        {
            while (LibC.send(_socket, start, (nuint)messages.Length, 0) < 0)
            {
                int errno = Marshal.GetLastPInvokeError();
                if (errno != EINTR)
                    return errno;
            }
        }

        return 0;
    }

    /// <summary>Takes one packet of messages; waits for it unless <paramref name="wait"/> is false.</summary>
    /// <returns>Its length, which is larger than the buffer where it was cut; -1 with an errno.</returns>
    public unsafe int Receive(Span<byte> buffer, out int errno, bool wait = true)
    {
        fixed (byte* start = buffer)
        {
            while (true)
            {
                nint count = LibC.recv(_socket, start, (nuint)buffer.Length, LibC.MSG_TRUNC | (wait ? 0 : LibC.MSG_DONTWAIT));
                errno = count < 0 ? Marshal.GetLastPInvokeError() : 0;
                if (count >= 0 || errno != EINTR)
                    return (int)count;
            }
        }
    }

    /// <summary>Waits until something can be received.</summary>
    /// <returns>False: <see cref="Interrupt"/> was called.</returns>
    public unsafe bool WaitReadable()
    {
        LibC.pollfd* polled = stackalloc LibC.pollfd[2];
        polled[0] = new LibC.pollfd { fd = (int)_socket.DangerousGetHandle(), events = LibC.POLLIN };
        polled[1] = new LibC.pollfd { fd = (int)_interrupt.DangerousGetHandle(), events = LibC.POLLIN };
        while (LibC.poll(polled, 2, -1) < 0 && Marshal.GetLastPInvokeError() == EINTR)
        {
        }

        return polled[1].revents == 0;
    }

    /// <summary>Ends every <see cref="WaitReadable"/>, now and from now on.</summary>
    public unsafe void Interrupt()
    {
        ulong one = 1;
        // Fails only where the counter is full, and then it is readable anyway.
        _ = LibC.write(_interrupt, &one, sizeof(ulong));
    }

    /// <summary>Call it when no thread waits any more.</summary>
    public void Dispose()
    {
        _socket.Dispose();
        _interrupt.Dispose();
    }

    private unsafe bool SetOption(int level, int option, int value) => LibC.setsockopt(_socket, level, option, &value, sizeof(int)) == 0;
}
