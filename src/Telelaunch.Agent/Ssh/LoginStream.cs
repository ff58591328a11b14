using System.IO.Pipelines;
using System.Net.Sockets;

using Microsoft.Win32.SafeHandles;
using Telelaunch.Net;

namespace Telelaunch.Agent.Ssh;

/// <summary>A login shell's channel, two pipes, as one stream.</summary>
/// <remarks>
/// Pipes block, so two threads serve it: one reads and runs what continues a read, the other does the same for writes.
/// <code>
/// sshd ══ pipe ══► reading thread ──► mux            mux ──► writing thread ══ pipe ══► sshd
/// end: the login shell is let go, sshd closes its ends of the pipes, both threads wake
/// </code>
/// </remarks>
internal sealed class LoginStream : Stream
{
    private const int ReadSize = 64 * 1024;
    private const int Unread = 1024 * 1024;

    private readonly Socket _shell;
    private readonly FileStream _input;
    private readonly FileStream _output;
    private readonly BlockingWriter _writer;
    private readonly TaskCompletionSource _readerEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Pipe _received = new(new PipeOptions(
        readerScheduler: PipeScheduler.Inline, writerScheduler: PipeScheduler.Inline, pauseWriterThreshold: Unread, resumeWriterThreshold: Unread / 2,
        minimumSegmentSize: ReadSize, useSynchronizationContext: false));

    private readonly Stream _reader;
    private int _disposed;

    /// <param name="shell">The connection to the login shell, which ends with it. All three are owned.</param>
    public LoginStream(Socket shell, SafeFileHandle input, SafeFileHandle output)
    {
        _shell = shell;
        _input = new FileStream(input, FileAccess.Read, bufferSize: 0);
        _output = new FileStream(output, FileAccess.Write, bufferSize: 0);
        _reader = _received.Reader.AsStream();
        _writer = new BlockingWriter(bytes => _output.Write(bytes.Span));
        new Thread(Run) { IsBackground = true, Name = "login channel" }.Start();
    }

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => _reader.ReadAsync(buffer, cancellationToken);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => _writer.WriteAsync(buffer);

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            _shell.Dispose();
            // What is unread is of no interest any more; the reading thread must not wait for somebody to take it.
            await _received.Reader.CompleteAsync();
            await _readerEnded.Task;
            await _writer.DisposeAsync();
            await _input.DisposeAsync();
            await _output.DisposeAsync();
        }

        await base.DisposeAsync();
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private void Run()
    {
        try
        {
            bool wanted = true;
            while (wanted)
            {
                int count = _input.Read(_received.Writer.GetSpan(ReadSize));
                if (count == 0)
                    break;
                _received.Writer.Advance(count);
                wanted = !_received.Writer.FlushAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult().IsCompleted;
            }

            // The pipe's end tells when sshd has let go of it: until then a write may still block.
            Span<byte> dropped = stackalloc byte[512];
            while (!wanted && _input.Read(dropped) > 0)
            {
            }
        }
        catch (IOException)
        {
            // As good as an end: sshd is gone.
        }
        finally
        {
            _received.Writer.Complete();
            _readerEnded.SetResult();
        }
    }
}
