namespace Telelaunch.Cluster;

/// <summary>What a request proves its sender with. Two credentials are the same only if they are the same object.</summary>
/// <param name="Token">Bearer token, or null.</param>
/// <param name="Certificate">Client certificate with its private key and the intermediates to send, or null.</param>
internal sealed record Credential(string? Token, ClientCertificate? Certificate)
{
    /// <summary>Neither a token nor the record's members may reach a log by accident.</summary>
    public override string ToString() => nameof(Credential);
}
