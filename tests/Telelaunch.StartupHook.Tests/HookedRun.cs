using System.Diagnostics;

namespace Telelaunch.StartupHook.Tests;

/// <summary>A run of HookedApp to its end.</summary>
internal sealed record HookedRun(int ExitCode, string Output, string Errors)
{
    /// <summary>Only so that a broken build ends: nothing is measured by it.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>The hook as it was built.</summary>
    public static string Hook { get; } = Path.Combine(AppContext.BaseDirectory, "Telelaunch.StartupHook.dll");

    public static string App { get; } = FindApp();

    /// <param name="session">TELELAUNCH_SESSION; null: not set.</param>
    /// <param name="hooks">DOTNET_STARTUP_HOOKS.</param>
    public static Task<HookedRun> RunAsync(int runtime, string? session, string hooks, params string[] arguments) =>
        RunAsync(runtime, session, hooks, [], arguments);

    /// <param name="variables">What else is set in its environment.</param>
    /// <inheritdoc cref="RunAsync(int, string?, string, string[])"/>
    public static async Task<HookedRun> RunAsync(int runtime, string? session, string hooks, Dictionary<string, string> variables, string[] arguments)
    {
        string root = DotNetRuntime.Root(runtime);
        var start = new ProcessStartInfo(Path.Combine(root, "dotnet"), [App, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        // The test itself may run inside of a session.
        foreach (string name in start.Environment.Keys.Where(name => name.StartsWith("TELELAUNCH_", StringComparison.Ordinal) || name.StartsWith("DOTNET_", StringComparison.Ordinal)).ToList())
            start.Environment.Remove(name);
        start.Environment["DOTNET_ROOT"] = root;
        start.Environment["DOTNET_STARTUP_HOOKS"] = hooks;
        foreach ((string name, string value) in variables)
            start.Environment[name] = value;
        if (session is not null)
            start.Environment["TELELAUNCH_SESSION"] = session;
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        await Task.WhenAll(output, errors, process.WaitForExitAsync()).WaitAsync(Patience);
        return new HookedRun(process.ExitCode, await output, await errors);
    }

    private static string FindApp()
    {
        // …/tests/Telelaunch.StartupHook.Tests/bin/CONFIGURATION/net10.0/
        string configuration = Path.GetFileName(Path.GetDirectoryName(AppContext.BaseDirectory.TrimEnd('/')))!;
        return Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "..", "HookedApp", "bin", configuration, "net8.0", "HookedApp.dll"));
    }
}
