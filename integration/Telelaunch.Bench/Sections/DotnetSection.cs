using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Telelaunch.Bench.Cluster;
using Telelaunch.Bench.Measurement;
using Telelaunch.Bench.Results;
using Telelaunch.Bench.Routes;

namespace Telelaunch.Bench.Sections;

/// <summary>What a session costs a .NET developer: starts and builds in a session that is up, and requests while each is traced.</summary>
internal sealed partial class DotnetSection : ISection
{
    private const string Free = "without telelaunch";
    private const string Untraced = "without --trace";
    private const double HighestMillisecondsAStart = 15;
    private const double HighestBuildRatio = 1.02;
    private const double LowestThroughputRatio = 0.95;
    private const double HighestMillisecondsOfAnAttach = 1000;
    private const int Requests = 1000;

    public string Name => "dotnet";

    public async Task<IReadOnlyList<Row>> RunAsync(Workbench bench, CancellationToken cancellationToken)
    {
        await ChildProcess.RunAsync(Path.Combine(bench.Sources, "..", "dotnet", "publish"), [], null, cancellationToken);
        using RouteOpener opener = bench.OpenRoutes(bench.Cluster.Kubeconfig);
        return
        [
            .. await StartsAsync(bench, opener, cancellationToken), .. await AttachAsync(bench, opener, cancellationToken), await ThroughputAsync(bench, opener, cancellationToken),
        ];
    }

    private static async Task<List<Row>> StartsAsync(Workbench bench, RouteOpener opener, CancellationToken cancellationToken)
    {
        string programs = Path.Combine(bench.Artifacts, "dotnet"), muxer = Path.Combine(programs, "root", "dotnet");
        string project = CopyProject(bench);
        await ChildProcess.RunAsync(muxer, ["restore", project], null, cancellationToken);
        string[] command = ["python3", bench.Program("starts.py")];
        await using Application session = await Application.AttachAsync(opener.StartTelelaunch("ssh", "quiet", command), cancellationToken);
        // The startup hook is there where somebody hears it.
        await using Application hooked = await Application.AttachAsync(
            opener.StartTelelaunch("ssh", "quiet", command, options: ["-v", "--log-file", Path.Combine(bench.Scratch, "starts.log")]), cancellationToken);
        await using Application without = await Application.AttachAsync(ChildProcess.Start(command[0], command[1..]), cancellationToken);

        List<Row> rows = [];
        foreach (string runtime in new[] { "net8.0", "net9.0", "net10.0" })
        {
            string folder = Path.Combine(programs, runtime);
            rows.AddRange(await StartAsync($"muxer-{runtime}", [muxer, Path.Combine(folder, "framework-dependent", "calls.dll"), "--nothing"]));
            rows.AddRange(await StartAsync($"single-file-{runtime}", [Path.Combine(folder, "single-file", "calls"), "--nothing"]));
        }

        // A developer's machine keeps compiler and nodes warm.
        rows.Add(await BuildAsync("dotnet-run", [muxer, "run", "--no-restore", "--project", project]));
        rows.Add(await BuildAsync("build", [muxer, "build", "--no-restore", "--no-incremental", "--nologo", "-v", "quiet", project]));
        await ChildProcess.RunAsync(muxer, ["build-server", "shutdown"], null, cancellationToken);
        return rows;

        async Task<Row[]> StartAsync(string id, string[] words)
        {
            var times = await MeasureAsync(id, 21, words, [session, hooked, without]);
            return [More(id, session), More($"{id}/hook", hooked)];

            Row More(string id, Application application) => Compare(id, times[application], times[without]) with
            {
                Value = Statistics.Median(times[application].Zip(times[without], (one, other) => one - other)),
                Unit = "ms more",
                Bar = Bar.ValueAtMost(HighestMillisecondsAStart),
            };
        }

        async Task<Row> BuildAsync(string id, string[] words)
        {
            var times = await MeasureAsync(id, 15, words, [session, without]);
            return Compare(id, times[session], times[without]) with { Bar = Bar.RatioAtMost(HighestBuildRatio) };
        }

        static Row Compare(string id, List<double> inside, List<double> outside) =>
            new($"dotnet/{id}", "shim", null, null, 1, 0, Statistics.Median(inside), "ms", Free, Statistics.PairedRatio(inside, outside));

        async Task<Dictionary<Application, List<double>>> MeasureAsync(string id, int rounds, string[] words, Application[] applications)
        {
            bench.Say($"dotnet: {id}");
            string line = JsonSerializer.Serialize(new
            {
                command = words,
                folder = Path.GetDirectoryName(project),
                environment = new Dictionary<string, string?>
                {
                    ["DOTNET_ROOT"] = Path.Combine(programs, "root"),
                    ["MSBUILDDISABLENODEREUSE"] = null,
                    ["UseSharedCompilation"] = null,
                    // The same for both: it is one of the few variables that a session sets.
                    ["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0",
                },
            });
            return await bench.Rounds(rounds).RunAsync(applications, async (application, token) => (await application.AskAsync(line, token))[0], cancellationToken);
        }
    }

    /// <summary>From the order to the process's own word that it is in, as <c>attach</c> tells it; the session, which is up by then, isn't counted.</summary>
    private static async Task<List<Row>> AttachAsync(Workbench bench, RouteOpener opener, CancellationToken cancellationToken)
    {
        List<Row> rows = [];
        foreach (string runtime in new[] { "net8.0", "net9.0", "net10.0" })
        {
            bench.Say($"dotnet: attach to {runtime}");
            string calls = Path.Combine(bench.Artifacts, "dotnet", runtime, "self-contained", "calls");
            await using var running = ChildProcess.Start(calls, ["--each-line"]);
            string id = (await running.ReadLineAsync(cancellationToken)).Split(' ')[1];
            var times = await bench.Rounds(7).RunAsync(["attach"], (_, token) => MeasureAsync(id, token), cancellationToken);
            rows.Add(new Row($"dotnet/attach/{runtime}", "shim", "direct", null, 1, 0, Statistics.Median(times["attach"]), "ms", null, null) { Bar = Bar.ValueAtMost(HighestMillisecondsOfAnAttach) });
        }

        return rows;

        async Task<double> MeasureAsync(string id, CancellationToken token)
        {
            var told = new TaskCompletionSource<double>(TaskCreationOptions.RunContinuationsAsynchronously);
            await using var attach = opener.StartAttach(id, line =>
            {
                if (AttachedLine.Match(line) is { Success: true } match) told.TrySetResult(double.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture));
            });
            await attach.WhileRunningAsync(stop => told.Task.WaitAsync(stop), token);
            return await told.Task;
        }
    }

