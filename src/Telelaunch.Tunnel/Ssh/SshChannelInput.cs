using System.Buffers;
using System.IO.Pipelines;

namespace Telelaunch.Tunnel.Ssh;

/// <summary>What SSH.NET's shell reads and sends to the pod.</summary>
/// <remarks>
/// The shell's pump waits for the task of <see cref="ReadAsync(byte[], int, int, CancellationToken)"/> with a wait handle on a thread of its
/// own making. Waiting inside the call instead, and returning a finished task, saves it a handle and a hop between threads for each piece.
/// </remarks>
internal sealed class SshChannelInput(PipeReader reader, Action ended) : Stream
{
    public override bool CanRead => true;

    public override bool CanWrite => false;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        Task.FromResult(Read(buffer.AsSpan(offset, count)));

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Read(buffer.Span));

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        if (!reader.TryRead(out ReadResult result))
            result = reader.ReadAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult();

        // The pump catches it and ends, which is what a cancelled read means here.
        if (result.IsCanceled)
        {
            reader.AdvanceTo(result.Buffer.Start);
            throw new IOException("The carrier has ended.");
        }

        int count = (int)Math.Min(buffer.Length, result.Buffer.Length);
        ReadOnlySequence<byte> bytes = result.Buffer.Slice(0, count);
        bytes.CopyTo(buffer);
        reader.AdvanceTo(bytes.End);
        return count;
    }

    public override void Flush()
    {
    }

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    /// <summary>The shell disposes its input when the channel closes, and tells nobody else so early.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            ended();

        base.Dispose(disposing);
    }
}
