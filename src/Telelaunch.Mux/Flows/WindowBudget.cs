namespace Telelaunch.Mux.Flows;

/// <summary>Bytes by which the receive windows of one carrier's flows may grow together, so that memory is bounded.</summary>
internal sealed class WindowBudget(long bytes)
{
    private readonly Lock _gate = new();
    private long _left = bytes;

    /// <summary>Takes it if that leaves at least as much for others: late flows still grow, only less.</summary>
    public bool TryTake(int bytes)
    {
        lock (_gate)
        {
            if (bytes > _left / 2)
                return false;
            _left -= bytes;
            return true;
        }
    }

    public void Return(int bytes)
    {
        lock (_gate)
            _left += bytes;
    }
}
