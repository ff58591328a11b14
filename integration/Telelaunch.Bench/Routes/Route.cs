using Telelaunch.Bench.Measurement;

namespace Telelaunch.Bench.Routes;

/// <summary>One way from an application to the server, open and ready. One of them is on this machine, the other in the cluster.</summary>
/// <param name="name">As rows name it when it is somebody's peer.</param>
/// <param name="method">The column "method".</param>
/// <param name="app">The application that uses it.</param>
/// <param name="bytes">The server's port for bytes.</param>
/// <param name="greeting">The server's port that speaks first.</param>
internal sealed class Route(string name, string method, Application app, RouteAddress bytes, RouteAddress greeting) : IAsyncDisposable
{
    public string Name { get; } = name;

    /// <summary>The name as a part of a row's id.</summary>
    public string Id => Name.Replace(" -", "-", StringComparison.Ordinal).Replace(" ", "-", StringComparison.Ordinal);

    public string Method { get; } = method;

    /// <summary>The column "carrier"; null where there is none.</summary>
    public string? Carrier { get; init; }

    public Application App { get; } = app;

    public RouteAddress Bytes { get; } = bytes;

    public RouteAddress Greeting { get; } = greeting;

    /// <summary>The processes that lead bytes on this machine, the application not among them.</summary>
    public ProcessSet Local { get; init; } = ProcessSet.Of();

    /// <summary>The Pod in which something leads bytes on; null: there is none but the server's.</summary>
    public string? Pod { get; init; }

    /// <summary>What else the route consists of; ended with it, last first.</summary>
    public IReadOnlyList<IAsyncDisposable> Parts { get; init; } = [];

    public async ValueTask DisposeAsync()
    {
        await App.DisposeAsync();
        foreach (IAsyncDisposable part in Parts.Reverse())
            await part.DisposeAsync();
    }
}
