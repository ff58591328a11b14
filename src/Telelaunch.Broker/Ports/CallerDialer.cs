using System.Net;
using System.Net.Sockets;
using Telelaunch.Net;

namespace Telelaunch.Broker.Ports;

/// <summary>Dials the local process for a caller in the cluster, by plain TCP, and records how the connection ended.</summary>
/// <remarks>The caller was accepted by the pod's kernel already; a failed dial resets it. That is a matter of moments: the pod listens only while somebody does here.</remarks>
internal sealed class CallerDialer(ExposedPortsOptions options)
{
    private readonly OpenTasks _open = new();

    /// <summary>Completes once the callers of this moment have ended.</summary>
    public Task PresentCallers => _open.WhenPresentAsync();

    /// <param name="host">Null: nobody listens any more.</param>
    public async ValueTask<DialResult> DialAsync(ExposedPort port, IPEndPoint? host, IPEndPoint caller, CancellationToken cancellationToken)
    {
        DateTimeOffset time = options.Time.GetUtcNow();
        long start = options.Time.GetTimestamp();
        if (host is null)
            return Fail(Errno.ECONNREFUSED);
        var socket = new Socket(host.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.NoDelay = true;
            await socket.ConnectAsync(host, cancellationToken);
            var stream = new CallerStream(new SocketDuplexStream(socket));
            _open.Run(() => RecordAsync(stream));
            return DialResult.Connected(stream, (IPEndPoint?)socket.LocalEndPoint);
        }
        catch (SocketException error)
        {
            socket.Dispose();
            return Fail(Errno.Of(error));
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        DialResult Fail(int errno)
        {
            Record(FlowResult.Failed(errno));
            return DialResult.Failed(errno);
        }

        async Task RecordAsync(CallerStream stream) => Record(await stream.Ended);

        void Record(FlowResult result) => options.Records(new CallerRecord(
            time, caller, port.PodPort, host, result.Ending, result.Errno, result.BytesDown, result.BytesUp, options.Time.GetElapsedTime(start)));
    }
}
