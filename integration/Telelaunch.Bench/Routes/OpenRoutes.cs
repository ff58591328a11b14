using System.Collections;

namespace Telelaunch.Bench.Routes;

/// <summary>The routes of one comparison; closed together.</summary>
internal sealed class OpenRoutes : IReadOnlyList<Route>, IAsyncDisposable
{
    private readonly List<Route> _routes = [];

    public int Count => _routes.Count;

    public Route this[int index] => _routes[index];

    public async Task AddAsync(Task<Route> opening) => _routes.Add(await opening);

    /// <summary>Both carriers of Telelaunch, and the two peers that they are compared to.</summary>
    public async Task AddComparedAsync(RouteOpener opener, CancellationToken cancellationToken)
    {
        await AddAsync(opener.TelelaunchAsync("ssh", null, cancellationToken));
        await AddAsync(opener.TelelaunchAsync("direct", null, cancellationToken));
        await AddAsync(opener.SshAsync(cancellationToken));
        await AddAsync(opener.PortForwardAsync(cancellationToken));
    }

    public IEnumerator<Route> GetEnumerator() => _routes.GetEnumerator();

    public async ValueTask DisposeAsync()
    {
        // Sessions take their time to go, and none waits for another.
        await Task.WhenAll(_routes.Select(route => route.DisposeAsync().AsTask()));
        _routes.Clear();
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
