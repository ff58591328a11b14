using System.Net;

namespace Telelaunch.Playground.Node;

/// <summary>What the node needs to know of the rest.</summary>
/// <param name="StateDirectory">Absolute, exists, mode 0700.</param>
/// <param name="ApiServer">Where the HTTPS server listens on this host.</param>
/// <param name="Token">Makes a service-account token of namespace, service account, pod name, pod uid.</param>
public sealed record NodeSettings(string StateDirectory, IPEndPoint ApiServer, Func<string, string, string, string, string> Token)
{
    /// <summary>Resolvers for names outside the cluster; null means those of the host.</summary>
    public IReadOnlyList<IPEndPoint>? DnsUpstream { get; init; }
}
