using Telelaunch.Bench.Cluster;
using Telelaunch.Cluster;

namespace Telelaunch.Bench.Routes;

/// <summary>OpenSSH's client with its default ciphers, connected to the sshd in its Pod over the port-forward that Telelaunch's carriers use.</summary>
internal sealed class OpenSshClient : IAsyncDisposable
{
    private const string Destination = "nonroot@127.0.0.1";

    private readonly PortForwardListener _forward;
    private readonly ChildProcess _ssh;

    private OpenSshClient(PortForwardListener forward, ChildProcess ssh)
    {
        _forward = forward;
        _ssh = ssh;
    }

    public int ProcessId => _ssh.Id;

    /// <summary>What every ssh of the benchmark is started with: the run's keys, and no configuration of the user's.</summary>
    public static string[] Options(BenchNamespace cluster) =>
    [
        "-F", "none", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", $"UserKnownHostsFile={cluster.KnownHosts}", "-o", "HostKeyAlias=bench",
        "-o", "StrictHostKeyChecking=yes", "-i", cluster.ClientKey,
    ];

    /// <param name="forwards">Its <c>-L</c> and <c>-R</c>.</param>
    /// <param name="hasSession">
    /// Whether a session is open beside them; otherwise they are all there is (<c>-N</c>). Its server sets TCP_NODELAY for a session only: without one, a connection that it opens to the
    /// client waits for the acknowledgement of what it sent before, which may be delayed by 40 ms.
    /// </param>
    /// <param name="readyLines">What it says, at its debug level, once these are open.</param>
    /// <exception cref="BenchException">It ended before.</exception>
    public static async Task<OpenSshClient> StartAsync(
        BenchNamespace cluster, ClusterConnection connection, IEnumerable<string> forwards, bool hasSession, string[] readyLines, CancellationToken cancellationToken)
    {
        var ready = new AwaitedLines(readyLines);
        var forward = new PortForwardListener(connection, cluster.Name, BenchNamespace.Sshd, BenchNamespace.SshPort);
        ChildProcess? ssh = null;
        try
        {
            ssh = ChildProcess.Start(
                "ssh",
                [
                    .. Options(cluster), "-v", "-o", "ExitOnForwardFailure=yes", "-p", $"{forward.Port}", .. forwards,
                    .. hasSession ? ["-s", Destination, "sftp"] : new[] { "-N", Destination },
                ],
                errorLine: ready.Take,
                endsWithItsInput: false);
            await ssh.WhileRunningAsync(ready.Seen.WaitAsync, cancellationToken);
            return new(forward, ssh);
        }
        catch
        {
            if (ssh is not null)
                await ssh.DisposeAsync();
            await forward.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _ssh.DisposeAsync();
        await _forward.DisposeAsync();
    }
}
