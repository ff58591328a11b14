namespace Telelaunch.Cluster;

/// <summary>What the agent and its client share, and nobody else: the files of <see cref="AgentPod.SessionDirectory"/>.</summary>
/// <param name="Secret"><c>secret</c>: proves both ends of the direct carrier to each other.</param>
/// <param name="SshHostKey"><c>ssh_host_ed25519_key</c>: private key of the pod's sshd, OpenSSH or PEM format.</param>
/// <param name="AuthorizedKeys"><c>authorized_keys</c> of sshd(8).</param>
public sealed record AgentSecret(byte[] Secret, byte[] SshHostKey, byte[] AuthorizedKeys)
{
    /// <summary>Its members may reach no log.</summary>
    public override string ToString() => nameof(AgentSecret);
}
