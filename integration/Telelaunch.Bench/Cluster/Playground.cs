namespace Telelaunch.Bench.Cluster;

/// <summary>The built-in cluster, in a state directory of its own, for as long as the benchmark runs.</summary>
internal sealed class Playground : IAsyncDisposable
{
    private readonly string _program;
    private readonly string _state;

    private Playground(string program, string state)
    {
        _program = program;
        _state = state;
    }

    public string Kubeconfig { get; private set; } = "";

    public static async Task<Playground> UpAsync(string artifacts, string state, CancellationToken cancellationToken)
    {
        var playground = new Playground(Path.Combine(artifacts, "playground"), state);
        Directory.CreateDirectory(state);
        try
        {
            await playground.RunAsync(["image", "load", Path.Combine(artifacts, "telelaunch-agent.oci.tar")], cancellationToken);
            playground.Kubeconfig = (await playground.RunAsync(["up", "-q", "--no-workloads"], cancellationToken)).Trim();
            return playground;
        }
        catch
        {
            await playground.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync() => await RunAsync(["down"], CancellationToken.None);

    private Task<string> RunAsync(string[] arguments, CancellationToken cancellationToken) =>
        ChildProcess.RunAsync(_program, [.. arguments, "--state", _state], null, cancellationToken);
}
