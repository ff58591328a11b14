using System.IO.Pipelines;

using Telelaunch.Net;

namespace Telelaunch.Agent.Tests;

/// <summary>What is written can be read; FIN comes back as FIN.</summary>
internal sealed class EchoStream : DuplexStream
{
    private readonly Pipe _pipe = new();

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        ReadResult result = await _pipe.Reader.ReadAsync(cancellationToken);
        int count = (int)Math.Min(buffer.Length, result.Buffer.Length);
        System.Buffers.BuffersExtensions.CopyTo(result.Buffer.Slice(0, count), buffer.Span);
        // An empty buffer asks to be told only: nothing counts as looked at.
        _pipe.Reader.AdvanceTo(result.Buffer.GetPosition(count));
        return count;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
        => await _pipe.Writer.WriteAsync(buffer, cancellationToken);

    public override ValueTask CompleteWritesAsync(CancellationToken cancellationToken) => _pipe.Writer.CompleteAsync();

    public override void Abort(int errno = Errno.ECONNRESET) => _pipe.Writer.Complete(new FlowException(errno));

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
