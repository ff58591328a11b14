using System.Runtime.CompilerServices;

namespace Telelaunch.Bench.Routes;

/// <summary>One way from an application on this machine to the server in the cluster, open and ready.</summary>
/// <param name="Name">As rows name it when it is somebody's peer.</param>
/// <param name="Method">The column "method".</param>
/// <param name="Carrier">The column "carrier"; null where there is none.</param>
/// <param name="App">The application that uses it.</param>
/// <param name="Bytes">The server's port for bytes.</param>
/// <param name="Greeting">The server's port that speaks first.</param>
/// <param name="Parts">What else the route consists of; ended with it, last first.</param>
internal sealed record Route(
    string Name, string Method, string? Carrier, Application App, RouteAddress Bytes, RouteAddress Greeting, IReadOnlyList<IAsyncDisposable> Parts)
    : IAsyncDisposable
{
    /// <summary>The name as a part of a row's id.</summary>
    public string Id => Name.Replace(" -", "-", StringComparison.Ordinal).Replace(" ", "-", StringComparison.Ordinal);

    // Two open routes are never the same one.
    public bool Equals(Route? other) => ReferenceEquals(this, other);

    public override int GetHashCode() => RuntimeHelpers.GetHashCode(this);

    public async ValueTask DisposeAsync()
    {
        await App.DisposeAsync();
        foreach (IAsyncDisposable part in Parts.Reverse())
            await part.DisposeAsync();
    }
}
