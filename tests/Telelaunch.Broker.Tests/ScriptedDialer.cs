using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Telelaunch.Net;

namespace Telelaunch.Broker.Tests;

/// <summary>A way into the cluster where each dial waits until the test decides how it ends.</summary>
internal sealed class ScriptedDialer
{
    private readonly Channel<PendingDial> _dials = Channel.CreateUnbounded<PendingDial>();

    internal Dialer Dialer => DialAsync;

    /// <summary>The next dial that the broker asks for.</summary>
    internal async Task<PendingDial> NextAsync() => await _dials.Reader.ReadAsync().AsTask().WaitAsync(ShimProgram.Patience);

    /// <summary>Whether a dial was asked for that no test has taken.</summary>
    internal bool HasMore => _dials.Reader.TryPeek(out _);

    private async ValueTask<DialResult> DialAsync(IPEndPoint destination, CancellationToken cancellationToken)
    {
        var dial = new PendingDial(destination, cancellationToken);
        await _dials.Writer.WriteAsync(dial, cancellationToken);
        return await dial.Result.WaitAsync(cancellationToken);
    }
}

/// <summary>A dial under way.</summary>
internal sealed class PendingDial(IPEndPoint destination, CancellationToken cancelled)
{
    private readonly TaskCompletionSource<DialResult> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal IPEndPoint Destination { get; } = destination;

    internal CancellationToken Cancelled { get; } = cancelled;

    internal Task<DialResult> Result => _result.Task;

    internal void Fail(int errno) => _result.SetResult(DialResult.Failed(errno));

    internal void Throw(Exception error) => _result.SetException(error);

    /// <summary>The dial succeeds; the returned socket is the far end, what a server in the cluster would hold.</summary>
    internal async Task<Socket> ConnectAsync()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        var near = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        Task<Socket> accepted = listener.AcceptAsync();
        await near.ConnectAsync(listener.LocalEndPoint!);
        _result.SetResult(DialResult.Connected(new SocketDuplexStream(near)));
        return await accepted;
    }

    /// <summary>The dial succeeds, and the server answers all it was sent in capitals once it has got FIN.</summary>
    internal async Task ServeOnceAsync()
    {
        using Socket server = await ConnectAsync();
        byte[] buffer = new byte[1024];
        int total = 0;
        for (int count = -1; count != 0; total += count)
            count = await server.ReceiveAsync(buffer.AsMemory(total)).AsTask().WaitAsync(ShimProgram.Patience);
        string answer = System.Text.Encoding.ASCII.GetString(buffer, 0, total).ToUpperInvariant();
        await server.SendAsync(System.Text.Encoding.ASCII.GetBytes(answer));
        server.Shutdown(SocketShutdown.Send);
    }
}
