using System.IO.Pipelines;
using Telelaunch.Playground.Node.Streams;

namespace Telelaunch.Playground.Tests.Node;

public sealed class SpdyTests
{
    [Fact]
    public void Dictionary_IsTheOneOfTheSpecification()
    {
        uint a = 1, b = 0;
        foreach (var value in SpdyDictionary.Bytes)
            (a, b) = ((a + value) % 65521, (b + a + value) % 65521);

        Assert.Equal(1423, SpdyDictionary.Bytes.Length);
        Assert.Equal(0xe3c6a7c2u, (b << 16) | a); // The DICTID that every SPDY/3 peer sends in its first block.
    }

    [Fact]
    public void HeaderBlocks_ShareOneCompressionState()
    {
        using var sender = new SpdyHeaders();
        using var receiver = new SpdyHeaders();
        for (var i = 0; i < 3; i++)
        {
            var packed = sender.Pack(new Dictionary<string, string> { ["streamType"] = "data", ["port"] = "80", ["requestID"] = $"{i}" });
            var headers = receiver.Unpack(packed);
            Assert.Equal(("data", "80", $"{i}"), (headers["streamtype"], headers["port"], headers["requestid"]));
        }
        Assert.Throws<InvalidDataException>(() => receiver.Unpack([1, 2, 3, 4, 5, 6, 7, 8]));
    }

    [Fact]
    public async Task Ping_IsEchoedAsRecorded()
    {
        var ping = Convert.FromBase64String("gAMABgAAAAQAAAAB");
        var (toServer, toClient) = (new Pipe(), new Pipe());
        await using var connection = new SpdyConnection(new TwoPipes(toServer.Reader.AsStream(), toClient.Writer.AsStream()));
        var running = connection.RunAsync(_ => { }, CancellationToken.None);
        await toServer.Writer.WriteAsync(ping);
        var answer = new byte[12];
        await toClient.Reader.AsStream().ReadExactlyAsync(answer);

        Assert.Equal(ping, answer);
        await toServer.Writer.CompleteAsync();
        await running;
    }

    [Fact]
    public async Task AnotherVersion_IsRefused()
    {
        await using var connection = new SpdyConnection(new TwoPipes(new MemoryStream([0x80, 2, 0, 1, 0, 0, 0, 0]), Stream.Null));

        await Assert.ThrowsAsync<InvalidDataException>(() => connection.RunAsync(_ => { }, CancellationToken.None));
    }

    private sealed class TwoPipes(Stream input, Stream output) : Stream
    {
        public override bool CanRead => true;

        public override bool CanWrite => true;

        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => input.ReadAsync(buffer, cancellationToken);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => output.WriteAsync(buffer, cancellationToken);

        public override Task FlushAsync(CancellationToken cancellationToken) => output.FlushAsync(cancellationToken);

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush() => output.Flush();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
