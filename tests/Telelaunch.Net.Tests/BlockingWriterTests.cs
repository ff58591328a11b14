using Xunit;

namespace Telelaunch.Net.Tests;

public class BlockingWriterTests
{
    [Fact]
    public async Task Write_ReturnsAtOnce_AndCompletesWithTheBlockingOne()
    {
        using var gate = new SemaphoreSlim(0);
        var written = new List<byte>();
        await using var writer = new BlockingWriter(bytes =>
        {
            gate.Wait();
            written.AddRange(bytes.Span);
        });

        ValueTask first = writer.WriteAsync(new byte[] { 1, 2 });
        Assert.False(first.IsCompleted);
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await writer.WriteAsync(new byte[] { 9 }));
        gate.Release();
        await first;
        gate.Release();
        await writer.WriteAsync(new byte[] { 3 });

        Assert.Equal([1, 2, 3], written);
    }

    [Fact]
    public async Task Failure_IsTheWritersOwn_AndTheNextWriteIsTried()
    {
        int attempts = 0;
        await using var writer = new BlockingWriter(_ =>
        {
            if (attempts++ == 0)
                throw new IOException("lost");
        });

        await Assert.ThrowsAsync<IOException>(async () => await writer.WriteAsync(new byte[1]));
        await writer.WriteAsync(new byte[1]);
        Assert.Equal(2, attempts);
    }

    [Fact]
    public async Task Dispose_WaitsForTheWriteUnderWay_AndRefusesFurtherOnes()
    {
        using var gate = new SemaphoreSlim(0);
        var writer = new BlockingWriter(_ => gate.Wait());
        ValueTask write = writer.WriteAsync(new byte[1]);
        Task disposed = writer.DisposeAsync().AsTask();
        Assert.False(disposed.IsCompleted);
        gate.Release();
        await write;
        await disposed;
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await writer.WriteAsync(new byte[1]));
    }
}
