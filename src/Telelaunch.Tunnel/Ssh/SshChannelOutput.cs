using System.IO.Pipelines;

namespace Telelaunch.Tunnel.Ssh;

/// <summary>What SSH.NET's shell got from the pod. It writes on its session's own thread, which is held while the reader is behind.</summary>
internal sealed class SshChannelOutput(PipeWriter writer) : Stream
{
    public override bool CanRead => false;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Write(byte[] buffer, int offset, int count)
    {
        ValueTask<FlushResult> flush = writer.WriteAsync(buffer.AsMemory(offset, count), CancellationToken.None);
        if (!flush.IsCompletedSuccessfully)
            flush.AsTask().GetAwaiter().GetResult();
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
