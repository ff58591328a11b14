using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace Telelaunch.Cli.Tests;

/// <summary>A program of this build that a test started; it never outlives the test.</summary>
internal sealed partial class StartedProgram : IDisposable
{
    /// <summary>Reached only when something hangs; then the test fails.</summary>
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(1);

    private readonly Process _process;
    private readonly StringBuilder _errors = new();
    private readonly StringBuilder _output = new();

    private StartedProgram(Process process) => _process = process;

    public int Id => _process.Id;

    public StreamWriter Input => _process.StandardInput;

    public string Errors => _errors.ToString();

    public string Output => _output.ToString();

    public static StartedProgram Start(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?>? environment = null)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, program)) { RedirectStandardError = true, RedirectStandardInput = true, RedirectStandardOutput = true };
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        foreach (var (name, value) in environment ?? new Dictionary<string, string?>()) start.Environment[name] = value;
        return new(Process.Start(start)!);
    }

    public static async Task<(int ExitCode, string Output, string Errors)> RunAsync(string program, params string[] arguments)
    {
        using var run = Start(program, arguments);
        run.Input.Close();
        var code = await run.EndAsync();
        return (code, run.Output, run.Errors);
    }

    /// <summary>Reads standard output up to and with a line.</summary>
    public async Task ReadToAsync(string line) => await ReadToAsync(_process.StandardOutput, _output, line);

    /// <summary>Reads standard error up to and with a line.</summary>
    public async Task ReadErrorsToAsync(string line) => await ReadToAsync(_process.StandardError, _errors, line);

    public void Signal(int signal) => Assert.Equal(0, Kill(Id, signal));

    /// <summary>Reads both streams to their end and waits.</summary>
    public async Task<int> EndAsync()
    {
        using var bound = new CancellationTokenSource(Bound);
        var errors = _process.StandardError.ReadToEndAsync(bound.Token);
        _output.Append(await _process.StandardOutput.ReadToEndAsync(bound.Token));
        _errors.Append(await errors);
        await _process.WaitForExitAsync(bound.Token);
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        _process.Dispose();
    }

    private static async Task ReadToAsync(StreamReader reader, StringBuilder read, string wanted)
    {
        using var bound = new CancellationTokenSource(Bound);
        while (await reader.ReadLineAsync(bound.Token) is { } line)
        {
            read.Append(line).Append('\n');
            if (line.TrimEnd() == wanted) return;
        }
        Assert.Fail($"The program ended before it wrote '{wanted}':\n{read}");
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
