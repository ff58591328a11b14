using System.Net;
using System.Text;

namespace Telelaunch.Playground.Access;

/// <summary>The file by which kubectl and others reach the playground.</summary>
public static class KubeConfig
{
    /// <summary>Context <c>playground</c>: an administrator with a client certificate. Context <c>limited</c>: user <c>dev</c>, with a token and no rights.</summary>
    public static string Text(IPEndPoint server, CertificateAuthority authority, string limitedToken)
    {
        using var admin = authority.IssueClient("kubernetes-admin", Caller.Masters);
        using var key = System.Security.Cryptography.X509Certificates.ECDsaCertificateExtensions.GetECDsaPrivateKey(admin)!;
        static string Encoded(string pem) => Convert.ToBase64String(Encoding.ASCII.GetBytes(pem));
        return $"""
            apiVersion: v1
            kind: Config
            current-context: playground
            clusters:
            - name: playground
              cluster:
                server: https://127.0.0.1:{server.Port}
                certificate-authority-data: {Encoded(authority.Pem)}
            contexts:
            - name: playground
              context: {"{"}cluster: playground, user: admin, namespace: default{"}"}
            - name: limited
              context: {"{"}cluster: playground, user: dev, namespace: default{"}"}
            users:
            - name: admin
              user:
                client-certificate-data: {Encoded(admin.ExportCertificatePem() + "\n")}
                client-key-data: {Encoded(key.ExportPkcs8PrivateKeyPem() + "\n")}
            - name: dev
              user:
                token: {limitedToken}

            """;
    }
}
