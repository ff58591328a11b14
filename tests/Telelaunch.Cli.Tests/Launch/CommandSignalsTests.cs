namespace Telelaunch.Cli.Tests.Launch;

/// <summary>By a program that has the launcher's way with a command, without a cluster.</summary>
public sealed class CommandSignalsTests
{
    [Theory]
    [InlineData(1, "HUP")]
    [InlineData(2, "INT")]
    [InlineData(3, "QUIT")]
    [InlineData(10, "USR1")]
    [InlineData(15, "TERM")]
    public async Task SignalToTheLauncher_ReachesTheCommand_WhoseExitCodeIsOurs(int signal, string name)
    {
        // read is interrupted by the trap; nobody writes to standard input.
        using var host = StartedProgram.Start("CommandHost", ["sh", "-c", $"trap 'echo got {name}; exit 3' {name}; echo ready; read line"]);
        await host.ReadToAsync("ready");
        host.Signal(signal);
        await host.ReadToAsync($"got {name}");
        Assert.Equal(3, await host.EndAsync());
    }

    [Fact]
    public async Task CommandEndedBySignal_Is128PlusN()
    {
        using var host = StartedProgram.Start("CommandHost", ["sh", "-c", "echo ready; exec sleep 600"]);
        await host.ReadToAsync("ready");
        host.Signal(15);
        Assert.Equal(128 + 15, await host.EndAsync());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(15)]
    public async Task SignalDuringTheStart_CancelsIt(int signal)
    {
        using var host = StartedProgram.Start("CommandHost", ["--start-slowly", "true"]);
        await host.ReadErrorsToAsync("telelaunch: starting");
        host.Signal(signal);
        Assert.Equal(128 + signal, await host.EndAsync());
    }

    [Fact]
    public async Task KeyOfTheTerminal_ReachesTheCommandOnce()
    {
        // script(1) gives the launcher a terminal, and turns ^C on its input into the key. Without exec some shells would stay, and the key would end them.
        // The second wait sees nothing within its second.
        const string command = """
            import signal
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
            print("ready", flush=True)
            print("from", signal.sigwaitinfo({signal.SIGINT}).si_pid, "then", signal.sigtimedwait({signal.SIGINT}, 1), flush=True)
            """;
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, command);
        using var terminal = StartedProgram.Start("/usr/bin/script", ["-qefc", $"exec {Path.Combine(AppContext.BaseDirectory, "CommandHost")} python3 {file}", "/dev/null"]);
        await terminal.ReadToAsync("ready");
        await terminal.Input.WriteAsync('\u0003');
        await terminal.Input.FlushAsync();
        Assert.Equal(0, await terminal.EndAsync());
        File.Delete(file);
        // The kernel sends for a key (pid 0).
        Assert.Contains("from 0 then None", terminal.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task IgnoredSignal_StaysIgnoredInTheCommand()
    {
        using var host = StartedProgram.Start("/bin/sh", ["-c", $"trap '' HUP; exec {Path.Combine(AppContext.BaseDirectory, "CommandHost")} grep SigIgn /proc/self/status"]);
        Assert.Equal(0, await host.EndAsync());
        // Whoever started the tests may have had other signals ignored too; HUP is number 1, the lowest bit.
        Assert.Matches("^SigIgn:\t[0-9a-f]{15}[13579bdf]\n$", host.Output);
    }

    [Fact]
    public async Task ArgumentsThatAreNoText_ReachTheCommand()
    {
        using var host = StartedProgram.Start("/bin/sh", ["-c", $"exec {Path.Combine(AppContext.BaseDirectory, "CommandHost")} sh -c 'printf %s \"$1\" | od -An -tx1' x $(printf '\\377\\200')"]);
        Assert.Equal(0, await host.EndAsync());
        Assert.Equal("ff 80", host.Output.Trim());
    }

    [Fact]
    public async Task StandardInput_IsTheCommands()
    {
        using var host = StartedProgram.Start("CommandHost", ["cat"]);
        await host.Input.WriteAsync("text");
        host.Input.Close();
        Assert.Equal(0, await host.EndAsync());
        Assert.Equal(("text", ""), (host.Output, host.Errors));
    }
}
