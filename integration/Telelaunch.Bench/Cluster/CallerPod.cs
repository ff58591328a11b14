using Telelaunch.Bench.Routes;

namespace Telelaunch.Bench.Cluster;

/// <summary>A Pod from which applications call: <c>flows</c> runs in it, and is told what to do as on this machine.</summary>
/// <remarks>Commands and answers go over <c>kubectl exec</c>; the application measures from inside, so that this way is in no figure.</remarks>
internal sealed class CallerPod
{
    private const string Pod = "caller";
    private const string Program = "/tmp/flows";

    private readonly BenchNamespace _cluster;

    private CallerPod(BenchNamespace cluster) => _cluster = cluster;

    /// <summary>Makes the Pod, unless it is there already, and copies the application into it. It goes with the namespace.</summary>
    /// <exception cref="BenchException">It doesn't become ready, or the application can't be built or copied.</exception>
    public static async Task<CallerPod> PrepareAsync(Workbench bench, CancellationToken cancellationToken)
    {
        // Static: of the Pod's image it needs nothing, but tar, by which kubectl copies. The node has to be of this machine's architecture.
        string built = Path.Combine(bench.Scratch, "flows-static");
        await Application.CompileAsync(bench.Program("flows.c"), built, ["-static"], cancellationToken);
        await bench.Cluster.ApplyAsync("caller.yaml", cancellationToken);
        await bench.Cluster.KubectlAsync(["wait", "pod", Pod, "--for=condition=Ready", "--timeout=120s"], cancellationToken);
        await bench.Cluster.KubectlAsync(["cp", built, $"{Pod}:{Program}"], cancellationToken);
        return new(bench.Cluster);
    }

    /// <summary>Starts an application in the Pod.</summary>
    public Task<Application> OpenAsync(CancellationToken cancellationToken) =>
        Application.AttachAsync(_cluster.StartKubectl(["exec", "-i", Pod, "--", Program]), cancellationToken);
}
