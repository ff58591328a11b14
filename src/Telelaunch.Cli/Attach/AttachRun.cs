using System.Globalization;
using Telelaunch.Attach;
using Telelaunch.Broker.Managed;
using Telelaunch.Cli.Commands;
using Telelaunch.Cli.Launch;
using Telelaunch.Cli.Logging;
using Telelaunch.Cli.Options;
using Telelaunch.Cli.Output;
using Telelaunch.Cli.Session;
using Telelaunch.Linux;
using Telelaunch.Net;
using Telelaunch.Targets;
using Telelaunch.Volumes;

namespace Telelaunch.Cli.Attach;

/// <summary>A session for a process that runs already: up, the process in, until a signal, its end, or the tunnel's; the process out, down.</summary>
/// <remarks>
/// The process goes on whatever becomes of us. It is let go before anything of the session is removed; the guard does that where we can't, and where the guard can't the shim notices by itself.
/// </remarks>
internal sealed class AttachRun(Surroundings surroundings, SessionOptions options, DotnetProcess process)
{
    /// <summary>The shim speaks before the runtime answers; what comes later doesn't come.</summary>
    private static readonly TimeSpan GreetingTime = TimeSpan.FromSeconds(5);

    private readonly Screen _screen = surroundings.Screen;
    private readonly ShimGreetings _greetings = new(process.ProcessId);

    /// <summary>Once it has been asked, until it is known not to be.</summary>
    private bool _mayBeIn;

    // The environment, volumes and host name of a process can't be changed from outside.
    private readonly SessionOptions _options = options with
    {
        Environment = options.Environment with { IsPassed = false },
        Volumes = new(VolumeChoice.None, false, null),
        KeepHostName = true,
    };

    /// <returns>0; 124 where the tunnel was lost for good; 128 + n where signal n cancelled the start.</returns>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        using var signals = new CommandSignals(surroundings.Signals, _screen);
        using var starting = CancellationTokenSource.CreateLinkedTokenSource(signals.Starting, cancellationToken);
        using var handle = ProcessHandle.Open(process.ProcessId);
        if (handle is null || (await new DotnetProcesses().FindAsync(process.ProcessId, cancellationToken))?.StartTime != process.StartTime) throw Gone();
        var isIn = false;
        try
        {
            using var log = new SessionLog(_options.Report, _screen, surroundings.Time) { ShimGreeted = _greetings.Hear };
            return await RunAsync(handle, log, signals, () => isIn = true, starting.Token);
        }
        catch (OperationCanceledException) when (signals.CancelledBy != 0 && !isIn)
        {
            _screen.Say("cancelled before the process was attached");
            return new ProcessExit(0, signals.CancelledBy).ShellCode;
        }
    }

    private async Task<int> RunAsync(ProcessHandle handle, SessionLog log, CommandSignals signals, Action cameIn, CancellationToken starting)
    {
        var display = ProgressDisplays.Choose(_options.Report.Progress, _screen, _options.Report is { Verbose: true, LogFile: null }, surroundings.Time);
        var shim = ShimFile.Install();
        var session = await new SessionStart(_options, _screen, display, log, surroundings.Time) { Attached = process.ProcessId }.RunAsync(starting);
        await using (session)
        {
            display.Finish();
            var directory = session.Broker!.SessionPath;
            new AttachMark(process.ProcessId, process.StartTime).Write(directory);
            // Told before it is tried: there is no moment at which a killed launcher leaves the process in.
            await session.Guard!.TellAsync(told => told with { Attached = new(process.ProcessId, process.StartTime, shim), Directory = directory }, starting);
            try
            {
                await AttachAsync(shim, directory, starting);
                cameIn();
                await StayAsync(handle, session.Banner!, signals);
            }
            finally
            {
                signals.BeginEnding();
                if (_mayBeIn) await DetachAsync(shim, directory);
                await session.Guard!.TellAsync(told => told with { Attached = null }, CancellationToken.None);
            }
            return session.Banner!.IsLost ? ExitCodes.TunnelLost : ExitCodes.Success;
        }
    }

    private async Task AttachAsync(string shim, string directory, CancellationToken cancellationToken)
    {
        var began = surroundings.Time.GetUtcNow();
        _mayBeIn = true;
        var result = await OrderAsync(shim, AttachVerb.Attach, directory, cancellationToken);
        _mayBeIn = result.Answer is AttachAnswer.Called or AttachAnswer.NoAnswer;
        if (result.Answer != AttachAnswer.Called) throw AttachFault.OfSilence(process, result, shim);
        var hello = await _greetings.WaitAsync(HelloSource.ShimAttached, GreetingTime, surroundings.Time, cancellationToken) ?? throw AttachFault.OfSilence(process, result, shim);
        _mayBeIn = hello.Errno is 0 or Errno.EALREADY;
        if (!_mayBeIn) throw AttachFault.OfErrno(process, hello);
        _screen.Say(string.Create(CultureInfo.InvariantCulture,
            $"in: {process.ProcessId} {process.Application}, .NET {process.Runtime}, {hello.Slots} slots, {(hello.Time - began).TotalMilliseconds:0} ms"));
        _screen.Say("its new connections and lookups go through the cluster; its environment, files and open connections, and programs that it starts, stay as they are");
    }

    private async Task StayAsync(ProcessHandle handle, TunnelBanner banner, CommandSignals signals)
    {
        using var stop = new CancellationTokenSource();
        var ended = handle.WaitForEndAsync(stop.Token);
        await signals.WaitForEndAsync(Task.WhenAny(ended, banner.Lost));
        if (ended.IsCompletedSuccessfully) _screen.Say($"{process} has ended");
        await stop.CancelAsync();
        await ended.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>What can't be done is said: the shim does it by itself, later.</summary>
    private async Task DetachAsync(string shim, string directory)
    {
        // A process that has ended has nothing to leave.
        if ((await new DotnetProcesses().FindAsync(process.ProcessId, CancellationToken.None))?.StartTime != process.StartTime) return;
        string reason;
        try
        {
            var result = await OrderAsync(shim, AttachVerb.Detach, directory, CancellationToken.None);
            var hello = result.Answer == AttachAnswer.Called ? await _greetings.WaitAsync(HelloSource.ShimDetached, GreetingTime, surroundings.Time, CancellationToken.None) : null;
            if (hello is { Errno: 0 })
            {
                _screen.Say(string.Create(CultureInfo.InvariantCulture, $"out: {process.ProcessId} {process.Application}"));
                return;
            }
            reason = hello is null ? result.Detail : Errno.NameOf(hello.Errno);
        }
        catch (HostException error)
        {
            reason = error.Message;
        }
        _screen.Say($"{process} hasn't told that it is out ({reason}); it leaves the session by itself at its next connection or lookup");
    }

    private async Task<AttachResult> OrderAsync(string shim, AttachVerb verb, string directory, CancellationToken cancellationToken)
    {
        try
        {
            return await RuntimeAttach.CarryOutAsync(process.DiagnosticsSocket!, shim, verb, directory, cancellationToken);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new HostException("attach-order-not-written", $"The order for the shim can't be written beside '{shim}': {error.Message}", "Make room on that disk, or set XDG_CACHE_HOME to a folder of your own.", error);
        }
    }

    private UsageException Gone() => new("attach-no-process", $"{process} has ended.", "telelaunch ps lists the .NET processes of this machine.");
}
