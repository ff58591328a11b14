using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Telelaunch.Mux;
using Telelaunch.Net;
using Xunit;

namespace Telelaunch.EndToEnd;

/// <summary>Whoever isn't the session's own gets nothing of the cluster, and disturbs nobody: another user of the machine, another container of the pod.</summary>
[Collection(TestCluster.Name)]
public sealed partial class AccessTests(TestCluster cluster)
{
    private const string Nobody = "65534";

    /// <summary>Only stops what hangs.</summary>
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(1);

    [FactAsRoot]
    public async Task AnotherUserOfTheMachine_GetsNothing_AndDisturbsNobody()
    {
        const int Connections = 300;
        var program = await Programs.CompileAsync(cluster, "gcc", "load.c");
        var trace = Path.Combine(cluster.Scratch, "access.log");
        await using var run = ProcessRun.Start(
            TestCluster.Telelaunch,
            ["run", "--progress", "quiet", "--trace", "--log-file", trace, "--", "bash", "-c", $"echo session=$TELELAUNCH_SESSION; exec {program} echo 7"],
            cluster.Variables());
        await run.WaitForTextAsync("ready\n");
        var session = SessionLine().Match(run.Output).Groups[1].Value;
        var ends = ListeningSockets.Of(run.Id);
        // What the documents speak of is found: the relay port, and the name servers' port of the same number.
        Assert.Contains(ends, end => end.StartsWith("tcp/127.0.0.1/", StringComparison.Ordinal));
        Assert.Contains(ends, end => end.StartsWith("udp/127.84.0.1/", StringComparison.Ordinal));
        Assert.All(ends, end => Assert.True(IPAddress.IsLoopback(IPAddress.Parse(end.Split('/')[1])), end));

        // As text, because nobody may read this directory; by its full path, because a Python of root's own may be the first.
        var script = await File.ReadAllTextAsync(Programs.Source("local_stranger.py"));
        await using var stranger = ProcessRun.Start(
            "setpriv", ["--reuid", Nobody, "--regid", Nobody, "--clear-groups", "/usr/bin/python3", "-c", script, session, .. ends], workingDirectory: "/");
        await stranger.WaitForTextAsync("at work\n");
        await run.WriteLineAsync($"open {Connections}");
        await run.WaitForTextAsync($"open: {Connections}\n");
        await run.WriteLineAsync("close");
        await run.WaitForTextAsync($"closed: {Connections}\n");
        await run.WriteLineAsync($"sequence {Connections}");
        await run.WaitForTextAsync($"sequence: {Connections}\n");
        stranger.CloseInput();
        await stranger.WaitForExitAsync();
        run.CloseInput();
        await run.WaitForExitAsync();

        Assert.True(run.ExitCode == 0, run.ToString());
        Assert.True(stranger.ExitCode == 0, stranger.ToString());
        var said = stranger.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["directory PermissionError", "table PermissionError", "control PermissionError"], said[..3]);
        Assert.Equal(ends.Count, said.Count(line => line == "port OSError"));
        Assert.Matches(@"^established \d+ got 0 bytes$", said[^1]);
        var records = await File.ReadAllLinesAsync(trace);
        // Every connection to the cluster was the application's, and so was the one name that was asked for; the stranger asked for another.
        Assert.Equal(2 * Connections, records.Count(line => FlowLine().IsMatch(line)));
        Assert.Equal(2 * Connections, records.Count(line => line.Contains($" flow {Path.GetFileName(program)}[", StringComparison.Ordinal)));
        Assert.DoesNotContain(records, line => line.Contains("hello", StringComparison.Ordinal));
    }

    [Fact]
    public async Task AnotherContainerOfThePod_GetsNothing_AndKeepsNobodyOut()
    {
        var secret = RandomNumberGenerator.GetBytes(32);
        var pod = await StartAgentBesideAStrangerAsync(secret);
        try
        {
            await using var forward = ProcessRun.Start("kubectl", ["port-forward", pod, ":7778"], cluster.Variables());
            await forward.WaitForTextAsync("Forwarding from 127.0.0.1:");
            var port = int.Parse(ForwardedPort().Match(forward.Output).Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture);
            await using var before = await ConnectAsync(port, secret);
            await ServesAsync(before);

            var script = await File.ReadAllTextAsync(Programs.Source("pod_stranger.py"));
            var tried = await cluster.KubectlAsync("exec", pod, "-c", "stranger", "--", "python3", "-c", script, "try");
            Assert.Equal("no proof: 0\nzeros: 0\nchance: 0\nmirror: 0\nnothing: 0\nlistening: 7722 7778\n", tried);
            var otherSecret = await Assert.ThrowsAsync<TunnelException>(() => ConnectAsync(port, RandomNumberGenerator.GetBytes(32)));
            Assert.Equal("agent-refused-client", otherSecret.Code);

            await using var flood = ProcessRun.Start("kubectl", ["exec", "-i", pod, "-c", "stranger", "--", "python3", "-c", script, "flood"], cluster.Variables());
            await flood.WaitForTextAsync("open: 3000\n");
            await using var during = await ConnectAsync(port, secret);
            await ServesAsync(during);
            await ServesAsync(before);
            flood.CloseInput();
            await flood.WaitForExitAsync();
            Assert.True(flood.ExitCode == 0, flood.ToString());
            await ServesAsync(during);
        }
        finally
        {
            await cluster.KubectlAsync("delete", pod, "secret/telelaunch-e2e-access", "--grace-period=0", "--force", "--ignore-not-found");
        }
    }

    /// <summary>The pod that Telelaunch makes, with one more container, as an injected sidecar would be.</summary>
    private async Task<string> StartAgentBesideAStrangerAsync(byte[] secret)
    {
        const string Name = "telelaunch-e2e-access";
        await using var dryRun = await cluster.TelelaunchAsync(["run", "--dry-run", "-o", "json", "--", "true"]);
        Assert.True(dryRun.ExitCode == 0, dryRun.ToString());
        var manifests = JsonNode.Parse(dryRun.Output)!["manifests"]!;
        foreach (var item in manifests["items"]!.AsArray())
        {
            // Not one of Telelaunch's own, or the next run would take it for a dead session's.
            item!["metadata"]!["name"] = Name;
            item["metadata"]!["labels"] = new JsonObject { ["app"] = Name };
            item["metadata"]!.AsObject().Remove("ownerReferences");
        }

        var (spec, data) = (manifests["items"]![0]!["spec"]!, manifests["items"]![1]!["data"]!);
        spec["volumes"]![0]!["secret"]!["secretName"] = Name;
        spec["containers"]![0]!["env"]!.AsArray().Add(new JsonObject { ["name"] = "TELELAUNCH_IDLE_SECONDS", ["value"] = "119" });
        spec["containers"]!.AsArray().Add(new JsonObject
        {
            ["name"] = "stranger",
            ["image"] = TestCluster.PythonImage,
            ["command"] = new JsonArray("sleep", "600"),
            ["securityContext"] = new JsonObject { ["runAsUser"] = 1234, ["allowPrivilegeEscalation"] = false, ["capabilities"] = new JsonObject { ["drop"] = new JsonArray("ALL") } },
        });
        var key = Path.Combine(cluster.Scratch, "access-key");
        await using var made = await ProcessRun.CompleteAsync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
        Assert.True(made.ExitCode == 0, made.ToString());
        data["secret"] = Convert.ToBase64String(secret);
        data["ssh_host_ed25519_key"] = Convert.ToBase64String(await File.ReadAllBytesAsync(key));
        data["authorized_keys"] = Convert.ToBase64String(await File.ReadAllBytesAsync(key + ".pub"));

        var file = Path.Combine(cluster.Scratch, "access.json");
        await File.WriteAllTextAsync(file, manifests.ToJsonString());
        await cluster.KubectlAsync("apply", "-f", file);
        await cluster.KubectlAsync("wait", "--for=condition=Ready", $"pod/{Name}", "--timeout=90s");
        return $"pod/{Name}";
    }

    private static async Task<MuxClient> ConnectAsync(int port, byte[] secret)
    {
        var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, port);
        return await MuxClient.ConnectAsync(socket.GetStream(), secret, new MuxOptions(), CancellationToken.None).WaitAsync(Bound);
    }

    /// <summary>A name resolves, and a connection to it echoes.</summary>
    private static async Task ServesAsync(MuxClient client)
    {
        var lookup = await client.LookUpAddressesAsync("echo", AddressFamilies.IPv4, CancellationToken.None).AsTask().WaitAsync(Bound);
        var dial = await client.DialAsync(new IPEndPoint(lookup.Addresses.Single(), 7), CancellationToken.None).AsTask().WaitAsync(Bound);
        await using var stream = dial.Stream ?? throw new InvalidOperationException($"The dial failed: {Errno.NameOf(dial.Errno)}");
        await stream.WriteAsync(Encoding.ASCII.GetBytes("served"), CancellationToken.None);
        await stream.CompleteWritesAsync(CancellationToken.None);
        var (answer, buffer) = ("", new byte[64]);
        int count;
        while ((count = await stream.ReadAsync(buffer, CancellationToken.None).AsTask().WaitAsync(Bound)) > 0) answer += Encoding.ASCII.GetString(buffer, 0, count);
        Assert.Equal("served", answer);
    }

    [GeneratedRegex("session=(.*)\n")]
    private static partial Regex SessionLine();

    [GeneratedRegex(@"^\S+ flow ")]
    private static partial Regex FlowLine();

    [GeneratedRegex(@"127\.0\.0\.1:(\d+) ->")]
    private static partial Regex ForwardedPort();
}
