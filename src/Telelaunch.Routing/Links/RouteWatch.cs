using Telelaunch.Linux;
using Telelaunch.Net;
using Telelaunch.Routing.Netlink;

namespace Telelaunch.Routing.Links;

/// <summary>Tells when a link or route of this machine has changed (multicast groups of rtnetlink(7)); whoever made the change, ourselves included.</summary>
public sealed class RouteWatch : IDisposable
{
    private const int BufferLength = 64 * 1024;

    private readonly NetlinkChannel _channel;
    private readonly Action _changed;
    private readonly Thread _thread;

    /// <param name="changed">Called on a thread of this watch, once for changes that come together. Must not throw.</param>
    /// <exception cref="HostException">The kernel gives no netlink socket.</exception>
    public RouteWatch(Action changed)
    {
        ArgumentNullException.ThrowIfNull(changed);
        _changed = changed;
        _channel = NetlinkSocket.OpenChannel(NetlinkProtocol.Route);
        if (_channel.Join(RtNetlink.RTMGRP_LINK | RtNetlink.RTMGRP_IPV4_ROUTE | RtNetlink.RTMGRP_IPV6_ROUTE) is var errno and not 0)
        {
            _channel.Dispose();
            throw new HostException("routes-not-readable", $"Changes of routes can't be watched: {Errno.NameOf(errno)}.", "Use the default method.");
        }

        _thread = new Thread(Run, 256 * 1024) { IsBackground = true, Name = "route watch" };
        _thread.Start();
    }

    /// <summary>Ends the watch; its callback isn't called afterwards. Not to be called by the callback.</summary>
    public void Dispose()
    {
        _channel.Interrupt();
        _thread.Join();
        _channel.Dispose();
    }

    private void Run()
    {
        byte[] buffer = new byte[BufferLength];
        while (_channel.WaitReadable())
        {
            // ENOBUFS: more has changed than fits. That is a change, too.
            while (_channel.Receive(buffer, out int errno, wait: false) >= 0 || errno == Errno.ENOBUFS)
            {
            }

            _changed();
        }
    }
}