    private static async Task<Row> ThroughputAsync(Workbench bench, RouteOpener opener, CancellationToken cancellationToken)
    {
        bench.Say("dotnet: requests with and without --trace");
        string calls = Path.Combine(bench.Artifacts, "dotnet", "net10.0", "self-contained", "calls");
        string[] command = [calls, "--requests", BenchNamespace.ServerUrl];
        await using Application plain = await Application.AttachAsync(opener.StartTelelaunch("direct", "quiet", command), cancellationToken);
        await using Application traced = await Application.AttachAsync(
            opener.StartTelelaunch("direct", "quiet", command, options: ["--trace", "--log-file", Path.Combine(bench.Scratch, "trace.log")]), cancellationToken);
        Application[] applications = [traced, plain];
        var rates = await bench.Rounds(15).RunAsync(
            applications, async (application, token) => (await application.AskAsync($"{Requests}", token))[0], cancellationToken);
        return new Row("dotnet/requests/traced", "shim", "direct", null, 8, 0, Statistics.Median(rates[traced]), "requests/s", Untraced, Statistics.PairedRatio(rates[traced], rates[plain]))
        {
            Bar = Bar.RatioAtLeast(LowestThroughputRatio),
        };
    }

    // A small program of its own, so that a build measures the SDK and not this repository's settings.
    private static string CopyProject(Workbench bench)
    {
        string folder = Directory.CreateDirectory(Path.Combine(bench.Scratch, "small")).FullName, project = Path.Combine(folder, "small.csproj");
        File.WriteAllText(project, """
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup><OutputType>Exe</OutputType><TargetFramework>net10.0</TargetFramework><ImplicitUsings>enable</ImplicitUsings></PropertyGroup>
            </Project>
            """);
        File.WriteAllText(Path.Combine(folder, "Program.cs"), "Console.WriteLine(args.Length);\n");
        return project;
    }

    [GeneratedRegex(@"in: [0-9]+ .* ([0-9]+) ms$")]
    private static partial Regex AttachedLine { get; }
}
