namespace Telelaunch.Routing.Resolver;

/// <summary>Which names are the cluster's. Domains without a dot at the end.</summary>
/// <param name="SearchDomains">What the pod appends to short names, its own namespace first: <c>default.svc.cluster.local</c>, <c>svc.cluster.local</c>, <c>cluster.local</c>.</param>
/// <param name="RoutingDomains">
/// Which names are asked of the split server where the machine tells names apart: <c>cluster.local</c>, <c>svc</c>, each namespace (for <c>hello.default</c>),
/// single names, and the reverse zones of the cluster's ranges (<c>96.10.in-addr.arpa</c>).
/// </param>
public sealed record SplitNames(IReadOnlyList<string> SearchDomains, IReadOnlyList<string> RoutingDomains);

/// <summary>The network link that is held open by the process that routes.</summary>
/// <param name="Index">if_nametoindex(3).</param>
public readonly record struct ResolverLink(string Name, int Index);
