using System.Diagnostics;

namespace Telelaunch.Broker.Tests;

/// <summary>A real program under the real shim.</summary>
internal sealed class ShimProgram : IAsyncDisposable
{
    /// <summary>Only so that a broken build ends: nothing is measured by it.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly Lazy<string> Shim = new(BuildShim);
    private static readonly Lazy<string> ConnectorPath = new(BuildConnector);

    private readonly Process _process;
    private readonly Task<string> _errors;

    private ShimProgram(Process process)
    {
        _process = process;
        _errors = process.StandardError.ReadToEndAsync();
    }

    /// <summary>The C program of Programs/connector.c.</summary>
    internal static string Connector => ConnectorPath.Value;

    /// <summary>The .NET program of tests/Telelaunch.TestApp.</summary>
    internal static string TestApp { get; } = FindTestApp();

    internal static ShimProgram Start(Broker broker, string program, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string name, string value) in broker.GetEnvironment(Shim.Value, null, null))
            start.Environment[name] = value;
        return new ShimProgram(Process.Start(start)!);
    }

    /// <summary>The next line that it prints.</summary>
    internal async Task<string?> LineAsync() => await _process.StandardOutput.ReadLineAsync().WaitAsync(Patience);

    internal async Task GoOnAsync()
    {
        await _process.StandardInput.WriteLineAsync("go");
        await _process.StandardInput.FlushAsync();
    }

    /// <summary>All remaining output, once it has ended well.</summary>
    internal async Task<string[]> FinishAsync()
    {
        string output = await _process.StandardOutput.ReadToEndAsync().WaitAsync(Patience);
        await _process.WaitForExitAsync().WaitAsync(Patience);
        Assert.True(_process.ExitCode == 0, $"exit code {_process.ExitCode}: {output} {await _errors}");
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    internal void Kill() => _process.Kill();

    /// <summary>What it, or the shim in it, wrote on stderr until it ended.</summary>
    internal async Task<string> ErrorsAsync() => await _errors.WaitAsync(Patience);

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill();
        await _errors;
        _process.Dispose();
    }

    private static string BuildShim()
    {
        if (Environment.GetEnvironmentVariable("TELELAUNCH_SHIM") is { Length: > 0 } built)
            return built;
        string target = Path.Combine(AppContext.BaseDirectory, "shim");
        RunTool("make", "-C", Path.Combine(RepositoryRoot(), "native-shim"), $"OUT={target}", $"BUILD={target}/build", $"{target}/libtelelaunch.so");
        return Path.Combine(target, "libtelelaunch.so");
    }

    private static string BuildConnector()
    {
        string target = Path.Combine(AppContext.BaseDirectory, "connector");
        RunTool("gcc", "-Wall", "-Wextra", "-Wshadow", "-Werror", "-o", target, Path.Combine(AppContext.BaseDirectory, "Programs", "connector.c"));
        return target;
    }

    private static string FindTestApp()
    {
        // …/tests/Telelaunch.Broker.Tests/bin/CONFIGURATION/net10.0/
        string[] own = AppContext.BaseDirectory.TrimEnd('/').Split('/');
        return Path.Combine(RepositoryRoot(), "tests", "Telelaunch.TestApp", "bin", own[^2], own[^1], "Telelaunch.TestApp");
    }

    internal static string RepositoryRoot()
    {
        string? directory = AppContext.BaseDirectory;
        while (directory is not null && !Directory.Exists(Path.Combine(directory, "native-shim")))
            directory = Path.GetDirectoryName(directory);
        return directory ?? throw new InvalidOperationException("The repository's root was not found.");
    }

    private static void RunTool(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program} ended with {process.ExitCode}: {output.Result}{errors}");
    }
}
