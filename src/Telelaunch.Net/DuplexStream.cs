namespace Telelaunch.Net;

/// <summary>A byte stream with two directions that end one by one: FIN and RST stay apart.</summary>
/// <remarks>
/// One reader and one writer at a time; the two may run at once. <see cref="System.IO.Stream"/> can't say half-close or reset, so it isn't one.
/// </remarks>
public abstract class DuplexStream : IAsyncDisposable
{
    /// <summary>Reads at least one byte, or returns 0 when the other side has sent FIN.</summary>
    /// <remarks>
    /// An empty <paramref name="buffer"/> waits: 0 is returned, and nothing taken, once a read would not wait any more. Whoever has a great many idle
    /// flows rents a buffer only then. A stream that can't wait may return 0 at once, which costs memory but nothing else.
    /// </remarks>
    /// <exception cref="FlowException">The other side reset the flow, or the path to it is lost.</exception>
    public abstract ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken);

    /// <summary>Writes all of it; completes when the bytes may be reused, which back-pressure may delay.</summary>
    /// <exception cref="FlowException">The other side reset the flow, or the path to it is lost.</exception>
    public abstract ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken);

    /// <summary>Sends FIN after everything written; the other direction goes on. A second call does nothing.</summary>
    public abstract ValueTask CompleteWritesAsync(CancellationToken cancellationToken);

    /// <summary>Ends both directions at once; the other side sees RST. Pending calls end with <see cref="FlowException"/>. Never blocks or throws.</summary>
    /// <param name="errno">What the far end may report instead of <see cref="Errno.ECONNRESET"/> where the transport can carry it.</param>
    public abstract void Abort(int errno = Errno.ECONNRESET);

    /// <summary>Releases the flow. One that hasn't ended in both directions is reset, as close(2) does with unread data.</summary>
    public abstract ValueTask DisposeAsync();
}
