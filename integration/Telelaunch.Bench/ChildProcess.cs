using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace Telelaunch.Bench;

/// <summary>A process that the benchmark started. It never outlives it.</summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    /// <summary>How long a process may take to end by itself, what it made in the cluster included.</summary>
    private static readonly TimeSpan EndTimeout = TimeSpan.FromSeconds(30);

    private readonly Process _process;
    private readonly StringBuilder _errors = new();
    private readonly Lock _lock = new();
    private readonly Task _errorsRead;
    private readonly bool _endsWithItsInput;
    private Task _outputDropped = Task.CompletedTask;

    private ChildProcess(Process process, Action<string>? errorLine, bool endsWithItsInput)
    {
        _process = process;
        _endsWithItsInput = endsWithItsInput;
        _errorsRead = CollectErrorsAsync(errorLine);
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>What it has written to standard error so far.</summary>
    public string Errors { get { lock (_lock) return _errors.ToString(); } }

    private string CommandLine => $"{_process.StartInfo.FileName} {string.Join(' ', _process.StartInfo.ArgumentList)}";

    /// <param name="errorLine">Called for each line that it writes to standard error.</param>
    /// <param name="endsWithItsInput">It ends by itself when its standard input does; otherwise it is told by a signal.</param>
    /// <exception cref="BenchException">The program can't be started.</exception>
    public static ChildProcess Start(
        string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?>? environment = null, Action<string>? errorLine = null,
        bool endsWithItsInput = true)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment ?? new Dictionary<string, string?>())
            start.Environment[name] = value;
        try
        {
            return new(Process.Start(start)!, errorLine, endsWithItsInput);
        }
        catch (Win32Exception error)
        {
            throw new BenchException($"{program} can't be started: {error.Message}", "Run integration/setup bench, and make build.");
        }
    }

    /// <summary>Runs a program to its end.</summary>
    /// <returns>What it wrote to standard output.</returns>
    /// <exception cref="BenchException">It can't be started, or ended with a failure.</exception>
    public static async Task<string> RunAsync(
        string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?>? environment, CancellationToken cancellationToken)
    {
        await using ChildProcess child = Start(program, arguments, environment);
        child.CloseInput();
        string output = await child._process.StandardOutput.ReadToEndAsync(cancellationToken);
        int code = await child.WaitForExitAsync(cancellationToken);
        return code == 0 ? output : throw child.Failed($"ended with {code}");
    }

    public async Task WriteLineAsync(string line, CancellationToken cancellationToken)
    {
        try
        {
            await _process.StandardInput.WriteAsync($"{line}\n".AsMemory(), cancellationToken);
            await _process.StandardInput.FlushAsync(cancellationToken);
        }
        catch (IOException)
        {
            throw Failed("takes no more input");
        }
    }

    /// <exception cref="BenchException">It ended its output.</exception>
    public async Task<string> ReadLineAsync(CancellationToken cancellationToken) =>
        await _process.StandardOutput.ReadLineAsync(cancellationToken) ?? throw Failed("ended its output");

    /// <summary>Waits for the first byte that it writes to standard output, and takes all that comes after.</summary>
    /// <exception cref="BenchException">It ended its output without any.</exception>
    public async Task ReadByteAsync(CancellationToken cancellationToken)
    {
        if (await _process.StandardOutput.BaseStream.ReadAsync(new byte[1], cancellationToken) == 0)
            throw Failed("wrote nothing");
        DropOutput();
    }

    /// <summary>Reads whatever else it writes to standard output, so that it never waits for a reader.</summary>
    public void DropOutput() => _outputDropped = _process.StandardOutput.BaseStream.CopyToAsync(Stream.Null);

    public async Task<int> WaitForExitAsync(CancellationToken cancellationToken)
    {
        await _process.WaitForExitAsync(cancellationToken);
        await _errorsRead;
        return _process.ExitCode;
    }

    /// <summary>Waits for something that can only come while it runs.</summary>
    /// <exception cref="BenchException">It ended before.</exception>
    public async Task WhileRunningAsync(Func<CancellationToken, Task> wait, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task waiting = wait(stop.Token), ended = _process.WaitForExitAsync(stop.Token);
        await Task.WhenAny(waiting, ended);
        bool hasEnded = ended.IsCompletedSuccessfully;
        await stop.CancelAsync();
        await Task.WhenAll(waiting, ended).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!waiting.IsCompletedSuccessfully && hasEnded)
        {
            await _errorsRead;
            throw Failed("ended");
        }

        await waiting;
    }

    public BenchException Failed(string how) => new($"{CommandLine} {how}.", Errors is { Length: > 0 } said ? $"It said: {said.TrimEnd()}" : "It said nothing.");

    /// <summary>Ends its input or tells it to end, waits, and kills what doesn't.</summary>
    public async ValueTask DisposeAsync()
    {
        CloseInput();
        if (!_process.HasExited && !(_endsWithItsInput && await EndsAsync()))
        {
            Signals.Terminate(_process.Id);
            if (!await EndsAsync())
            {
                _process.Kill(entireProcessTree: true);
                await _process.WaitForExitAsync();
            }
        }

        await _errorsRead;
        await _outputDropped;
        _process.Dispose();
    }

    private void CloseInput()
    {
        try
        {
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It doesn't read any more, which is what closing is about.
        }
    }

    private async Task<bool> EndsAsync()
    {
        try
        {
            await _process.WaitForExitAsync().WaitAsync(EndTimeout);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private async Task CollectErrorsAsync(Action<string>? errorLine)
    {
        while (await _process.StandardError.ReadLineAsync() is { } line)
        {
            lock (_lock)
                _errors.AppendLine(line);
            errorLine?.Invoke(line);
        }
    }
}
