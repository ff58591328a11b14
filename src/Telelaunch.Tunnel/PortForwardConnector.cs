using System.Net.WebSockets;

namespace Telelaunch.Tunnel;

/// <summary>Opens one port-forward WebSocket (subprotocol <c>v4.channel.k8s.io</c>, one port) to the agent's pod. The receiver owns the socket.</summary>
/// <param name="podPort">TCP port on the pod's loopback, 1 to 65535.</param>
/// <exception cref="Telelaunch.Net.TelelaunchException">
/// The API server said no. Codes in <c>TunnelOptions.PermanentCodes</c> end the tunnel at once; everything else is tried again.
/// </exception>
public delegate Task<WebSocket> PortForwardConnector(int podPort, CancellationToken cancellationToken);
