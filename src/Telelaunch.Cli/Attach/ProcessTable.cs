using System.Globalization;
using System.Text.Json.Serialization;
using Spectre.Console;
using Telelaunch.Attach;
using Telelaunch.Cli.Output;

namespace Telelaunch.Cli.Attach;

/// <summary>.NET processes as a person or a program sees them.</summary>
internal static class ProcessTable
{
    /// <summary>What isn't a terminal gets whole lines.</summary>
    private const int WidthOfFiles = 400;

    /// <summary>All of this machine, with the sessions that have some of them.</summary>
    public static async Task<IReadOnlyList<DotnetProcess>> ReadAsync(CancellationToken cancellationToken)
    {
        var sessions = AttachedSession.List();
        return [.. (await new DotnetProcesses().ListAsync(cancellationToken)).Select(process => AttachedSession.Mark(process, sessions))];
    }

    public static ProcessList Result(IReadOnlyList<DotnetProcess> processes) => new([.. processes.Select(process => new ListedProcess(
        process.ProcessId,
        process.User,
        process.Runtime,
        process.Application,
        process.CommandLine,
        process.Obstacle is null,
        process.Obstacle?.Code,
        process.Obstacle?.Cause,
        process.Obstacle?.Remedy))]);

    /// <param name="descriptor">Where it will be written: a terminal's width is kept.</param>
    public static string Text(IReadOnlyList<DotnetProcess> processes, int descriptor)
    {
        if (processes.Count == 0) return "no .NET process runs here\n";
        using var text = new StringWriter();
        var width = Terminal.IsTerminal(descriptor) ? Terminal.Width(descriptor) : WidthOfFiles;
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new PlainOutput(text, width), Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Interactive = InteractionSupport.No });
        var table = new Table { Border = TableBorder.None, ShowRowSeparators = false };
        foreach (var head in (string[])["PID", "USER", ".NET", "APPLICATION", "ATTACHABLE"]) table.AddColumn(new TableColumn(new Text(head)) { NoWrap = true, Padding = new Padding(0, 0, 2, 0) });
        table.AddColumn(new TableColumn(new Text("COMMAND")) { Padding = new Padding(0) });
        foreach (var process in processes)
        {
            table.AddRow(
                new Text(process.ProcessId.ToString(CultureInfo.InvariantCulture)),
                new Text(process.User),
                new Text(process.Runtime ?? "?"),
                new Text(process.Application),
                new Text(process.Obstacle is null ? "yes" : $"no: {process.Obstacle.Word}"),
                new Text(process.CommandLine) { Overflow = Overflow.Ellipsis });
        }
        console.Write(table);
        return string.Concat(text.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => $"{line.TrimEnd()}\n"));
    }

    /// <summary>Text of a given width, to be written by others.</summary>
    private sealed class PlainOutput(TextWriter writer, int width) : IAnsiConsoleOutput
    {
        public TextWriter Writer => writer;

        public bool IsTerminal => false;

        public int Width => width;

        public int Height => 80;

        public void SetEncoding(System.Text.Encoding encoding)
        {
        }
    }
}

/// <param name="Runtime">Null where the process doesn't tell.</param>
/// <param name="Code">Why it can't be attached, stable; null where it can.</param>
/// <param name="Reason">The same in words.</param>
internal sealed record ListedProcess(int ProcessId, string User, string? Runtime, string Application, string CommandLine, bool IsAttachable, string? Code, string? Reason, string? Remedy);

internal sealed record ProcessList(IReadOnlyList<ListedProcess> Processes);

/// <summary>Serialization without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(ProcessList))]
internal sealed partial class ProcessJson : JsonSerializerContext;
