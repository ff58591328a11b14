using System.Security.Cryptography.X509Certificates;

namespace Telelaunch.Cluster;

/// <summary>What a request proves its sender with. Two credentials are the same only if they are the same object.</summary>
/// <param name="Token">Bearer token, or null.</param>
/// <param name="Certificate">Client certificate with its private key and the intermediates to send, or null.</param>
internal sealed record Credential(string? Token, ClientCertificate? Certificate)
{
    /// <summary>Neither a token nor the record's members may reach a log by accident.</summary>
    public override string ToString() => nameof(Credential);
}

/// <summary>A client certificate and the further certificates of its file.</summary>
internal sealed record ClientCertificate(X509Certificate2 Certificate, X509Certificate2Collection Intermediates);

/// <summary>Where credentials come from, and how to get a better one when the API server answers 401.</summary>
internal abstract class CredentialSource : IDisposable
{
    /// <summary>The credential to use now.</summary>
    public abstract ValueTask<Credential> GetAsync(CancellationToken cancellationToken);

    /// <summary>A credential other than <paramref name="refused"/>, or null when there is none to be had.</summary>
    public abstract ValueTask<Credential?> RenewAsync(Credential refused, CancellationToken cancellationToken);

    public virtual void Dispose()
    {
    }
}

/// <summary>A token or certificate that stands in the kubeconfig itself; or none at all.</summary>
internal sealed class FixedCredential(Credential credential) : CredentialSource
{
    public override ValueTask<Credential> GetAsync(CancellationToken cancellationToken) => new(credential);

    public override ValueTask<Credential?> RenewAsync(Credential refused, CancellationToken cancellationToken) => default;
}
