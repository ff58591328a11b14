using System.Buffers;
using System.IO.Pipelines;
using Renci.SshNet;
using Telelaunch.Net;

namespace Telelaunch.Tunnel.Ssh;

/// <summary>A carrier inside an SSH session: end-to-end encryption and a pinned host key, whatever sits between.</summary>
/// <remarks>
/// <code>
/// mux ⇄ pipes ⇄ [ SSH.NET: one session channel ] ⇄ loopback bridge ⇄ port-forward ⇄ sshd ⇄ the command that it forces ⇄ agent
/// </code>
/// <para>Two threads are SSH.NET's for the carrier's life: its session's, which delivers what arrives and is held while the mux is behind,
/// and a pool thread that waits for what is to be sent (in a task's wait, for which the pool makes up by another thread).
/// Calls of SSH.NET that block run on threads of their own.</para>
/// <para>A session channel that writes into a stream of ours moved twice as much down as a forwarded port, which adds two loopback
/// sockets and a listener that every user of this machine can reach. It also turns Nagle off in sshd, which happens with the first session channel only.</para>
/// </remarks>
internal sealed class SshCarrier : CarrierStream
{
    private const int ShellBufferSize = 128 * 1024;

    private readonly Pipe _fromPod = new(new PipeOptions(
        writerScheduler: PipeScheduler.Inline, pauseWriterThreshold: 1 << 20, resumeWriterThreshold: 1 << 19,
        minimumSegmentSize: 64 * 1024, useSynchronizationContext: false));

    private readonly Pipe _toPod = new(new PipeOptions(
        readerScheduler: PipeScheduler.Inline, pauseWriterThreshold: 1 << 19, resumeWriterThreshold: 1 << 18,
        minimumSegmentSize: 64 * 1024, useSynchronizationContext: false));

    private readonly Lock _lock = new();
    private readonly LoopbackBridge _bridge;
    private readonly ErrorOutput _errorOutput = new();
    private readonly SshClient _client;
    private readonly Shell _shell;
    private readonly Task _watching;
    private TunnelException? _failure;
    private int _disposed;

    /// <param name="bridge">Owned.</param>
    /// <param name="client">A connected client; owned.</param>
    private SshCarrier(LoopbackBridge bridge, SshClient client)
    {
        _bridge = bridge;
        _client = client;
        _client.ErrorOccurred += (_, e) => End(_bridge.Failure ?? TunnelFault.SshLost(e.Exception));
        _shell = client.CreateShellNoTerminal(
            new SshChannelInput(_toPod.Reader, () => End(_bridge.Failure ?? TunnelFault.SshChannelClosed(_errorOutput.Text))),
            new SshChannelOutput(_fromPod.Writer), _errorOutput, ShellBufferSize);
        _watching = WatchBridgeAsync();
    }

    public override TunnelException? Failure => Volatile.Read(ref _failure);

    /// <summary>Opens a session over <paramref name="lower"/>, which leads to sshd, and one channel in it.</summary>
    /// <param name="lower">Owned from now on, also when this throws.</param>
    /// <exception cref="TunnelException">The host key isn't the session's, sshd refused us or isn't there, or no strong cipher is common.</exception>
    public static async Task<SshCarrier> OpenAsync(CarrierStream lower, SessionKeys keys, string userName, CancellationToken cancellationToken)
    {
        var bridge = new LoopbackBridge(lower);
        var login = new SshLogin(bridge, keys, userName);
        SshCarrier? carrier = null;
        try
        {
            await using (cancellationToken.UnsafeRegister(static b => ((LoopbackBridge)b!).Stop(), bridge))
            {
                // Connect() and Start() block; stopping the bridge ends them.
                await Task.Factory.StartNew(Open, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            }

            return carrier!;
        }
        catch (Exception e)
        {
            TunnelException? failure = cancellationToken.IsCancellationRequested ? null : login.Explain(e);
            if (carrier is null)
                await bridge.DisposeAsync();
            else
                await carrier.DisposeAsync();
            cancellationToken.ThrowIfCancellationRequested();
            throw failure!;
        }
        finally
        {
            login.Dispose();
        }

        void Open()
        {
            carrier = new SshCarrier(bridge, login.Connect());
            carrier._shell.Start();
        }
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty)
            return 0;

        while (true)
        {
            TunnelException? failure = Failure;
            if (!_fromPod.Reader.TryRead(out ReadResult result))
            {
                if (failure is not null)
                    throw new IOException(failure.Message, failure);
                result = await _fromPod.Reader.ReadAsync(cancellationToken);
            }

            int count = (int)Math.Min(buffer.Length, result.Buffer.Length);
            ReadOnlySequence<byte> bytes = result.Buffer.Slice(0, count);
            bytes.CopyTo(buffer.Span);
            _fromPod.Reader.AdvanceTo(bytes.End);
            if (count > 0)
                return count;
        }
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (Failure is null)
            await _toPod.Writer.WriteAsync(buffer, cancellationToken);
        if (Failure is TunnelException failure)
            throw new IOException(failure.Message, failure);
    }

    public override async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;

        End(TunnelFault.CarrierClosed());
        await _bridge.DisposeAsync();
        await _watching;
        await _fromPod.Reader.CompleteAsync();
        // Waits for SSH.NET's session thread. The shell is not disposed: its pump touches a wait handle last of all that Dispose() sets to
        // null, and a NullReferenceException there, on a pool thread, would end the process. It ends with its channel.
        await Task.Factory.StartNew(_client.Dispose, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        GC.SuppressFinalize(this);
    }

    /// <summary>The bridge's end is told by the bridge; SSH.NET would only see a socket that closed.</summary>
    private async Task WatchBridgeAsync()
    {
        await _bridge.Completion;
        End(_bridge.Failure ?? TunnelFault.PortForwardEnded());
    }

    /// <summary>Keeps the first cause and wakes whoever waits. Called on any thread, SSH.NET's included; never blocks.</summary>
    private void End(TunnelException failure)
    {
        lock (_lock)
            _failure ??= failure;
        _fromPod.Reader.CancelPendingRead();
        _toPod.Writer.CancelPendingFlush();
        _toPod.Reader.CancelPendingRead();
    }
}
