namespace Telelaunch.Bench.Routes;

/// <summary>Where the application connects to reach the server on a route.</summary>
internal readonly record struct RouteAddress(string Host, int Port)
{
    public override string ToString() => $"{Host} {Port}";
}
