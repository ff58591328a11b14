using System.Security.Cryptography.X509Certificates;

namespace Telelaunch.Cluster;

/// <summary>A client certificate and the further certificates of its file.</summary>
internal sealed record ClientCertificate(X509Certificate2 Certificate, X509Certificate2Collection Intermediates);
