using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using System.Text;

using Telelaunch.Mux;
using Telelaunch.Net;

namespace Telelaunch.Agent.Tests;

/// <summary>The real agent and the real sshd, reached through ssh.</summary>
public sealed class AgentTests
{
    private static readonly TimeSpan s_bound = TimeSpan.FromSeconds(60);

    [RootFact]
    public async Task Dials_TellTheKernelsErrno()
    {
        await using AgentPod pod = await AgentPod.StartAsync();
        await using MuxClient client = await pod.ConnectAsync();
        Assert.Equal(Errno.ECONNREFUSED, await DialAsync(client, "127.0.0.1:1"));
        Assert.Equal(Errno.EHOSTUNREACH, await DialAsync(client, "198.51.100.1:80"));
        Assert.Equal(Errno.EACCES, await DialAsync(client, "203.0.113.1:80"));
        Assert.Equal(Errno.ENETUNREACH, await DialAsync(client, "192.0.2.1:80"));
        Assert.Equal(Errno.ECONNREFUSED, await DialAsync(client, "[::1]:1"));
    }

    [RootFact]
    public async Task Dial_ReachesAServerOfThePod_AndTellsThePodsAddress()
    {
        await using AgentPod pod = await AgentPod.StartAsync();
        await using MuxClient client = await pod.ConnectAsync();
        DialResult result = await client.DialAsync(new(IPAddress.Loopback, AgentPod.SshPort), CancellationToken.None);
        await using DuplexStream stream = result.Stream!;
        Assert.Equal(IPAddress.Loopback, result.PodEndPoint!.Address);
        byte[] banner = new byte[8];
        int count = await stream.ReadAsync(banner, CancellationToken.None);
        Assert.StartsWith("SSH-2.0", Encoding.ASCII.GetString(banner, 0, count));
    }

    [RootFact]
    public async Task Environment_IsTheContainers_WithoutTheAgentsOwn()
    {
        await using AgentPod pod = await AgentPod.StartAsync();
        await using MuxClient client = await pod.ConnectAsync();
        byte[]? block = await client.ReadEnvironmentAsync(CancellationToken.None);
        string[] entries = Encoding.UTF8.GetString(block!).Split('\0');
        Assert.Contains("LINES=first\nsecond", entries);
        Assert.Contains("EMPTY=", entries);
        Assert.DoesNotContain(entries, entry => entry.StartsWith("TELELAUNCH_", StringComparison.Ordinal));
    }

    [RootFact]
    public async Task ManyFlows_LoopThroughThePod_WithFewThreads()
    {
        const int Flows = 300;
        await using AgentPod pod = await AgentPod.StartAsync();
        await using MuxClient client = await pod.ConnectAsync();
        MuxListenResult listen = await client.ListenAsync(new(IPAddress.Loopback, 8080), EchoAsync, CancellationToken.None);
        Assert.Equal(0, listen.Errno);
        DialResult[] results = await Task.WhenAll(Enumerable.Range(0, Flows).Select(_ => client.DialAsync(listen.Listener!.PodEndPoint, CancellationToken.None).AsTask()));
        Assert.All(results, result => Assert.Equal(0, result.Errno));
        string threads = File.ReadLines($"/proc/{pod.AgentPid}/status").First(line => line.StartsWith("Threads:", StringComparison.Ordinal));
        Assert.InRange(int.Parse(threads.Split('\t')[1], System.Globalization.CultureInfo.InvariantCulture), 1, 40);

        await Parallel.ForEachAsync(results.Index(), async (item, _) =>
        {
            byte[] sent = new byte[10_000];
            new Random(item.Index).NextBytes(sent);
            await using DuplexStream stream = item.Item.Stream!;
            await stream.WriteAsync(sent, CancellationToken.None);
            await stream.CompleteWritesAsync(CancellationToken.None);
            Assert.Equal(SHA256.HashData(sent), SHA256.HashData(await ReadToEndAsync(stream)));
        }).WaitAsync(s_bound);
    }

