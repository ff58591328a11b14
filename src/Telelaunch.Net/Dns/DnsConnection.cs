using System.Buffers.Binary;
using System.Net.Sockets;

namespace Telelaunch.Net.Dns;

/// <summary>Questions of one asker by TCP, pipelined: each is answered when its answer is there (RFC 7766 §6.2.1.1).</summary>
/// <remarks>An asker that has shut down its side still gets its answers; one that doesn't read them is not read from, and in the end closed.</remarks>
internal sealed class DnsConnection : IAsyncDisposable
{
    // LENGTH 2 | message, both ways (RFC 1035 §4.2.2).
    private const int MaximumPipelined = 64;

    private readonly NetworkStream _stream;
    private readonly TimeSpan _idle;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _free = new(MaximumPipelined);
    private readonly SemaphoreSlim _writing = new(1);
    private readonly CancellationTokenSource _broken = new();

    internal DnsConnection(Socket socket, TimeSpan idle, TimeProvider time)
    {
        socket.NoDelay = true;
        _stream = new NetworkStream(socket, ownsSocket: true);
        _idle = idle;
        _time = time;
    }

    /// <param name="begin">Gets each question, and what sends its answer: called once a question, with an empty answer too.</param>
    internal async Task RunAsync(Action<byte[], Func<ReadOnlyMemory<byte>, ValueTask>> begin, CancellationToken cancellationToken)
    {
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _broken.Token);
        try
        {
            while (await ReadAsync(end.Token) is byte[] query)
            {
                await _free.WaitAsync(end.Token);
                begin(query, answer => SendAsync(answer, end.Token));
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or IOException)
        {
            // It ended, broke off, or was idle.
        }

        // Every question gives its place back, answered or not; after that nobody uses the stream.
        for (int i = 0; i < MaximumPipelined; i++)
            await _free.WaitAsync(CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync();
        _broken.Dispose();
        _free.Dispose();
        _writing.Dispose();
    }

    /// <summary>Null at the end.</summary>
    private async Task<byte[]?> ReadAsync(CancellationToken cancellationToken)
    {
        using var idle = new CancellationTokenSource(_idle, _time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, idle.Token);
        byte[] length = new byte[2];
        if (await _stream.ReadAtLeastAsync(length, length.Length, throwOnEndOfStream: false, either.Token) < length.Length)
            return null;
        byte[] query = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
        await _stream.ReadExactlyAsync(query, either.Token);
        return query.Length < DnsQuestion.HeaderLength ? null : query;
    }

    private async ValueTask SendAsync(ReadOnlyMemory<byte> answer, CancellationToken cancellationToken)
    {
        try
        {
            if (answer.IsEmpty)
                return;
            byte[] message = new byte[2 + answer.Length];
            BinaryPrimitives.WriteUInt16BigEndian(message, (ushort)answer.Length);
            answer.CopyTo(message.AsMemory(2));
            using var patience = new CancellationTokenSource(_idle, _time);
            using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
            await _writing.WaitAsync(either.Token);
            try
            {
                await _stream.WriteAsync(message, either.Token);
            }
            catch
            {
                // Half an answer may be out: nothing that follows could be read.
                await _broken.CancelAsync();
                throw;
            }
            finally
            {
                _writing.Release();
            }
        }
        finally
        {
            _free.Release();
        }
    }
}
