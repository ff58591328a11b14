using System.Net;
using Telelaunch.Linux;

namespace Telelaunch.Broker.Ports;

/// <summary>The sockets of which shims have told that they listen: the command's and its children's, nobody else's.</summary>
/// <remarks>
/// Known by SO_COOKIE, which a child that inherits the socket shares, as does a server that was reloaded and goes on with it. That a socket listens no more
/// isn't told: <see cref="Look"/> finds it out. Where the kernel doesn't list cookies the address has to do.
/// </remarks>
public sealed class AppListeners
{
    // Without a bound a hostile program of this user could fill the memory.
    private const int Maximum = 4096;

    private readonly Lock _lock = new();
    private readonly Dictionary<ulong, IPEndPoint> _told = [];
    private TaskCompletionSource _grown = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends when the next one is told.</summary>
    internal Task Grown
    {
        get
        {
            lock (_lock)
                return _grown.Task;
        }
    }

    internal void Add(IPEndPoint own, ulong cookie)
    {
        TaskCompletionSource grown;
        lock (_lock)
        {
            if (_told.Count < Maximum)
                _told[cookie] = own;
            grown = _grown;
            _grown = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        grown.SetResult();
    }

    /// <summary>Looks at what listens on this machine. What was told before the look and isn't there any more is forgotten.</summary>
    /// <param name="read">Gives the listening sockets of this machine.</param>
    internal ListenerLook Look(Func<IReadOnlyList<ListeningSocket>> read)
    {
        // What is told while the kernel is asked may be missing from its answer, and must not be forgotten for that.
        KeyValuePair<ulong, IPEndPoint>[] before;
        lock (_lock)
            before = [.. _told];
        IReadOnlyList<ListeningSocket> listening = read();
        var alive = listening.Where(socket => socket.Cookie != 0).Select(socket => socket.Cookie).ToHashSet();
        var addresses = listening.Where(socket => socket.Cookie == 0).Select(socket => socket.EndPoint).ToHashSet();
        lock (_lock)
        {
            foreach ((ulong cookie, IPEndPoint own) in before)
            {
                if (!alive.Contains(cookie) && !addresses.Contains(own))
                    _told.Remove(cookie);
            }

            return new ListenerLook(listening, [.. listening.Where(IsTold)]);
        }
    }

    private bool IsTold(ListeningSocket socket) => socket.Cookie != 0 ? _told.ContainsKey(socket.Cookie) : _told.ContainsValue(socket.EndPoint);
}

/// <summary>What listens on this machine at one moment.</summary>
/// <param name="All">Of whomever.</param>
/// <param name="Told">The command's and its children's.</param>
internal sealed record ListenerLook(IReadOnlyList<ListeningSocket> All, IReadOnlyList<ListeningSocket> Told);
