using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;

namespace Telelaunch.Mux.Tests;

/// <summary>Two ends of one duplex stream.</summary>
internal static class CarrierPair
{
    /// <summary>In memory, with the pipes' usual back-pressure of 64 KiB.</summary>
    public static (Stream Client, Stream Agent) InMemory()
    {
        var up = new Pipe();
        var down = new Pipe();
        return (new PipeStream(down.Reader, up.Writer), new PipeStream(up.Reader, down.Writer));
    }

    /// <summary>A loopback TCP connection.</summary>
    public static async Task<(Stream Client, Stream Agent)> OverTcpAsync()
    {
        (Socket client, Socket agent) = await SocketPair.ConnectAsync();
        return (new NetworkStream(client, ownsSocket: true), new NetworkStream(agent, ownsSocket: true));
    }

    private sealed class PipeStream(PipeReader reader, PipeWriter writer) : Stream
    {
        private readonly Stream _in = reader.AsStream();
        private readonly Stream _out = writer.AsStream();

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
            => _in.ReadAsync(buffer, cancellationToken);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
            => _out.WriteAsync(buffer, cancellationToken);

        public override Task FlushAsync(CancellationToken cancellationToken) => _out.FlushAsync(cancellationToken);

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            _in.Dispose();
            _out.Dispose();
            base.Dispose(disposing);
        }
    }
}

/// <summary>A loopback TCP connection's two sockets.</summary>
internal static class SocketPair
{
    public static async Task<(Socket First, Socket Second)> ConnectAsync()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        var first = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await first.ConnectAsync(listener.LocalEndPoint!);
        Socket second = await listener.AcceptAsync();
        second.NoDelay = true;
        return (first, second);
    }
}
