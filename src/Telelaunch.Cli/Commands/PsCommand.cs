using Telelaunch.Cli.Attach;
using Telelaunch.Cli.Output;

namespace Telelaunch.Cli.Commands;

/// <summary><c>telelaunch ps</c>: the .NET processes of this machine. Needs no cluster.</summary>
internal static class PsCommand
{
    private const int StandardOutput = 1;

    public static async Task<int> RunAsync(Screen screen, OutputFormat format, CancellationToken cancellationToken)
    {
        var processes = await ProcessTable.ReadAsync(cancellationToken);
        Report.Write(screen, format, ProcessTable.Result(processes), ProcessJson.Default.ProcessList, _ => ProcessTable.Text(processes, StandardOutput));
        return ExitCodes.Success;
    }
}
