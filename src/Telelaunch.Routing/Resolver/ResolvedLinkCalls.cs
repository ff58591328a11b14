using System.Net;

namespace Telelaunch.Routing.Resolver;

/// <summary>What systemd-resolved is told of one link; org.freedesktop.resolve1(5) has the meaning of each call.</summary>
/// <remarks>Implemented over D-Bus, and by the program resolvectl where libsystemd isn't there.</remarks>
internal interface IResolvedLinkCalls : IDisposable
{
    /// <summary>SetLinkDNS: the servers for names of the link's domains.</summary>
    void SetServer(ResolverLink link, IPAddress server);

    /// <summary>SetLinkDomains: domains that are appended to names without a dot, and domains that are only routed here.</summary>
    void SetDomains(ResolverLink link, IReadOnlyList<string> search, IReadOnlyList<string> routing);

    /// <summary>SetLinkDefaultRoute(false), SetLinkDNSSEC("no"), SetLinkDNSOverTLS("no"), SetLinkLLMNR("no"), SetLinkMulticastDNS("no"). What an old daemon doesn't know is passed over.</summary>
    void SetNothingElse(ResolverLink link);

    /// <summary>RevertLink.</summary>
    void Revert(ResolverLink link);

    /// <summary>FlushCaches.</summary>
    void FlushCaches();
}
