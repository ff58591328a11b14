using Telelaunch.Cli.Variables;

namespace Telelaunch.Cli.Options;

/// <summary>What of the container's environment the command gets.</summary>
/// <param name="IsPassed">False for <c>--no-env</c>: nothing of the container's, overrides alone.</param>
/// <param name="File"><c>--env-file</c>: where it is written as docker compose reads it.</param>
/// <param name="Json"><c>--env-json</c>: where it is written as a JSON object.</param>
internal sealed record EnvironmentOptions(bool IsPassed, EnvironmentFilter Filter, string? File, string? Json);
