using System.Globalization;

namespace Telelaunch.Bench.Routes;

/// <summary>An application that measures from inside: one process that does what it is told, a line a command, and answers with numbers.</summary>
/// <remarks>It says <c>ok ready</c> first; its answers are <c>ok NUMBER…</c> or <c>error TEXT</c>. See <c>programs/</c>.</remarks>
internal sealed class Application : IAsyncDisposable
{
    /// <summary>Longest that one answer may take; reaching it ends the run, nothing waits for it.</summary>
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(3);

    private readonly ChildProcess _process;

    private Application(ChildProcess process) => _process = process;

    /// <summary>The process that was started: the application, or the one that it runs in.</summary>
    public ChildProcess Process => _process;

    /// <summary>Compiles <c>programs/flows.c</c>.</summary>
    /// <param name="options">Further ones of the compiler's.</param>
    public static Task<string> CompileAsync(string source, string target, IEnumerable<string> options, CancellationToken cancellationToken) =>
        ChildProcess.RunAsync("cc", ["-O2", "-std=c11", "-pthread", .. options, source, "-o", target], null, cancellationToken);

    /// <summary>Waits until the process, started directly or by something around it, is ready.</summary>
    public static async Task<Application> AttachAsync(ChildProcess process, CancellationToken cancellationToken)
    {
        var application = new Application(process);
        try
        {
            await application.ReadAnswerAsync(cancellationToken);
            return application;
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    /// <summary>Moves bytes over each of some flows at once.</summary>
    /// <returns>Bytes a second, all flows together.</returns>
    public async Task<double> BulkAsync(RouteAddress server, string direction, int flows, long bytesEach, CancellationToken cancellationToken)
    {
        double[] answer = await AskAsync($"bulk {server} {direction} {flows} {bytesEach}", cancellationToken);
        return answer[0] / answer[1];
    }

    /// <summary>Calls a server again and again until it answers with a certain character, whatever comes or fails meanwhile.</summary>
    /// <param name="seconds">How long it tries.</param>
    /// <exception cref="BenchException">That answer didn't come.</exception>
    public Task UntilAsync(RouteAddress server, char answer, int seconds, CancellationToken cancellationToken) =>
        AskAsync($"until {server} {answer} {seconds}", cancellationToken);

    /// <summary>Sends one command.</summary>
    /// <returns>The numbers of its answer.</returns>
    /// <exception cref="BenchException">The program reports an error, or is gone.</exception>
    public async Task<double[]> AskAsync(string command, CancellationToken cancellationToken)
    {
        await _process.WriteLineAsync(command, cancellationToken);
        string answer = await ReadAnswerAsync(cancellationToken);
        return [.. answer.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(number => double.Parse(number, CultureInfo.InvariantCulture))];
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    private async Task<string> ReadAnswerAsync(CancellationToken cancellationToken)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(Bound);
        string line;
        try
        {
            line = await _process.ReadLineAsync(bound.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw _process.Failed($"didn't answer within {Bound.TotalMinutes} minutes");
        }

        if (line == "ok ready")
            return "";
        return line.StartsWith("ok ", StringComparison.Ordinal) ? line[3..] : throw _process.Failed($"answered '{line}'");
    }
}
