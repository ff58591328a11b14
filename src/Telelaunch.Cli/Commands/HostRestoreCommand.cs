using System.Text.Json.Serialization;
using Telelaunch.Cli.Output;
using Telelaunch.Linux;
using Telelaunch.Net;
using Telelaunch.Routing.Helper;
using Telelaunch.Routing.Resolver;

namespace Telelaunch.Cli.Commands;

/// <summary><c>telelaunch restore --host</c>: the last resort for what a dead session left on this machine.</summary>
internal static class HostRestoreCommand
{
    /// <returns>0 when nothing of a dead session is left, 1 otherwise.</returns>
    /// <exception cref="HostException">Who isn't root can't.</exception>
    public static int Run(Screen screen, OutputFormat format)
    {
        if (PeerCredentials.CurrentUserId != 0)
            throw new HostException("root-needed", "What a session changes of this machine is root's, and so is putting it back.", "sudo telelaunch restore --host");
        var report = HostRestore.Run(new HostPaths(), HostRestore.Patience);
        Report.Write(screen, format, new HostRestoreReport(report.Done, [.. report.Living.Select(owner => owner.ToString())], report.Left), HostRestoreJson.Default.HostRestoreReport, Text);
        return report.Left.Count == 0 ? ExitCodes.Success : ExitCodes.Failed;
    }

    private static string Text(HostRestoreReport report)
    {
        IEnumerable<string> lines =
        [
            .. report.Done,
            .. report.Living.Select(owner => $"a session lives and keeps its changes ({owner}): end it with Ctrl-C there"),
            .. report.Left.Select(what => $"left: {what}"),
        ];
        return string.Join('\n', lines.DefaultIfEmpty("no dead session has left anything on this machine")) + "\n";
    }
}

/// <param name="Done">What was put back.</param>
/// <param name="Living">Sessions that still run.</param>
/// <param name="Left">What couldn't be put back, and why.</param>
internal sealed record HostRestoreReport(IReadOnlyList<string> Done, IReadOnlyList<string> Living, IReadOnlyList<string> Left);

/// <summary>Serialization without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(HostRestoreReport))]
internal sealed partial class HostRestoreJson : JsonSerializerContext;
