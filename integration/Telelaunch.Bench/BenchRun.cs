using System.Diagnostics;
using System.Globalization;
using Spectre.Console;
using Telelaunch.Bench.Cluster;
using Telelaunch.Bench.Results;
using Telelaunch.Bench.Routes;
using Telelaunch.Bench.Sections;

namespace Telelaunch.Bench;

/// <summary>One run from the cluster's start to the table.</summary>
internal sealed class BenchRun
{
    private const int TableWidth = 200;

    /// <summary>The cluster; null: a playground of the run's own.</summary>
    public string? Kubeconfig { get; init; }

    public required IReadOnlyList<ISection> Sections { get; init; }

    public bool IsQuick { get; init; }

    /// <summary>Where the table goes as Markdown; null: nowhere.</summary>
    public string? Markdown { get; init; }

    /// <summary>As a document tells it.</summary>
    public required string CommandLine { get; init; }

    /// <returns>The exit code: 0 also where a bar is missed, because a figure is no failure.</returns>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        string root = FindRoot(), artifacts = Path.Combine(root, "artifacts");
        var rows = await MeasureAsync(artifacts, Path.Combine(root, "integration", "Telelaunch.Bench"), cancellationToken);
        await ResultFile.WriteAsync(Path.Combine(artifacts, "bench.json"), rows, cancellationToken);
        if (Markdown is not null)
            await File.WriteAllTextAsync(Markdown, ResultTable.Markdown(rows, CommandLine, Machine.Describe()), cancellationToken);

        if (Console.IsOutputRedirected)
            AnsiConsole.Profile.Width = TableWidth;
        ResultTable.Write(AnsiConsole.Console, rows);
        int missed = rows.Count(row => row.MissesBar);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{rows.Count(row => row.Bar is not null) - missed} bars met, {missed} missed; {clock.Elapsed.TotalMinutes:0.0} minutes on {Machine.Describe()}"));
        return 0;
    }

    private async Task<IReadOnlyList<Row>> MeasureAsync(string artifacts, string sources, CancellationToken cancellationToken)
    {
        using var scratch = new ScratchDirectory();
        await using Playground? playground = Kubeconfig is null ? await BringUpAsync() : null;
        string flows = Path.Combine(scratch.Path, "flows");
        await Application.CompileAsync(Path.Combine(sources, "programs", "flows.c"), flows, [], cancellationToken);
        await using var cluster = await BenchNamespace.CreateAsync(Kubeconfig ?? playground!.Kubeconfig, sources, scratch.Path, cancellationToken);

        var bench = new Workbench(cluster, artifacts, sources, scratch.Path, flows, IsQuick, new Random(), Say);
        var rows = new List<Row>();
        foreach (ISection section in Sections)
            rows.AddRange(await section.RunAsync(bench, cancellationToken));
        return rows;

        Task<Playground> BringUpAsync()
        {
            Say("bringing up the playground");
            return Playground.UpAsync(artifacts, Path.Combine(scratch.Path, "playground"), cancellationToken);
        }
    }

    private static void Say(string text) => Console.Error.WriteLine($"bench: {text}");

    private static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "Telelaunch.sln"))) directory = directory.Parent;
        return directory?.FullName ?? throw new BenchException("Telelaunch.sln isn't found above this program.", "Run it from the source tree: make bench.");
    }
}
