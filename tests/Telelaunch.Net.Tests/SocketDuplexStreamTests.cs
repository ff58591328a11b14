using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Telelaunch.Net.Tests;

public partial class SocketDuplexStreamTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task PeerFin_ReadReturnsZero_AndWritingGoesOn()
    {
        using LoopbackPair pair = await LoopbackPair.ConnectAsync();
        await using var stream = new SocketDuplexStream(pair.Near);
        pair.Far.Shutdown(SocketShutdown.Send);

        Assert.Equal(0, await stream.ReadAsync(new byte[8], None));
        await stream.WriteAsync("still"u8.ToArray(), None);

        byte[] received = new byte[8];
        Assert.Equal(5, await pair.Far.ReceiveAsync(received));
    }

    [Fact]
    public async Task CompleteWrites_PeerSeesFin_AndReadingGoesOn()
    {
        using LoopbackPair pair = await LoopbackPair.ConnectAsync();
        await using var stream = new SocketDuplexStream(pair.Near);

        await stream.CompleteWritesAsync(None);
        await stream.CompleteWritesAsync(None);

        Assert.Equal(0, await pair.Far.ReceiveAsync(new byte[8]));
        await pair.Far.SendAsync("late"u8.ToArray());
        Assert.Equal(4, await stream.ReadAsync(new byte[8], None));
    }

    [Fact]
    public async Task PeerReset_PendingReadThrowsConnectionReset()
    {
        using LoopbackPair pair = await LoopbackPair.ConnectAsync();
        await using var stream = new SocketDuplexStream(pair.Near);
        Task<int> read = stream.ReadAsync(new byte[8], None).AsTask();

        LoopbackPair.Reset(pair.Far);

        FlowException error = await Assert.ThrowsAsync<FlowException>(() => read);
        Assert.Equal(Errno.ECONNRESET, error.Errno);
    }

    [Fact]
    public async Task ProcessKilled_PeerSeesReset()
    {
        using LoopbackPair pair = await LoopbackPair.ConnectAsync();
        var stream = new SocketDuplexStream(pair.Near);
        await stream.WriteAsync("half"u8.ToArray(), None);
        Assert.Equal(4, await pair.Far.ReceiveAsync(new byte[8]));

        // As the kernel does with the descriptors of a dead process: it closes them. What takes the number's place keeps it from another test's socket.
        using var nothing = File.OpenHandle("/dev/null");
        int descriptor = (int)pair.Near.SafeHandle.DangerousGetHandle();
        Assert.Equal(descriptor, Dup2((int)nothing.DangerousGetHandle(), descriptor));

        SocketException error = await Assert.ThrowsAsync<SocketException>(() => pair.Far.ReceiveAsync(new byte[8]));
        Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
    }

    [Fact]
    public async Task BothDirectionsEnded_WhatIsQueuedStillArrives()
    {
        using LoopbackPair pair = await LoopbackPair.ConnectAsync(bufferSize: 4096);
        var stream = new SocketDuplexStream(pair.Near);
        pair.Far.Shutdown(SocketShutdown.Send);
        Assert.Equal(0, await stream.ReadAsync(new byte[8], None));
        // More than the far end's buffer takes, so that some of it still waits on this side.
        const int Size = 64 * 1024;
        pair.Near.SendBufferSize = 2 * Size;
        await stream.WriteAsync(new byte[Size], None);
        await stream.CompleteWritesAsync(None);
        await stream.DisposeAsync();

        int received = 0, count;
        byte[] buffer = new byte[8192];
        while ((count = await pair.Far.ReceiveAsync(buffer)) > 0)
            received += count;
        Assert.Equal(Size, received);
    }

    [Fact]
    public async Task Abort_PeerSeesReset_AndPendingReadEndsWithTheErrno()
    {
        using LoopbackPair pair = await LoopbackPair.ConnectAsync();
        await using var stream = new SocketDuplexStream(pair.Near);
        Task<int> read = stream.ReadAsync(new byte[8], None).AsTask();

        stream.Abort(Errno.ETIMEDOUT);

        FlowException error = await Assert.ThrowsAsync<FlowException>(() => read);
        Assert.Equal(Errno.ETIMEDOUT, error.Errno);
        SocketException far = await Assert.ThrowsAsync<SocketException>(() => pair.Far.ReceiveAsync(new byte[8]));
        Assert.Equal(SocketError.ConnectionReset, far.SocketErrorCode);
    }

    [Fact]
    public async Task Dispose_BeforeBothEnds_PeerSeesReset()
    {
        using LoopbackPair pair = await LoopbackPair.ConnectAsync();
        var stream = new SocketDuplexStream(pair.Near);
        await stream.CompleteWritesAsync(None);

        await stream.DisposeAsync();

        // FIN, then RST; a peer that only got FIN could go on sending for ever.
        Assert.Equal(0, await pair.Far.ReceiveAsync(new byte[8]));
        SocketException error = await Assert.ThrowsAsync<SocketException>(() => pair.Far.SendAsync(new byte[1]));
        Assert.Equal(SocketError.Shutdown, error.SocketErrorCode);
    }

    [Fact]
    public async Task Dispose_AfterBothEnds_PeerSeesOnlyFin()
    {
        using LoopbackPair pair = await LoopbackPair.ConnectAsync();
        var stream = new SocketDuplexStream(pair.Near);
        await stream.WriteAsync("bye"u8.ToArray(), None);
        await stream.CompleteWritesAsync(None);
        pair.Far.Shutdown(SocketShutdown.Send);
        Assert.Equal(0, await stream.ReadAsync(new byte[8], None));

        await stream.DisposeAsync();

        Assert.Equal(3, await pair.Far.ReceiveAsync(new byte[8]));
        Assert.Equal(0, await pair.Far.ReceiveAsync(new byte[8]));
    }

    [Fact]
    public async Task EmptyRead_WaitsForDataAndTakesNone()
    {
        using LoopbackPair pair = await LoopbackPair.ConnectAsync();
        await using var stream = new SocketDuplexStream(pair.Near);
        Task<int> wait = stream.ReadAsync(Memory<byte>.Empty, None).AsTask();
        Assert.False(wait.IsCompleted);

        await pair.Far.SendAsync("abc"u8.ToArray());

        Assert.Equal(0, await wait);
        Assert.Equal(3, await stream.ReadAsync(new byte[8], None));
    }

    [Fact]
    public async Task Write_ToAReaderWhoTakesNothing_WaitsUntilCancelled()
    {
        using LoopbackPair pair = await LoopbackPair.ConnectAsync(bufferSize: 4096);
        await using var stream = new SocketDuplexStream(pair.Near);
        using var cancel = new CancellationTokenSource();
        Task write = stream.WriteAsync(new byte[16 * 1024 * 1024], cancel.Token).AsTask();
        Assert.False(write.IsCompleted);

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => write);
    }

    [LibraryImport("libc", EntryPoint = "dup2")]
    private static partial int Dup2(int from, int to);
}
