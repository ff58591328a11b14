using System.Net;

namespace Telelaunch.Impairment;

/// <summary>Where clients find a link: in another network namespace than this process's.</summary>
/// <remarks>The link still connects to its upstream from this process's own; so it is a way out of that namespace too.</remarks>
/// <param name="Process">A process of that namespace; needed while the link listens anew.</param>
/// <param name="Endpoint">An address that the namespace has. Port 0: a free one.</param>
public sealed record LinkPlace(int Process, IPEndPoint Endpoint);