    [RootFact]
    public async Task StrangersThatHoldTheirConnections_DoNotKeepTheClientOut()
    {
        await using AgentPod pod = await AgentPod.StartAsync();
        // More than there are places for handshakes, and none says a word; the last line is written when all of them are open.
        string flood = $"""
            import resource, socket, sys
            resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
            held = [socket.create_connection(("127.0.0.1", {AgentPod.AgentPort})) for _ in range(3000)]
            print("open", flush=True)
            sys.stdin.read()
            """;
        using Process stranger = pod.InPod(["python3", "-c", flood]);
        Assert.Equal("open", await stranger.StandardOutput.ReadLineAsync().WaitAsync(s_bound));
        await using MuxClient client = await pod.ConnectAsync();
        Assert.Equal(Errno.ECONNREFUSED, await DialAsync(client, "127.0.0.1:1"));
        stranger.StandardInput.Close();
        await stranger.WaitForExitAsync(CancellationToken.None).WaitAsync(s_bound);
    }

    [RootFact]
    public async Task Pod_TellsWhoItIs()
    {
        await using AgentPod pod = await AgentPod.StartAsync();
        await using MuxClient client = await pod.ConnectAsync();
        Assert.Equal(Environment.MachineName, client.Pod.HostName);
        Assert.Equal("0.1.0", client.Pod.AgentVersion);
        AddressLookup lookup = await client.LookUpAddressesAsync("localhost", AddressFamilies.IPv4, CancellationToken.None);
        Assert.Equal([IPAddress.Loopback], lookup.Addresses);
    }

    [RootFact]
    public async Task Ready_SaysWhetherBothPortsAreListenedOn()
    {
        await using AgentPod pod = await AgentPod.StartAsync();
        string program = Path.Combine(AppContext.BaseDirectory, "telelaunch-agent");
        using Process inPod = pod.InPod([program, "ready"]);
        await inPod.WaitForExitAsync(CancellationToken.None).WaitAsync(s_bound);
        Assert.Equal(0, inPod.ExitCode);
        // Beside the agent's port, one that nobody listens on.
        using Process elsewhere = pod.InPod(["env", "TELELAUNCH_SSH_PORT=7723", program, "ready"]);
        await elsewhere.WaitForExitAsync(CancellationToken.None).WaitAsync(s_bound);
        Assert.Equal(1, elsewhere.ExitCode);
    }

