using System.Security.Cryptography;
using System.Text;
using Renci.SshNet;
using Telelaunch.Tunnel.Ssh;

namespace Telelaunch.Tunnel;

/// <summary>What proves the two ends of one session to each other. Made by the client, handed to the pod in its Secret, never written to this machine's disk.</summary>
public sealed class SessionKeys : IDisposable
{
    /// <summary>The host key file of sshd, in OpenSSH's format.</summary>
    public const string HostKeyFileName = "ssh_host_ed25519_key";

    /// <summary>The one client key that sshd lets in.</summary>
    public const string AuthorizedKeysFileName = "authorized_keys";

    /// <summary>The mux's secret, 32 bytes as they are.</summary>
    public const string SecretFileName = "secret";

    private readonly Ed25519KeyPair _host = new();
    private readonly Ed25519KeyPair _client = new();
    private readonly byte[] _secret = RandomNumberGenerator.GetBytes(32);

    /// <summary>What the mux proves both ways, 32 bytes.</summary>
    public ReadOnlyMemory<byte> Secret => _secret;

    /// <summary>The pod's host key as sshd shows it (RFC 4253 §6.6); any other is refused.</summary>
    public ReadOnlyMemory<byte> HostKeyBlob => _host.PublicBlob();

    /// <summary>The files of the pod's Secret: name and content. Mount them readable by the agent's user only.</summary>
    /// <remarks>sshd refuses a host key that others may read (sshd(8), FILES).</remarks>
    public IReadOnlyDictionary<string, byte[]> ToSecretFiles() => new Dictionary<string, byte[]>
    {
        [HostKeyFileName] = Encoding.ASCII.GetBytes(_host.PrivateFile("telelaunch-host")),
        // restrict leaves nothing to the key but a session without a terminal.
        [AuthorizedKeysFileName] = Encoding.ASCII.GetBytes($"restrict {_client.PublicLine("telelaunch-client")}\n"),
        [SecretFileName] = [.. _secret],
    };

    public void Dispose()
    {
        _host.Dispose();
        _client.Dispose();
        CryptographicOperations.ZeroMemory(_secret);
    }

    /// <summary>The client's key for SSH.NET; the caller disposes it.</summary>
    internal PrivateKeyFile ToClientKey() => new(_client.ToSshNetKey());
}
