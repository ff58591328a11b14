using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Telelaunch.Net;

namespace Telelaunch.Broker;

/// <summary>Where applications connect on loopback, a port a family: one that holds SYNs where the kernel lets us, else one that is waited for.</summary>
internal sealed class RelayPorts : IAsyncDisposable
{
    private readonly HeldSynPort? _held4;
    private readonly HeldSynPort? _held6;
    private readonly WaitPort? _wait4;
    private readonly WaitPort? _wait6;

    private RelayPorts(HeldSynPort? held4, HeldSynPort? held6, ILogger logger)
    {
        _held4 = held4;
        _held6 = held6;
        _wait4 = held4 is null ? WaitPort.TryOpen(IPAddress.Loopback, logger) : null;
        _wait6 = held6 is null ? WaitPort.TryOpen(IPAddress.IPv6Loopback, logger) : null;
    }

    internal int Port4 => _held4?.Port ?? _wait4?.Port ?? 0;

    /// <summary>0 where this machine has no IPv6.</summary>
    internal int Port6 => _held6?.Port ?? _wait6?.Port ?? 0;

    internal VerdictFlags Flags => (_held4 is null ? 0 : VerdictFlags.HeldSyn4) | (_held6 is null ? 0 : VerdictFlags.HeldSyn6);

    /// <param name="hold">False: don't even try to hold SYNs.</param>
    /// <exception cref="HostException">Not even 127.0.0.1 can be listened on.</exception>
    internal static async Task<RelayPorts> OpenAsync(bool hold, TimeProvider time, ILogger logger, CancellationToken cancellationToken)
    {
        HeldSynPort? held4 = hold ? await HeldSynPort.TryOpenAsync(IPAddress.Loopback, time, cancellationToken) : null;
        HeldSynPort? held6 = hold ? await HeldSynPort.TryOpenAsync(IPAddress.IPv6Loopback, time, cancellationToken) : null;
        var ports = new RelayPorts(held4, held6, logger);
        if (ports.Port4 != 0)
            return ports;
        await ports.DisposeAsync();
        throw new HostException("loopback-unusable", "No TCP port of 127.0.0.1 can be listened on.", "Look at \"ip addr show lo\" and the firewall's rules for loopback.");
    }

    /// <summary>The port that holds SYNs for this destination; null where there is none.</summary>
    internal HeldSynPort? Held(IPEndPoint destination) => destination.AddressFamily == AddressFamily.InterNetwork ? _held4 : _held6;

    internal WaitPort? Waiting(IPEndPoint destination) => destination.AddressFamily == AddressFamily.InterNetwork ? _wait4 : _wait6;

    public async ValueTask DisposeAsync()
    {
        _held4?.Dispose();
        _held6?.Dispose();
        if (_wait4 is not null)
            await _wait4.DisposeAsync();
        if (_wait6 is not null)
            await _wait6.DisposeAsync();
    }
}
