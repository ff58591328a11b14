using System.Diagnostics;
using System.Text;

namespace Telelaunch.EndToEnd;

/// <summary>A process that a test started, with what it wrote. It never outlives the test.</summary>
internal sealed class ProcessRun : IAsyncDisposable
{
    /// <summary>Longest time that any process of these tests may take; reaching it fails the test, it is never awaited.</summary>
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(2);

    /// <summary>How long a process that a test leaves running may take to end when asked.</summary>
    private static readonly TimeSpan EndBound = TimeSpan.FromSeconds(15);

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _errors = new();
    private readonly Task _outputRead;
    private readonly Task _errorsRead;
    private readonly Lock _lock = new();
    private TaskCompletionSource _grown = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ProcessRun(Process process)
    {
        _process = process;
        _outputRead = CollectAsync(process.StandardOutput, _output);
        _errorsRead = CollectAsync(process.StandardError, _errors);
    }

    public int Id => _process.Id;

    public int ExitCode => _process.ExitCode;

    public bool HasExited => _process.HasExited;

    public string Output { get { lock (_lock) return _output.ToString(); } }

    public string Errors { get { lock (_lock) return _errors.ToString(); } }

    public static ProcessRun Start(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?>? environment = null, string? workingDirectory = null)
    {
        var start = new ProcessStartInfo(program)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = workingDirectory ?? "",
        };
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        foreach (var (name, value) in environment ?? new Dictionary<string, string?>()) start.Environment[name] = value;
        return new ProcessRun(Process.Start(start)!);
    }

    /// <summary>Runs a process to its end with empty standard input.</summary>
    public static async Task<ProcessRun> CompleteAsync(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?>? environment = null, string? workingDirectory = null)
    {
        var run = Start(program, arguments, environment, workingDirectory);
        run.CloseInput();
        await run.WaitForExitAsync();
        return run;
    }

    public void CloseInput() => _process.StandardInput.Close();

    public async Task WaitForExitAsync()
    {
        using var bound = new CancellationTokenSource(Bound);
        try
        {
            await _process.WaitForExitAsync(bound.Token);
            await _outputRead.WaitAsync(bound.Token);
            await _errorsRead.WaitAsync(bound.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"'{_process.StartInfo.FileName} {string.Join(' ', _process.StartInfo.ArgumentList)}' did not end within {Bound}.\n{this}");
        }
    }

    /// <summary>Completes when the process has written <paramref name="text"/> to either stream.</summary>
    public Task WaitForTextAsync(string text) => WaitForAsync(
        () => Output.Contains(text, StringComparison.Ordinal) || Errors.Contains(text, StringComparison.Ordinal) ? text : null,
        $"writing '{text}'");

    /// <summary>Completes when the process has written a whole line with this beginning to standard output, and returns that line.</summary>
    public Task<string> WaitForLineAsync(string beginning) => WaitForAsync(
        () => Output.Split('\n').SkipLast(1).FirstOrDefault(line => line.StartsWith(beginning, StringComparison.Ordinal)),
        $"a line that begins with '{beginning}'");

    /// <summary>Writes a line to the process's standard input.</summary>
    public async Task WriteLineAsync(string line)
    {
        await _process.StandardInput.WriteLineAsync(line);
        await _process.StandardInput.FlushAsync();
    }

    /// <summary>Sends a signal with kill(1).</summary>
    public async Task SignalAsync(string signal) => await (await CompleteAsync("kill", [$"-{signal}", $"{Id}"])).DisposeAsync();

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) await EndAsync();

        _process.Dispose();
    }

    public override string ToString() => $"exit code: {(_process.HasExited ? _process.ExitCode : null)}\n--- stdout\n{Output}--- stderr\n{Errors}---";

    /// <summary>A session that is killed with its guard would leave its pod for a minute, in the next test's way. So it is asked first.</summary>
    private async Task EndAsync()
    {
        using var bound = new CancellationTokenSource(EndBound);
        try
        {
            await SignalAsync("TERM");
            await _process.WaitForExitAsync(bound.Token);
        }
        catch (OperationCanceledException)
        {
            Report.Add("killed, because a signal didn't end them", $"{_process.StartInfo.FileName} {string.Join(' ', _process.StartInfo.ArgumentList)}");
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }
    }

    private async Task<string> WaitForAsync(Func<string?> find, string what)
    {
        using var bound = new CancellationTokenSource(Bound);
        while (true)
        {
            // Taken before looking, so that what is written in between isn't missed.
            Task grown;
            lock (_lock) grown = _grown.Task;
            var hasEnded = _outputRead.IsCompleted && _errorsRead.IsCompleted;
            if (find() is { } found) return found;
            if (hasEnded) throw new InvalidOperationException($"The process ended without {what}.\n{this}");
            try
            {
                await Task.WhenAny(grown, Task.WhenAll(_outputRead, _errorsRead)).WaitAsync(bound.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"The process went on for {Bound} without {what}.\n{this}");
            }
        }
    }

    private async Task CollectAsync(StreamReader reader, StringBuilder into)
    {
        var buffer = new char[4096];
        int count;
        while ((count = await reader.ReadAsync(buffer)) > 0)
        {
            TaskCompletionSource grown;
            lock (_lock)
            {
                into.Append(buffer, 0, count);
                grown = _grown;
                _grown = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            grown.SetResult();
        }
    }
}
