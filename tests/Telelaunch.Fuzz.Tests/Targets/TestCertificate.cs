using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Telelaunch.Cluster.Tests;

namespace Telelaunch.Fuzz.Tests.Targets;

/// <summary>An authority and a client's certificate and key, made once. Their bytes differ from run to run: inputs that hold them aren't the same again.</summary>
internal static class TestCertificate
{
    private static readonly Lazy<(string Authority, string Certificate, string Key)> s_pems = new(() =>
    {
        using var authority = new TestAuthority();
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 client = authority.IssueClient("fuzz", key);
        return (authority.Pem, client.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    });

    public static string Authority => s_pems.Value.Authority;

    public static string Certificate => s_pems.Value.Certificate;

    public static string Key => s_pems.Value.Key;
}
