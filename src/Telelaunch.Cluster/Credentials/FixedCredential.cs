namespace Telelaunch.Cluster;

/// <summary>A token or certificate that stands in the kubeconfig itself; or none at all.</summary>
internal sealed class FixedCredential(Credential credential) : CredentialSource
{
    public override ValueTask<Credential> GetAsync(CancellationToken cancellationToken) => new(credential);

    public override ValueTask<Credential?> RenewAsync(Credential refused, CancellationToken cancellationToken) => default;
}
