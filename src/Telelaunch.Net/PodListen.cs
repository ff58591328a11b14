using System.Net;

namespace Telelaunch.Net;

/// <summary>Listens on an address of the pod until the result is disposed. Whoever has a way into the cluster implements it.</summary>
/// <param name="podEndPoint"><c>[::]</c> is every address of the pod, IPv4 too; another address that one alone.</param>
/// <param name="accept">Called for each connection with the caller's address as the pod sees it; it dials on this machine. Its failure resets the caller.</param>
/// <param name="changed">
/// Called when the pod listens no more although it should, with the errno (ECONNRESET: the tunnel is lost), and with 0 when it listens again; it
/// comes back by itself. On any thread; must not throw or wait.
/// </param>
/// <remarks>An expected ending is a value: it throws only for cancellation.</remarks>
public delegate ValueTask<PodListenResult> PodListen(IPEndPoint podEndPoint, Dialer accept, Action<int> changed, CancellationToken cancellationToken);

/// <summary>How listening began: a listener, or the errno that bind(2) or listen(2) gave in the pod; ENETUNREACH: the tunnel is down.</summary>
/// <param name="Listener">Disposing it stops listening; connections that came go on. Null on failure.</param>
public readonly record struct PodListenResult(IAsyncDisposable? Listener, int Errno);
