using System.Runtime.InteropServices;

using Telelaunch.Agent.Interop;
using Telelaunch.Agent.Names;
using Telelaunch.Agent.Ssh;
using Telelaunch.Mux;
using Telelaunch.Net;

namespace Telelaunch.Agent;

/// <summary>The agent's life: start both listeners, serve, and end by signal, by idleness or with sshd.</summary>
/// <remarks>
/// <code>
/// SIGTERM, SIGINT ─┐
/// idle too long ───┼─► GOAWAY to every client ─► sshd stopped ─► files removed ─► exit
/// sshd has ended ──┘
/// </code>
/// </remarks>
internal sealed class AgentProcess
{
    // The agent's memory limit is 256 MiB, and a client opens up to four carriers.
    private const long WindowBudget = 32 * 1024 * 1024;

    private static readonly TimeSpan s_idleCheck = TimeSpan.FromSeconds(1);

    private readonly AgentSettings _settings;
    private readonly TimeProvider _time;
    private readonly TaskCompletionSource<(string Reason, int ExitCode)> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public AgentProcess(AgentSettings settings, TimeProvider time)
    {
        _settings = settings;
        _time = time;
    }

    /// <summary>Runs until the end.</summary>
    /// <returns>The exit code: 0 by signal or idleness, 1 when sshd has ended by itself.</returns>
    /// <exception cref="HostException">The agent can't start.</exception>
    public async Task<int> RunAsync()
    {
        using var sigTerm = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
        using var sigInt = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
        DirectoryInfo directory = CreateDirectory();
        try
        {
            return await ServeAsync(directory.FullName);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private DirectoryInfo CreateDirectory()
    {
        try
        {
            // The random part keeps a container that was started anew apart from what the one before it left.
            var path = Path.Combine(_settings.TemporaryDirectory, $"telelaunch-agent-{Path.GetRandomFileName()}");
            return Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new HostException(
                "no-temporary-directory", $"{_settings.TemporaryDirectory} can't be written: {error.Message}", "Mount an emptyDir at /tmp, or name another place by TELELAUNCH_TEMPORARY_DIR.", error);
        }
    }

    private async Task<int> ServeAsync(string directory)
    {
        var resolver = new PodResolver();
        var services = new PodServices(PodDialer.DialAsync, resolver, () => Pod.Describe(resolver), new PodPorts().ListenAsync, ContainerVariables.Read);
        var options = new MuxOptions
        {
            TimeProvider = _time,
            WindowBudget = WindowBudget,
            FlowFault = error => AgentLog.Write($"error: a flow ended by a defect: {error}"),
        };
        await using var clients = new ClientListener(_settings, services, options);
        using var logins = new LoginListener(directory);
        using Sshd sshd = Sshd.Start(SshdFiles.Write(_settings, directory));
        AgentLog.Write($"version {Pod.AgentVersion}, agent on 127.0.0.1:{_settings.AgentPort}, sshd on 127.0.0.1:{_settings.SshPort}, uid {LibC.getuid()}");

        using var stop = new CancellationTokenSource();
        Task accepting = clients.RunAsync(logins, stop.Token);
        Task watching = WatchAsync(clients, sshd, stop.Token);
        (string reason, int exitCode) = await _end.Task;
        AgentLog.Write($"ending: {reason}");
        await clients.GoAwayAsync(reason);
        await stop.CancelAsync();
        await sshd.StopAsync();
        await accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return exitCode;
    }

    private void End(PosixSignalContext context)
    {
        context.Cancel = true;
        _end.TrySetResult(("the pod is being deleted", 0));
    }

    private async Task WatchAsync(ClientListener clients, Sshd sshd, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(s_idleCheck, _time);
        Task<int> exit = sshd.Exit;
        while (true)
        {
            Task<bool> tick = timer.WaitForNextTickAsync(cancellationToken).AsTask();
            if (await Task.WhenAny(exit, tick) == exit)
            {
                _end.TrySetResult(($"sshd ended with exit code {await exit}", 1));
                return;
            }

            await tick;
            if (clients.IdleFor >= _settings.IdleLimit)
            {
                _end.TrySetResult(($"no client for {_settings.IdleLimit.TotalSeconds} s", 0));
                return;
            }
        }
    }
}
