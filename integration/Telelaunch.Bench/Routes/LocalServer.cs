using Telelaunch.Bench.Cluster;

namespace Telelaunch.Bench.Routes;

/// <summary>The benchmark's server on this machine, on ports of its own: all variants share the machine.</summary>
/// <param name="program">Path of <c>programs/server.py</c>.</param>
internal sealed class LocalServer(string program)
{
    /// <summary>What it answers with; the one in the cluster answers <c>k</c>.</summary>
    public const char Answer = 'l';

    private readonly int[] _ports = FreePorts.Choose(2);

    public int BytesPort => _ports[0];

    public int GreetingPort => _ports[1];

    public string[] Command => ["python3", program, "127.0.0.1", $"{BytesPort}", $"{GreetingPort}", $"{Answer}"];

    /// <summary>The options of <c>telelaunch run</c> that lead callers of the pod's ports to it; the pod's are those of the server in the cluster.</summary>
    public string[] ExposeOptions => ["--expose", $"{BytesPort}:{BenchNamespace.BytesPort}", "--expose", $"{GreetingPort}:{BenchNamespace.GreetingPort}"];

    /// <summary>What the launcher says once callers of both ports get there.</summary>
    public string[] ServedLines => [$"telelaunch: {BytesPort} is served by", $"telelaunch: {GreetingPort} is served by"];

    /// <summary>The options of OpenSSH's client to the same effect.</summary>
    public string[] RemoteForwards =>
        ["-R", $"0.0.0.0:{BenchNamespace.BytesPort}:127.0.0.1:{BytesPort}", "-R", $"0.0.0.0:{BenchNamespace.GreetingPort}:127.0.0.1:{GreetingPort}"];

    /// <summary>What that client says, at its debug level, when its server listens.</summary>
    public static string[] ForwardedLines =>
        [$"remote forward success for: listen 0.0.0.0:{BenchNamespace.BytesPort},", $"remote forward success for: listen 0.0.0.0:{BenchNamespace.GreetingPort},"];

    /// <summary>Starts it by itself, outside of any session.</summary>
    public async Task<ChildProcess> StartAsync(CancellationToken cancellationToken)
    {
        var server = ChildProcess.Start(Command[0], Command[1..], endsWithItsInput: false);
        try
        {
            await server.ReadLineAsync(cancellationToken);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }
}
