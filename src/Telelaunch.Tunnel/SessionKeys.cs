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

    /// <summary>What a client of a standing agent needs besides: the seeds of both key pairs (RFC 8032 §5.1.5), 64 bytes.</summary>
    public const string SeedsFileName = "client_seeds";

    private const int SecretLength = 32;

    private readonly Ed25519KeyPair _host;
    private readonly Ed25519KeyPair _client;
    private readonly byte[] _secret;

    /// <summary>New ones.</summary>
    public SessionKeys()
        : this(new(), new(), RandomNumberGenerator.GetBytes(SecretLength))
    {
    }

    private SessionKeys(Ed25519KeyPair host, Ed25519KeyPair client, byte[] secret)
    {
        _host = host;
        _client = client;
        _secret = secret;
    }

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

    /// <summary>The files of a standing agent's Secret, from which any client that may read it takes them again.</summary>
    public IReadOnlyDictionary<string, byte[]> ToStandingSecretFiles() => new Dictionary<string, byte[]>(ToSecretFiles())
    {
        [SeedsFileName] = [.. _host.Seed, .. _client.Seed],
    };

    /// <summary>The keys of a standing agent.</summary>
    /// <returns>Null where these aren't the files of <see cref="ToStandingSecretFiles"/>.</returns>
    public static SessionKeys? TryRead(IReadOnlyDictionary<string, byte[]> files)
    {
        ArgumentNullException.ThrowIfNull(files);
        if (!files.TryGetValue(SecretFileName, out var secret) || secret.Length != SecretLength) return null;
        if (!files.TryGetValue(SeedsFileName, out var seeds) || seeds.Length != 2 * Ed25519KeyPair.SeedLength) return null;
        return new(new(seeds.AsSpan(0, Ed25519KeyPair.SeedLength)), new(seeds.AsSpan(Ed25519KeyPair.SeedLength)), [.. secret]);
    }

    public void Dispose()
    {
        _host.Dispose();
        _client.Dispose();
        CryptographicOperations.ZeroMemory(_secret);
    }

    /// <summary>The client's key for SSH.NET; the caller disposes it.</summary>
    internal PrivateKeyFile ToClientKey() => new(_client.ToSshNetKey());
}
