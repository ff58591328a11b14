using Telelaunch.Bench.Cluster;
using Telelaunch.Impairment;

namespace Telelaunch.Bench.Routes;

/// <summary>How far the API server is: everything that goes through <see cref="Kubeconfig"/> takes so much longer.</summary>
internal sealed class Distance : IDisposable
{
    private readonly ImpairedLink? _link;

    /// <param name="milliseconds">The round trip to put in; 0 puts nothing in, not even a relay.</param>
    public Distance(BenchNamespace cluster, double milliseconds)
    {
        Milliseconds = milliseconds;
        Kubeconfig = cluster.Kubeconfig;
        if (milliseconds == 0)
            return;
        _link = ImpairedLink.StartBefore(cluster.Kubeconfig, TimeSpan.FromMilliseconds(milliseconds));
        Kubeconfig = _link.KubeconfigThrough(cluster.Kubeconfig);
    }

    public double Milliseconds { get; }

    public string Kubeconfig { get; }

    public void Dispose() => _link?.Dispose();
}
