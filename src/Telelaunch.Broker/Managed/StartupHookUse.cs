namespace Telelaunch.Broker.Managed;

/// <summary>What .NET applications of the session start with.</summary>
/// <param name="Path">The hook's file; without a colon, because DOTNET_STARTUP_HOOKS splits at it.</param>
/// <param name="Traces">Whether it tells of requests, lookups and connects too.</param>
public readonly record struct StartupHookUse(string Path, bool Traces);
