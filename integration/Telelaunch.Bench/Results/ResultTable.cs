using System.Globalization;
using System.Text;
using Spectre.Console;

namespace Telelaunch.Bench.Results;

/// <summary>The rows as a table: for a person, and as Markdown for a document.</summary>
internal static class ResultTable
{
    private static readonly string[] s_heads = ["id", "method", "carrier", "direction", "flows", "distance", "value", "unit", "peer", "ratio", "bar", ""];
    private static readonly HashSet<string> s_numbers = ["flows", "distance", "value", "ratio"];

    public static void Write(IAnsiConsole console, IEnumerable<Row> rows)
    {
        var table = new Table { Border = TableBorder.Rounded };
        foreach (string head in s_heads)
            table.AddColumn(new TableColumn(Markup.Escape(head)) { NoWrap = true, Alignment = s_numbers.Contains(head) ? Justify.Right : Justify.Left });
        foreach (Row row in rows)
            table.AddRow([.. Cells(row).Select(cell => new Text(cell, row.MissesBar ? new Style(Color.Red) : Style.Plain))]);
        console.Write(table);
    }

    /// <summary>A table of GitHub's Markdown, under the command and the machine that made it.</summary>
    public static string Markdown(IEnumerable<Row> rows, string command, string machine)
    {
        var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"`{command}` on {machine}:\n\n");
        AppendLine(s_heads);
        AppendLine(s_heads.Select(head => s_numbers.Contains(head) ? "--:" : "---"));
        foreach (Row row in rows)
            AppendLine(Cells(row));
        return text.ToString();

        void AppendLine(IEnumerable<string> cells) => text.Append("| ").AppendJoin(" | ", cells).Append(" |\n");
    }

    private static string[] Cells(Row row) =>
    [
        row.Id, row.Method, row.Carrier ?? "–", row.Direction ?? "–", Number(row.Flows), $"{Number(row.DistanceMs)} ms", Number(row.Value), row.Unit,
        row.Peer ?? "–", row.Ratio?.ToString(row.Ratio < 0.1 ? "0.0000" : "0.00", CultureInfo.InvariantCulture) ?? "–", row.Bar?.ToString() ?? "",
        row.Bar is null ? "" : row.MissesBar ? "missed" : "met",
    ];

    /// <summary>Three significant digits, and no digit before the point lost.</summary>
    private static string Number(double value) => Math.Abs(value) switch
    {
        0 => "0",
        >= 100 => value.ToString("0", CultureInfo.InvariantCulture),
        >= 10 => value.ToString("0.#", CultureInfo.InvariantCulture),
        >= 1 => value.ToString("0.##", CultureInfo.InvariantCulture),
        _ => value.ToString("0.###", CultureInfo.InvariantCulture),
    };
}
