using System.Net;

namespace Telelaunch.Broker;

/// <summary>One connection of an application from its DIAL on: who, where to, and what FLOW answers about it.</summary>
internal sealed class AppFlow : IDisposable
{
    private readonly CancellationTokenSource _superseded;
    private int _errno;

    internal AppFlow(ulong cookie, IPEndPoint destination, int processId, string processName, CancellationToken sessionEnd)
    {
        Cookie = cookie;
        Destination = destination;
        ProcessId = processId;
        ProcessName = processName;
        _superseded = CancellationTokenSource.CreateLinkedTokenSource(sessionEnd);
        Cancelled = _superseded.Token;
    }

    internal ulong Cookie { get; }

    internal IPEndPoint Destination { get; }

    internal int ProcessId { get; }

    internal string ProcessName { get; }

    /// <summary>The session ends, or the application has taken its socket to another connect.</summary>
    internal CancellationToken Cancelled { get; }

    /// <summary>The application's end as the pod shows it; null before the connection stands.</summary>
    internal IPEndPoint? Own { get; set; }

    internal bool Pending { get; set; } = true;

    /// <summary>Keeps why the dial failed, for FLOW.</summary>
    internal void Fail(int errno) => Volatile.Write(ref _errno, errno);

    /// <summary>The errno, once: SO_ERROR is cleared by reading it (socket(7)).</summary>
    internal int TakeErrno() => Interlocked.Exchange(ref _errno, 0);

    internal void Supersede()
    {
        try
        {
            _superseded.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It has just ended by itself.
        }
    }

    public void Dispose() => _superseded.Dispose();
}
