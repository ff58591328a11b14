using System.Numerics;

namespace Telelaunch.Agent;

/// <summary>Connections whose client hasn't proved itself yet: a bounded number, in which the oldest makes room for the newest.</summary>
/// <remarks>
/// Containers of the same pod share its loopback and may open as many connections as they like. One that is held without a word must not keep the
/// session's client out, so no connection waits for a place. The client keeps its place for as long as fewer than <c>capacity</c> others come while
/// its proof is on its way.
/// </remarks>
internal sealed class PendingHandshakes(int capacity)
{
    private readonly Lock _gate = new();
    private readonly LinkedList<CancellationTokenSource> _oldestFirst = new();
    private uint _pushedOut;

    /// <summary>Takes a place; where none is free, the oldest connection's is cancelled.</summary>
    /// <param name="pushedOut">Cancelled when this connection has to go; owned by the caller, who disposes it after <see cref="Leave"/>.</param>
    public Place Enter(CancellationTokenSource pushedOut)
    {
        LinkedListNode<CancellationTokenSource> node;
        bool isFull;
        lock (_gate)
        {
            isFull = _oldestFirst.Count >= capacity;
            node = _oldestFirst.AddLast(pushedOut);
        }

        if (isFull)
            PushOutOldest();
        return new Place(node);
    }

    public void Leave(Place place)
    {
        lock (_gate)
        {
            // One that was pushed out has left already.
            if (place.Node.List is not null)
                _oldestFirst.Remove(place.Node);
        }
    }

    /// <summary>Cancels the oldest, if there is any.</summary>
    public void PushOutOldest()
    {
        CancellationTokenSource oldest;
        uint count;
        lock (_gate)
        {
            if (_oldestFirst.First is not { } first)
                return;
            oldest = first.Value;
            _oldestFirst.RemoveFirst();
            count = ++_pushedOut;
        }

        try
        {
            oldest.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // Its handshake has ended at this very moment.
        }

        // A flood must not flood the log as well.
        if (BitOperations.IsPow2(count))
            AgentLog.Write($"{count} connections that proved nothing had to make room for newer ones");
    }

    /// <summary>A connection's place.</summary>
    public readonly record struct Place(LinkedListNode<CancellationTokenSource> Node);
}
