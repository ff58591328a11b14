namespace Telelaunch.Bench.Routes.Vpn;

/// <summary>A way to the server that every program of one machine has.</summary>
/// <param name="Route">The way, and the application that measures it.</param>
/// <param name="Names">The application that asks for names on the same machine; ended with the route.</param>
internal sealed record VpnRoute(Route Route, Application Names);
