using System.Globalization;

namespace Telelaunch.Bench.Routes;

/// <summary>The application, <c>programs/flows.c</c>: one process that measures what it is told to.</summary>
internal sealed class FlowsProgram : IAsyncDisposable
{
    private readonly ChildProcess _process;

    private FlowsProgram(ChildProcess process) => _process = process;

    public ChildProcess Process => _process;

    /// <summary>Compiles the program.</summary>
    public static Task<string> CompileAsync(string source, string target, CancellationToken cancellationToken) =>
        ChildProcess.RunAsync("cc", ["-O2", "-std=c11", "-pthread", source, "-o", target], null, cancellationToken);

    /// <summary>Waits until the process, started directly or by something around it, is ready.</summary>
    public static async Task<FlowsProgram> AttachAsync(ChildProcess process, CancellationToken cancellationToken)
    {
        var program = new FlowsProgram(process);
        try
        {
            await program.ReadAnswerAsync(cancellationToken);
            return program;
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
        string line = await _process.ReadLineAsync(cancellationToken);
        if (line == "ok ready")
            return "";
        return line.StartsWith("ok ", StringComparison.Ordinal) ? line[3..] : throw _process.Failed($"answered '{line}'");
    }
}
