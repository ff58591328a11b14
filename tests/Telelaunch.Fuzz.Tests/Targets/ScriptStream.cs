using System.Buffers;
using Telelaunch.Net;

namespace Telelaunch.Fuzz.Tests.Targets;

/// <summary>What a dial reaches: has so many bytes to say, and keeps what it is told.</summary>
internal sealed class ScriptStream(int bytesToSay) : DuplexStream
{
    private readonly Lock _gate = new();
    private readonly ArrayBufferWriter<byte> _written = new();
    private int _said;
    private int _errno;

    public bool IsDisposed { get; private set; }

    public byte[] Written
    {
        get
        {
            lock (_gate)
                return _written.WrittenSpan.ToArray();
        }
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_errno != 0)
                return ValueTask.FromException<int>(new FlowException(_errno));
            int count = Math.Min(buffer.Length, bytesToSay - _said);
            buffer.Span[..count].Fill((byte)'s');
            _said += count;
            return new(count);
        }
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_errno != 0)
                return ValueTask.FromException(new FlowException(_errno));
            _written.Write(buffer.Span);
            return ValueTask.CompletedTask;
        }
    }

    public override ValueTask CompleteWritesAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public override void Abort(int errno = Errno.ECONNRESET)
    {
        lock (_gate)
            _errno = _errno == 0 ? errno : _errno;
    }

    public override ValueTask DisposeAsync()
    {
        lock (_gate)
            IsDisposed = true;
        return ValueTask.CompletedTask;
    }
}
