using System.Collections.Concurrent;

using Telelaunch.Mux.Frames;

namespace Telelaunch.Mux.Carriers;

/// <summary>The client's requests, RESOLVE and ENVIRONMENT, that wait for RESOLVED.</summary>
internal sealed class PendingLookups(MuxConnection connection)
{
    private readonly ConcurrentDictionary<uint, TaskCompletionSource<byte[]?>> _pending = new();

    /// <summary>Asks the agent.</summary>
    /// <returns>The payload of RESOLVED; null when nobody could say.</returns>
    public ValueTask<byte[]?> AskAsync(ResolveFrame question, CancellationToken cancellationToken)
        => AskAsync(FrameType.Resolve, question.ToPayload(), cancellationToken);

    /// <inheritdoc cref="AskAsync(ResolveFrame, CancellationToken)"/>
    public async ValueTask<byte[]?> AskAsync(FrameType type, byte[] payload, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (payload.Length > FrameHeader.MaxPayload)
            return null;
        var answer = new TaskCompletionSource<byte[]?>(TaskCreationOptions.RunContinuationsAsynchronously);
        uint number = connection.SendNumbered(type, payload, number => _pending[number] = answer);
        if (number == 0)
            return null;
        if (connection.HasEnded)
            OnEnd();
        try
        {
            return await answer.Task.WaitAsync(cancellationToken);
        }
        finally
        {
            _pending.TryRemove(number, out _);
        }
    }

    public void OnResolved(uint number, ReadOnlySpan<byte> payload)
    {
        if (_pending.TryRemove(number, out TaskCompletionSource<byte[]?>? answer))
            answer.SetResult(payload.ToArray());
    }

    public void OnFailed(uint number)
    {
        if (_pending.TryRemove(number, out TaskCompletionSource<byte[]?>? answer))
            answer.SetResult(null);
    }

    public void OnEnd()
    {
        foreach (uint number in _pending.Keys)
            OnFailed(number);
    }
}
