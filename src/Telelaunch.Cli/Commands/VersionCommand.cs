using System.Reflection;
using Telelaunch.Cli.Output;

namespace Telelaunch.Cli.Commands;

/// <summary><c>telelaunch version</c></summary>
internal static class VersionCommand
{
    /// <summary>The version of this build, without the commit.</summary>
    public static string Version { get; } =
        typeof(VersionCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";

    public static int Run(Screen screen, OutputFormat format)
    {
        screen.WriteOutput(format switch
        {
            OutputFormat.Json => $"{{\"version\":\"{Version}\"}}\n",
            OutputFormat.Yaml => $"version: {Version}\n",
            _ => $"telelaunch {Version}\n",
        });
        return ExitCodes.Success;
    }
}
