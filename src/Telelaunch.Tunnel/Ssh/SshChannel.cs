using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.InteropServices;
using Renci.SshNet;
using Renci.SshNet.Common;
using Telelaunch.Net;

namespace Telelaunch.Tunnel.Ssh;

/// <summary>One session channel as a duplex byte stream; the login shell at its far end hands it to the agent.</summary>
/// <remarks>
/// <code>
/// session's thread ── data ──► pipe ──► the read that waits, on the same thread
/// WriteAsync ──► a thread of its own, since SSH.NET's writes block ──► channel
/// </code>
/// <para>What continues a read or a write runs on those threads: it must not wait for the channel by blocking.</para>
/// <para>Nothing holds the far end back but its reader: whoever uses the channel must go on reading, as the mux does, which bounds what is under way.</para>
/// </remarks>
internal sealed class SshChannel : IAsyncDisposable
{
    /// <summary>As much as the mux gathers into one send.</summary>
    private const int BufferSize = 256 * 1024;

    /// <summary>Two packets of SSH at their largest.</summary>
    private const int SegmentSize = 64 * 1024;

    private readonly Pipe _received = new(new PipeOptions(
        readerScheduler: PipeScheduler.Inline, writerScheduler: PipeScheduler.Inline, pauseWriterThreshold: 0, minimumSegmentSize: SegmentSize,
        useSynchronizationContext: false));
    private readonly BlockingWriter _writer;
    private readonly ShellStream _shell;
    private readonly Lock _receiving = new();
    private int _ended;

    /// <summary>Opens the channel; blocks until the login shell runs.</summary>
    /// <param name="failed">Told, on SSH.NET's threads, of the session's errors, and null when the far end has closed the channel.</param>
    /// <exception cref="SshException">The channel was refused, or the session ended.</exception>
    public SshChannel(SshClient client, Action<Exception?> failed)
    {
        _shell = client.CreateShellStreamNoTerminal(BufferSize);
        _shell.ErrorOccurred += (_, e) => failed(e.Exception);
        _shell.Closed += (_, _) => failed(null);
        _shell.DataReceived += (_, _) => Receive();
        _writer = new BlockingWriter(Send);
        // What came before this listened.
        Receive();
    }

    /// <returns>0 after <see cref="End"/>.</returns>
    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        ReadResult result = await _received.Reader.ReadAsync(cancellationToken);
        int count = (int)Math.Min(result.Buffer.Length, buffer.Length);
        ReadOnlySequence<byte> taken = result.Buffer.Slice(0, count);
        taken.CopyTo(buffer.Span);
        _received.Reader.AdvanceTo(taken.End);
        return count;
    }

    /// <summary>Completes when the bytes may be reused.</summary>
    /// <exception cref="SshException">The session is over.</exception>
    /// <exception cref="ObjectDisposedException">The channel is closed.</exception>
    public ValueTask WriteAsync(ReadOnlyMemory<byte> buffer) => _writer.WriteAsync(buffer);

    /// <summary>Lets a read that waits end, and every further one. Never blocks.</summary>
    public void End()
    {
        // Elsewhere, because what continues the read runs in that call.
        if (Interlocked.Exchange(ref _ended, 1) == 0)
            ThreadPool.UnsafeQueueUserWorkItem(static channel => channel.Complete(), this, preferLocal: false);
    }

    /// <summary>After the client's disposal, which ends a write that blocks.</summary>
    public async ValueTask DisposeAsync()
    {
        End();
        await _writer.DisposeAsync();
        await _shell.DisposeAsync();
    }

    private void Complete()
    {
        lock (_receiving)
            _received.Writer.Complete();
    }

    private void Receive()
    {
        lock (_receiving)
        {
            while (Volatile.Read(ref _ended) == 0 && _shell.DataAvailable)
            {
                MemoryMarshal.TryGetArray<byte>(_received.Writer.GetMemory(), out ArraySegment<byte> room);
                _received.Writer.Advance(_shell.Read(room.Array!, room.Offset, room.Count));
                // Over at once: the pipe has no limit.
                _ = _received.Writer.FlushAsync(CancellationToken.None).AsTask();
            }
        }
    }

    private void Send(ReadOnlyMemory<byte> bytes)
    {
        MemoryMarshal.TryGetArray(bytes, out ArraySegment<byte> array);
        _shell.Write(array.Array!, array.Offset, array.Count);
        _shell.Flush();
    }
}
