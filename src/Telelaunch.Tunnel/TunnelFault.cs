using System.Globalization;
using System.Net.WebSockets;
using System.Security.Cryptography;
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

    public static TunnelException PortForwardEnded() => new(
        "port-forward-ended",
        "The port-forward ended: the agent, its container or its pod is gone.",
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

    public static TunnelException SshHostKey(byte[] offered) => new(
        "ssh-host-key-mismatch",
        $"What answers as the pod's sshd shows the key SHA256:{Convert.ToBase64String(SHA256.HashData(offered)).TrimEnd('=')}, which isn't this session's.",
        "Somebody may be listening in. Start again with a new session; if it happens again, tell whoever runs the cluster.");

    public static TunnelException SshKeyRefused(string userName, Exception cause) => new(
        "ssh-key-refused",
        $"The pod's sshd doesn't take this session's key for user {userName}: {OneLine(cause.Message)}",
        "Start again with a new session. If it happens again, the agent image doesn't fit: kubectl logs shows what sshd says.",
        cause);

    public static TunnelException SshCipher(string what) => new(
        "ssh-no-common-algorithm",
        $"The pod's sshd and this program have no algorithm in common: {OneLine(what)}",
        "Use the agent image of this release: --agent-image. Its sshd offers aes128-gcm and aes256-gcm.");

    public static TunnelException SshForeign(string text) => new(
        "ssh-not-sshd",
        $"What answers on the sshd port of the agent pod said: {OneLine(text)}",
        "Look at the agent's log: kubectl logs.");

    public static TunnelException SshTimedOut(Exception cause) => new(
        "ssh-timed-out",
        "The pod's sshd took too long to log this session in.",
        "The pod may be short of CPU, or the way to the cluster too slow: kubectl top pod, then start again.",
        cause);

    public static TunnelException SshLost(Exception cause) => new(
        "ssh-lost",
        $"The SSH session to the agent pod broke: {OneLine(cause.Message)}",
        TryAgain,
        cause);

    /// <summary>SSH.NET doesn't tell why a channel wasn't opened; sshd's log does.</summary>
    public static TunnelException SshChannelRefused(Exception? cause) => new(
        "ssh-channel-refused",
        "The pod's sshd didn't open the channel to the agent.",
        "The agent may have ended, or its image doesn't fit: kubectl logs.",
        cause);

    public static TunnelException SshChannelClosed() => new("ssh-channel-closed", "The SSH channel to the agent was closed by the pod.", TryAgain);

    public static TunnelException AgentLeft(string reason) => new(
        "agent-left",
        $"The agent ended: {OneLine(reason)}",
        "Its pod is going away; if that wasn't meant, kubectl describe pod says why.");

    public static TunnelException CarrierDead(string detail) => new(
        "carrier-dead",
        $"The agent doesn't answer any more: {OneLine(detail)}",
        "Check this machine's network and VPN, and the agent's node (kubectl get nodes).");

    public static TunnelException CarrierBroken(string detail) => new(
        "carrier-protocol",
        $"The agent broke the protocol: {OneLine(detail)}",
        "Use the agent image of this release: --agent-image.");

    public static TunnelException CarrierLost(string detail) => new("carrier-lost", $"The connection to the agent ended: {OneLine(detail)}", TryAgain);

    public static TunnelException EnvironmentNotRead() => new(
        "environment-not-read",
        "The agent didn't tell the environment of its container.",
        "Use the agent image of this release (--agent-image); what it says: kubectl logs. Without the container's environment: --no-env.");

    public static TunnelException TimedOut(TimeSpan bound) => new(
        "tunnel-timed-out",
        string.Create(CultureInfo.InvariantCulture, $"The agent couldn't be reached within {bound.TotalSeconds:0} s."),
        "Check this machine's network and VPN, and the agent's node (kubectl get nodes).");

    public static TunnelException Defect(Exception cause) => new(
        "tunnel-defect",
        $"The tunnel ended by a defect of this program: {cause.GetType().Name}: {OneLine(cause.Message)}",
        "Start again, and report it with the log (--log-file).",
        cause);

    /// <summary>The same cause, said of the whole tunnel.</summary>
    public static TunnelException Of(TelelaunchException cause) =>
        cause as TunnelException ?? new TunnelException(cause.Code, cause.Message, cause.Remedy, cause);

    public static TunnelException CarrierClosed() => new("carrier-closed", "The tunnel was closed on this side.", "Start it again.");

    /// <summary>Others' text as a terminal may see it: on one line, without what would steer the terminal.</summary>
    private static string OneLine(string? text)
        => string.Join(' ', string.Concat((text ?? "").Select(c => IsShown(c) ? c : ' ')).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).TrimEnd('.') + ".";

    /// <summary>Neither a control character nor one that changes the direction or shows nothing (Unicode Cc, Cf).</summary>
    private static bool IsShown(char c) => char.GetUnicodeCategory(c) is not (UnicodeCategory.Control or UnicodeCategory.Format);
}