    [RootFact]
    public async Task Sshd_RefusesAnotherKey_EveryForwarding_AndEveryCommand()
    {
        await using AgentPod pod = await AgentPod.StartAsync();
        using Process otherKey = pod.Ssh(pod.OtherKey, "-T");
        Assert.Contains("Permission denied", await otherKey.StandardError.ReadToEndAsync().WaitAsync(s_bound));
        using Process local = pod.Ssh(pod.ClientKey, "-W", $"127.0.0.1:{AgentPod.AgentPort}");
        Assert.Contains("forwarding failed", await local.StandardError.ReadToEndAsync().WaitAsync(s_bound));
        using Process remote = pod.Ssh(pod.ClientKey, "-N", "-o", "ExitOnForwardFailure=yes", "-R", "127.0.0.1:9999:127.0.0.1:1");
        Assert.Contains("remote port forwarding failed", await remote.StandardError.ReadToEndAsync().WaitAsync(s_bound));
        using Process command = pod.InPod(["ssh", "-p", "7722", "-i", pod.ClientKey, "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "telelaunch@127.0.0.1", "echo", "ran"]);
        Assert.Equal("", await command.StandardOutput.ReadToEndAsync().WaitAsync(s_bound));
        await command.WaitForExitAsync(CancellationToken.None).WaitAsync(s_bound);
        Assert.NotEqual(0, command.ExitCode);
    }

    [RootFact]
    public async Task Sshd_ServesFiles()
    {
        await using AgentPod pod = await AgentPod.StartAsync();
        using Process sftp = pod.InPod(["sftp", "-q", "-b", "-", "-P", "7722", "-i", pod.ClientKey, "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "telelaunch@127.0.0.1"]);
        await sftp.StandardInput.WriteLineAsync("ls /etc/passwd");
        sftp.StandardInput.Close();
        Assert.Contains("/etc/passwd", await sftp.StandardOutput.ReadToEndAsync().WaitAsync(s_bound));
    }

    [RootFact]
    public async Task SigTerm_TellsTheClientsWhy_AndEndsAtOnce()
    {
        await using AgentPod pod = await AgentPod.StartAsync();
        await using MuxClient client = await pod.ConnectAsync();
        await AgentPod.SignalAsync("TERM", pod.AgentPid);
        CarrierEnd end = await client.Completion.WaitAsync(s_bound);
        Assert.Equal(CarrierEndKind.GoAway, end.Kind);
        Assert.Equal("the pod is being deleted", end.Detail);
        Assert.Equal(0, await pod.WaitForExitAsync());
    }

    [RootFact]
    public async Task NoClient_EndsTheAgent()
    {
        await using AgentPod pod = await AgentPod.StartAsync(idleSeconds: 1);
        await pod.WaitForAsync("ending: no client for 1 s");
        Assert.Equal(0, await pod.WaitForExitAsync());
    }

    [RootFact]
    public async Task SshdsEnd_EndsTheAgentLoudly()
    {
        await using AgentPod pod = await AgentPod.StartAsync();
        string[] children = File.ReadAllText($"/proc/{pod.AgentPid}/task/{pod.AgentPid}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries);
        string[] all = [.. children, .. Directory.GetDirectories($"/proc/{pod.AgentPid}/task").SelectMany(task => File.ReadAllText($"{task}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries))];
        await AgentPod.SignalAsync("KILL", int.Parse(all.First(), System.Globalization.CultureInfo.InvariantCulture));
        await pod.WaitForAsync("ending: sshd ended with exit code 137");
        Assert.Equal(1, await pod.WaitForExitAsync());
    }

    [RootFact]
    public async Task MissingHostKey_IsNamed()
    {
        await using AgentPod pod = await AgentPod.StartUnreadyAsync(90, session => File.Delete(Path.Combine(session, "ssh_host_ed25519_key")));
        Assert.Contains("ssh_host_ed25519_key", await pod.WaitForAsync("error: session-files"));
        Assert.Equal(1, await pod.WaitForExitAsync());
    }

    [RootFact]
    public async Task ShortSecret_IsNamed()
    {
        await using AgentPod pod = await AgentPod.StartUnreadyAsync(90, session => File.WriteAllBytes(Path.Combine(session, "secret"), new byte[16]));
        Assert.Contains("16 bytes", await pod.WaitForAsync("error: session-files"));
        Assert.Equal(1, await pod.WaitForExitAsync());
    }

    [RootFact]
    public async Task Orphans_AreReaped()
    {
        await using AgentPod pod = await AgentPod.StartAsync();
        // The shell ends first, so that sleep is handed to PID 1; the end of the output, which both hold, says that it has ended.
        using Process shell = pod.AmongItsProcesses(["sh", "-c", "sleep 0.2 & exit 0"]);
        await shell.StandardOutput.ReadToEndAsync().WaitAsync(s_bound);
        using var bound = new CancellationTokenSource(s_bound);
        while (Zombies(pod.AgentPid) > 0)
        {
            bound.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    private static int Zombies(int parent) => Directory.GetDirectories($"/proc/{parent}/task")
        .SelectMany(task => File.ReadAllText($"{task}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .Count(pid => IsZombie(pid));

    private static bool IsZombie(string pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/stat").Split(") ")[^1].StartsWith('Z');
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static async Task<int> DialAsync(MuxClient client, string endPoint)
        => (await client.DialAsync(IPEndPoint.Parse(endPoint), CancellationToken.None)).Errno;

    /// <summary>A local process that echoes.</summary>
    private static ValueTask<DialResult> EchoAsync(IPEndPoint caller, CancellationToken cancellationToken)
        => ValueTask.FromResult(DialResult.Connected(new EchoStream()));

    private static async Task<byte[]> ReadToEndAsync(DuplexStream stream)
    {
        var all = new MemoryStream();
        byte[] buffer = new byte[4096];
        int count;
        while ((count = await stream.ReadAsync(buffer, CancellationToken.None).AsTask().WaitAsync(s_bound)) > 0)
            all.Write(buffer, 0, count);
        return all.ToArray();
    }
}
