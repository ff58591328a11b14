using System.Globalization;

using Telelaunch.Net;

namespace Telelaunch.Agent;

/// <summary>What the agent is told by its environment; README.md lists the variables.</summary>
/// <param name="SessionDirectory">The mounted Secret: <c>secret</c>, <c>ssh_host_ed25519_key</c>, <c>authorized_keys</c>.</param>
/// <param name="AgentPort">The mux listens there, on 127.0.0.1.</param>
/// <param name="SshPort">sshd listens there, on 127.0.0.1.</param>
/// <param name="IdleLimit">The agent ends when no client was connected for so long; <see cref="TimeSpan.MaxValue"/>: never.</param>
internal sealed record AgentSettings(string SessionDirectory, int AgentPort, int SshPort, TimeSpan IdleLimit)
{
    /// <summary>Where sshd's files go.</summary>
    public string TemporaryDirectory { get; init; } = Path.GetTempPath();

    private const int LongestIdleSeconds = 119;

    /// <param name="read">Reads an environment variable.</param>
    /// <exception cref="UsageException">A value that can't be.</exception>
    public static AgentSettings Read(Func<string, string?> read) => new(
        Text(read, "TELELAUNCH_SESSION_DIR", "/etc/telelaunch/session"),
        Number(read, "TELELAUNCH_AGENT_PORT", 7778, 1, ushort.MaxValue),
        Number(read, "TELELAUNCH_SSH_PORT", 7722, 1, ushort.MaxValue),
        Number(read, "TELELAUNCH_IDLE_SECONDS", 90, 0, LongestIdleSeconds) is > 0 and var seconds ? TimeSpan.FromSeconds(seconds) : TimeSpan.MaxValue)
    {
        TemporaryDirectory = Text(read, "TELELAUNCH_TEMPORARY_DIR", Path.GetTempPath()),
    };

    private static string Text(Func<string, string?> read, string name, string fallback)
        => read(name) is { Length: > 0 } text ? text : fallback;

    private static int Number(Func<string, string?> read, string name, int fallback, int least, int most)
    {
        string? text = read(name);
        if (string.IsNullOrEmpty(text))
            return fallback;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value >= least && value <= most)
            return value;
        throw new UsageException("bad-setting", $"{name} is '{text}'.", $"Give a number from {least} to {most}.");
    }
}
