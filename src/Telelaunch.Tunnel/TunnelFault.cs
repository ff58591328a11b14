using System.Globalization;
using System.Net.WebSockets;
using Telelaunch.Net;

namespace Telelaunch.Tunnel;

/// <summary>Every way in which a carrier can fail: its stable code, the cause, and what to do about it.</summary>
internal static class TunnelFault
{
    private const string TryAgain = "Look at the agent pod (kubectl describe pod) and start again.";

    public static TunnelException PortForwardRefused(int podPort, string text) => new(
        "port-forward-refused",
        $"Nothing in the agent pod accepted the port-forward to port {podPort}: {OneLine(text)}",
        "Check that the agent container runs and is ready (kubectl logs); a restarted agent comes back within seconds.");

    public static TunnelException PortForwardReset(int podPort, string text) => new(
        "port-forward-reset",
        $"The port-forward to port {podPort} of the agent pod broke: {OneLine(text)}",
        "The agent ended or its container was restarted; kubectl logs --previous says why.");

    /// <summary>Sorts the kubelet's text, which differs between container runtimes, by the words that all take from the socket's error.</summary>
    public static TunnelException PortForwardFailed(int podPort, string text) =>
        text.Contains("refused", StringComparison.OrdinalIgnoreCase) || text.Contains("failed to connect", StringComparison.OrdinalIgnoreCase)
            ? PortForwardRefused(podPort, text)
            : PortForwardReset(podPort, text);

    public static TunnelException PortForwardClosed(int podPort, WebSocketCloseStatus? status, string? reason) => new(
        "port-forward-closed",
        string.Create(CultureInfo.InvariantCulture, $"The API server closed the port-forward to port {podPort} with WebSocket code {(int?)status}: {OneLine(reason)}"),
        TryAgain);

    public static TunnelException PortForwardEnded(int podPort) => new(
        "port-forward-ended",
        $"The port-forward to port {podPort} ended: the agent, its container or its pod is gone.",
        TryAgain);

    public static TunnelException PortForwardLost(int podPort, Exception cause) => new(
        "port-forward-lost",
        $"The connection to the API server that carries port {podPort} broke: {OneLine(cause.Message)}",
        "Check this machine's network and VPN, and that the API server answers (kubectl get --raw /readyz).",
        cause);

    public static TunnelException PortForwardProtocol(int podPort, string what) => new(
        "port-forward-protocol",
        $"The API server doesn't speak port-forward as Kubernetes does: {what} (port {podPort}).",
        "A proxy between this machine and the API server may rewrite WebSockets; try without it.");

    private static string OneLine(string? text) => string.Join(' ', (text ?? "").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).TrimEnd('.') + ".";
}
