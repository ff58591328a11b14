using System.Threading.Channels;
using Telelaunch.Broker.Managed;

namespace Telelaunch.Cli.Attach;

/// <summary>What the shim in a process says when it has carried out an order: HELLO.</summary>
internal sealed class ShimGreetings(int processId)
{
    private readonly Channel<HelloRecord> _heard = Channel.CreateUnbounded<HelloRecord>();

    /// <summary>Takes what any process said.</summary>
    public void Hear(HelloRecord hello)
    {
        if (hello.ProcessId == processId) _heard.Writer.TryWrite(hello);
    }

    /// <summary>The next of that source; null where none comes in time.</summary>
    public async Task<HelloRecord?> WaitAsync(HelloSource source, TimeSpan patience, TimeProvider time, CancellationToken cancellationToken)
    {
        using var late = new CancellationTokenSource(patience, time);
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            while (true)
            {
                var hello = await _heard.Reader.ReadAsync(bound.Token);
                if (hello.Source == source) return hello;
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }
}
