using Telelaunch.Net;

namespace Telelaunch.Cluster;

/// <summary>A token in a file that somebody else rotates, as a kubelet does with projected service account tokens.</summary>
internal sealed class TokenFileCredential(string path, ClientCertificate? certificate, TimeProvider time) : CredentialSource
{
    /// <summary>client-go re-reads after a minute; a shorter time costs nothing here.</summary>
    private static readonly TimeSpan MaximumAge = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private Credential? _current;
    private long _readAt;

    public override ValueTask<Credential> GetAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_current is null || time.GetElapsedTime(_readAt) >= MaximumAge)
                Read();
            return new(_current!);
        }
    }

    public override ValueTask<Credential?> RenewAsync(Credential refused, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (ReferenceEquals(_current, refused))
                Read();
            return new(ReferenceEquals(_current, refused) ? null : _current);
        }
    }

    /// <summary>Keeps the present object when the file still has the same token.</summary>
    private void Read()
    {
        string token;
        try
        {
            token = File.ReadAllText(path).Trim();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ClusterException("token-file-unreadable", $"The token file {path} can't be read: {error.Message}", "Correct tokenFile of the kubeconfig's user, or give --token.", error);
        }

        if (token.Length == 0)
            throw new ClusterException("token-file-unreadable", $"The token file {path} is empty.", "Correct tokenFile of the kubeconfig's user, or give --token.");
        if (_current?.Token != token)
            _current = new(token, certificate);
        _readAt = time.GetTimestamp();
    }
}
