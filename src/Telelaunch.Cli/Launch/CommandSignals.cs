using System.Runtime.InteropServices;
using Telelaunch.Cli.Output;
using Telelaunch.Targets;

namespace Telelaunch.Cli.Launch;

/// <summary>What signals to this process do: before the command runs they cancel the start, then they are the command's, afterwards they can't stop the cleaning up.</summary>
/// <remarks>
/// The command is in our process group, so keys of the terminal (Ctrl-C, Ctrl-\) reach it without us, and Ctrl-Z stops both as one job. What kill(1) sends to us
/// alone is handed on. A signal that was ignored when we began (nohup, a background job of a script) stays ignored, here and in the command.
/// </remarks>
internal sealed class CommandSignals : IDisposable
{
    private const int Sighup = 1;
    private const int Sigint = 2;
    private const int Sigquit = 3;
    private const int Sigusr1 = 10;
    private const int Sigusr2 = 12;
    private const int Sigterm = 15;

    private readonly Screen _screen;
    private readonly CancellationTokenSource _starting = new();
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly Lock _state = new();
    private ChildProcess? _command;
    private bool _ending;

    public CommandSignals(InheritedSignals inherited, Screen screen)
    {
        _screen = screen;
        foreach (var (signal, number) in (ReadOnlySpan<(PosixSignal, int)>)[
            (PosixSignal.SIGHUP, Sighup), (PosixSignal.SIGINT, Sigint), (PosixSignal.SIGQUIT, Sigquit), (PosixSignal.SIGTERM, Sigterm),
            ((PosixSignal)Sigusr1, Sigusr1), ((PosixSignal)Sigusr2, Sigusr2)])
        {
            if (inherited.Ignores(number)) continue;
            _registrations.Add(PosixSignalRegistration.Create(signal, context =>
            {
                context.Cancel = true;
                Receive(number);
            }));
        }
    }

    /// <summary>Cancelled by the first signal that comes before the command runs; by the first at all where there is no command.</summary>
    public CancellationToken Starting => _starting.Token;

    /// <summary>The signal that cancelled the start; 0 where none did.</summary>
    public int CancelledBy { get; private set; }

    /// <summary>Starts the command; from then on signals are the command's. No signal is judged while that happens.</summary>
    /// <remarks>A key that was pressed before the command existed, and is told to us after, is lost: taking it for the command's own is better than sending it twice.</remarks>
    /// <returns>Null where it could not be started.</returns>
    /// <exception cref="OperationCanceledException">A signal has cancelled the start.</exception>
    public ChildProcess? Start(Func<ChildProcess?> start)
    {
        lock (_state)
        {
            _starting.Token.ThrowIfCancellationRequested();
            return _command = start();
        }
    }

    /// <summary>Without a command, a signal is how a session ends in order: waits for the first, or for <paramref name="lost"/>.</summary>
    public async Task WaitForEndAsync(Task lost)
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = _starting.Token.Register(asked.SetResult);
        await Task.WhenAny(asked.Task, lost);
        BeginEnding();
    }

    /// <summary>From now on signals change nothing: what was made is being removed, and that is bounded.</summary>
    public void BeginEnding()
    {
        lock (_state) _ending = true;
    }

    public void Dispose()
    {
        foreach (var registration in _registrations) registration.Dispose();
        _starting.Dispose();
    }

    private void Receive(int signal)
    {
        lock (_state)
        {
            if (_ending || CancelledBy != 0)
            {
                if (signal is Sigint or Sigterm or Sigquit) _screen.Say("still putting back what was changed; this takes seconds");
            }
            else if (_command is { } command)
            {
                if (!IsFromKeyboard(signal)) command.Signal(signal);
            }
            else if (signal is not (Sigusr1 or Sigusr2))
            {
                CancelledBy = signal;
                _starting.Cancel();
            }
        }
    }

    // Who sent a signal isn't told to us; when our group is in the foreground, INT and QUIT come from keys, and the command has them already.
    private static bool IsFromKeyboard(int signal) => signal is Sigint or Sigquit && Terminal.IsForeground();
}
