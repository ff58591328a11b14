using System.Security.Cryptography;
using System.Text;
using Renci.SshNet.Security;

namespace Telelaunch.Tunnel.Ssh;

/// <summary>An Ed25519 key pair in the shapes that sshd and SSH.NET read; lives in memory only.</summary>
internal sealed class Ed25519KeyPair : IDisposable
{
    public const string Algorithm = "ssh-ed25519";

    public const int SeedLength = 32;

    /// <summary>The seed, 32 bytes, from which all follows (RFC 8032 §5.1.5).</summary>
    private readonly byte[] _seed;
    private readonly byte[] _public;

    public Ed25519KeyPair()
        : this(RandomNumberGenerator.GetBytes(SeedLength))
    {
    }

    /// <param name="seed">32 bytes.</param>
    public Ed25519KeyPair(ReadOnlySpan<byte> seed)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(seed.Length, SeedLength);
        _seed = seed.ToArray();
        // .NET has no Ed25519; SSH.NET brings one in managed code.
        using ED25519Key key = ToSshNetKey();
        _public = key.PublicKey;
    }

    public ReadOnlySpan<byte> Seed => _seed;

    /// <summary>The key as it goes over the wire: <c>string type | string key</c> (RFC 8709 §4).</summary>
    public byte[] PublicBlob()
    {
        var writer = new SshWireWriter();
        writer.WriteString(Algorithm);
        writer.WriteString(_public);
        return writer.ToArray();
    }

    /// <summary>The key and its name as in an authorized_keys file (sshd(8)).</summary>
    public string PublicLine(string comment) => $"{Algorithm} {Convert.ToBase64String(PublicBlob())} {comment}";

    /// <summary>An unencrypted private key file as ssh-keygen writes it (OpenSSH's PROTOCOL.key).</summary>
    public string PrivateFile(string comment)
    {
        byte[] blob = PublicBlob();
        var secret = new SshWireWriter();
        uint check = BitConverter.ToUInt32(RandomNumberGenerator.GetBytes(4));
        secret.WriteUInt32(check);
        secret.WriteUInt32(check);
        secret.WriteRaw(blob);
        secret.WriteString([.. _seed, .. _public]);
        secret.WriteString(comment);
        for (byte pad = 1; secret.Length % 8 != 0; pad++)
            secret.WriteRaw([pad]);

        var file = new SshWireWriter();
        file.WriteRaw("openssh-key-v1\0"u8);
        file.WriteString("none");
        file.WriteString("none");
        file.WriteString("");
        file.WriteUInt32(1);
        file.WriteString(blob);
        file.WriteString(secret.ToArray());
        return Armor(file.ToArray());
    }

    /// <summary>The same key for SSH.NET; the caller disposes it.</summary>
    public ED25519Key ToSshNetKey() => new([.. _seed]);

    public void Dispose() => CryptographicOperations.ZeroMemory(_seed);

    private static string Armor(byte[] bytes)
    {
        const int LineLength = 70;
        string base64 = Convert.ToBase64String(bytes);
        var text = new StringBuilder("-----BEGIN OPENSSH PRIVATE KEY-----\n");
        for (int offset = 0; offset < base64.Length; offset += LineLength)
            text.Append(base64, offset, Math.Min(LineLength, base64.Length - offset)).Append('\n');
        return text.Append("-----END OPENSSH PRIVATE KEY-----\n").ToString();
    }
}
