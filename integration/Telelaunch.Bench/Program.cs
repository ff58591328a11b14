using System.CommandLine;
using System.Runtime.InteropServices;
using Spectre.Console;
using Telelaunch.Bench;
using Telelaunch.Bench.Sections;

ISection[] sections =
[
    new BulkSection(), new ConnectSection(), new StallSection(), new OverheadSection(), new StartSection(), new ProcessorTimeSection(), new IdleFlowsSection(),
    new ReverseSection(), new SwapSection(), new VpnSection(), new DotnetSection(),
];

var kubeconfig = new Option<FileInfo?>("--kubeconfig") { Description = "The cluster to use; otherwise the playground is brought up and taken down again", HelpName = "FILE" };
var only = new Option<string[]>("--only")
{
    Description = $"The sections to run, by commas: {string.Join(", ", sections.Select(section => section.Name))}",
    HelpName = "A,B",
    CustomParser = result => [.. result.Tokens.SelectMany(token => token.Value.Split(','))],
};
only.Validators.Add(result =>
{
    foreach (string unknown in (result.GetValueOrDefault<string[]>() ?? []).Except(sections.Select(section => section.Name)))
        result.AddError($"There is no section '{unknown}'.");
});
var quick = new Option<bool>("--quick") { Description = "Fewer rounds: a first look, not a result" };
var markdown = new Option<FileInfo?>("--markdown") { Description = "Write the table as Markdown too", HelpName = "FILE" };
var root = new RootCommand("Measures Telelaunch and its peers side by side, and writes artifacts/bench.json") { kubeconfig, only, quick, markdown };

root.SetAction(async (parsed, cancellationToken) =>
{
    // System.CommandLine gives up waiting after a while; what was started here must be gone first.
    using var stop = new CancellationTokenSource();
    void Stop(PosixSignalContext context)
    {
        context.Cancel = true;
        stop.Cancel();
    }
    using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
    using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
    using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);
    var wanted = parsed.GetValue(only);
    var run = new BenchRun
    {
        Kubeconfig = parsed.GetValue(kubeconfig)?.FullName,
        Sections = wanted is { Length: > 0 } ? [.. sections.Where(section => wanted.Contains(section.Name))] : sections,
        IsQuick = parsed.GetValue(quick),
        Markdown = parsed.GetValue(markdown)?.FullName,
        CommandLine = string.Join(' ', ["make bench", .. args.Length == 0 ? [] : new[] { $"BENCH='{string.Join(' ', args)}'" }]),
    };
    try
    {
        return await run.RunAsync(stop.Token);
    }
    catch (BenchException error)
    {
        await Console.Error.WriteLineAsync($"bench: {error.Message}\n       {error.Remedy}");
        return 1;
    }
    catch (OperationCanceledException) when (stop.IsCancellationRequested)
    {
        await Console.Error.WriteLineAsync("bench: stopped; everything is cleaned up");
        return 130;
    }
});

return await root.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
