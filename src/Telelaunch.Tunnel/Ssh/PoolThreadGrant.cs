namespace Telelaunch.Tunnel.Ssh;

/// <summary>Raises the number of pool threads that start without delay by one, for a thread that SSH.NET holds as long as its channel lives.</summary>
internal sealed class PoolThreadGrant : IDisposable
{
    private static readonly Lock s_lock = new();

    public PoolThreadGrant() => Add(1);

    public void Dispose() => Add(-1);

    private static void Add(int threads)
    {
        lock (s_lock)
        {
            ThreadPool.GetMinThreads(out int workers, out int ports);
            ThreadPool.SetMinThreads(workers + threads, ports);
        }
    }
}
