using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Telelaunch.Net;

namespace Telelaunch.Cluster;

/// <summary>Reads the certificates and keys that a kubeconfig names or holds.</summary>
internal static class CertificateFiles
{
    private const string Remedy = "Correct the kubeconfig, or log in again with the tool that wrote it.";

    /// <summary>The bytes of <c>KEY-data</c>, which wins, or of the file named by <c>KEY</c>; null when there is neither.</summary>
    public static byte[]? Read(KubeconfigNode node, string key)
    {
        if (node.Base64(key + "-data") is { } data)
            return data;
        if (node.FilePath(key) is not { } path)
            return null;
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ClusterException("kubeconfig-file-missing", $"{key} of the kubeconfig {node.File} can't be read: {error.Message}", Remedy, error);
        }
    }

    /// <summary>The certificates of a PEM bundle.</summary>
    public static X509Certificate2Collection Authorities(byte[] pem, string what)
    {
        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPem(Encoding.ASCII.GetString(pem));
        }
        catch (CryptographicException error)
        {
            throw Unusable(what, error);
        }

        return certificates.Count > 0 ? certificates : throw Unusable(what, null);
    }

    /// <summary>A client certificate (with its intermediates) and its key: PKCS#8, PKCS#1 or SEC 1, RSA or elliptic curve.</summary>
    public static ClientCertificate Client(byte[] certificatePem, byte[] keyPem, string what)
    {
        var chain = Authorities(certificatePem, what);
        try
        {
            var certificate = X509Certificate2.CreateFromPem(Encoding.ASCII.GetString(certificatePem), Encoding.ASCII.GetString(keyPem));
            chain[0].Dispose();
            chain.RemoveAt(0);
            return new(certificate, chain);
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException)
        {
            throw Unusable(what + " and its key", error);
        }
    }

    private static ClusterException Unusable(string what, Exception? error) => new(
        "kubeconfig-certificate-unusable",
        $"{what} isn't usable PEM" + (error is null ? "." : $": {error.Message}"),
        Remedy,
        error);
}
