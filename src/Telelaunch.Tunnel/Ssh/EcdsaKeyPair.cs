using System.Security.Cryptography;
using System.Text;
using Renci.SshNet.Security;

namespace Telelaunch.Tunnel.Ssh;

/// <summary>A nistp256 key pair in the shapes that sshd and SSH.NET read; lives in memory only.</summary>
/// <remarks>ECDSA, because .NET has no Ed25519 and both ends know this one (RFC 5656).</remarks>
internal sealed class EcdsaKeyPair : IDisposable
{
    public const string Algorithm = "ecdsa-sha2-nistp256";
    private const string Curve = "nistp256";

    /// <summary>The public point, uncompressed: 4 | X 32 | Y 32 (SEC 1 §2.3.3).</summary>
    private readonly byte[] _point;
    private readonly byte[] _private;

    public EcdsaKeyPair()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        ECParameters parameters = key.ExportParameters(includePrivateParameters: true);
        _point = [4, .. parameters.Q.X!, .. parameters.Q.Y!];
        _private = parameters.D!;
    }

    /// <summary>The key as it goes over the wire: <c>string type | string curve | string point</c> (RFC 5656 §3.1).</summary>
    public byte[] PublicBlob()
    {
        var writer = new SshWireWriter();
        writer.WriteString(Algorithm);
        writer.WriteString(Curve);
        writer.WriteString(_point);
        return writer.ToArray();
    }

    /// <summary>A line of an authorized_keys file (sshd(8)), without its end.</summary>
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
        secret.WriteMpint(_private);
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
    public EcdsaKey ToSshNetKey() => new("nistp256", _point, _private);

    public void Dispose() => CryptographicOperations.ZeroMemory(_private);

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
