namespace Telelaunch.Cluster;

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
