using Xunit;

namespace Telelaunch.EndToEnd;

/// <summary>A playground of one test's own, for what an ordinary cluster can't be asked to do. It has no workloads.</summary>
internal sealed class PlaygroundRun : IAsyncDisposable
{
    private static readonly string s_program = Path.Combine(TestCluster.Root, "artifacts", "playground");
    private static readonly string s_agent = Path.Combine(TestCluster.Root, "artifacts", "telelaunch-agent.oci.tar");

    private readonly string _state;

    private PlaygroundRun(string state) => _state = state;

    /// <summary>Null where one can be had.</summary>
    public static string? Lacks => File.Exists(s_program) && File.Exists(s_agent) ? null : "needs a playground: make playground agent-image";

    /// <summary>An administrator's.</summary>
    public string Kubeconfig { get; private set; } = "";

    /// <param name="options">Options of <c>playground up</c>.</param>
    public static async Task<PlaygroundRun> StartAsync(TestCluster cluster, params string[] options)
    {
        var playground = new PlaygroundRun(Directory.CreateDirectory(Path.Combine(cluster.Scratch, Guid.NewGuid().ToString("N"))).FullName);
        try
        {
            await playground.RunAsync("image", "load", s_agent);
            playground.Kubeconfig = (await playground.RunAsync(["up", "-q", "--no-workloads", .. options])).Trim();
            return playground;
        }
        catch
        {
            await playground.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync() => await RunAsync("down");

    private async Task<string> RunAsync(params string[] arguments)
    {
        await using var run = await ProcessRun.CompleteAsync(s_program, [.. arguments, "--state", _state]);
        Assert.True(run.ExitCode == 0, run.ToString());
        return run.Output;
    }
}
