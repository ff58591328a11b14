using System.Buffers.Text;
using System.Diagnostics;
using System.Security.Cryptography;
using Telelaunch.Impairment;
using Xunit;

namespace Telelaunch.EndToEnd;

/// <summary>A <c>telelaunch run</c> whose way to the API server can be broken, with <c>flows.py</c> as its command.</summary>
internal sealed class FaultSession : IAsyncDisposable
{
    public const string DownBanner = "THE TUNNEL TO THE CLUSTER IS DOWN";
    public const string LostBanner = "THE TUNNEL TO THE CLUSTER IS LOST FOR GOOD";
    public const string BackNotice = "the tunnel to the cluster is back";

    /// <summary>What a slow reader gets: more than the windows and buffers on its side of the way hold, so that a fault meets it in the middle.</summary>
    public const int DownSize = 32 * 1024 * 1024;

    private static readonly string[] Names = ["down", "up", "idle"];

    private readonly TestCluster _cluster;

    private FaultSession(TestCluster cluster, ImpairedLink link, ProcessRun run)
    {
        _cluster = cluster;
        Link = link;
        Run = run;
    }

    public ImpairedLink Link { get; }

    public ProcessRun Run { get; }

    /// <summary>Starts it and waits until the command runs.</summary>
    public static async Task<FaultSession> StartAsync(TestCluster cluster, string carrier, TimeSpan distance = default, params string[] options)
    {
        var link = ImpairedLink.StartBefore(cluster.Kubeconfig, distance);
        try
        {
            var variables = cluster.Variables(("KUBECONFIG", link.KubeconfigThrough(cluster.Kubeconfig)));
            var run = ProcessRun.Start(TestCluster.Telelaunch, ["run", "--tunnel", carrier, .. options, "--", "python3", Programs.Source("flows.py")], variables);
            var session = new FaultSession(cluster, link, run);
            await run.WaitForLineAsync("ready");
            return session;
        }
        catch
        {
            link.Dispose();
            throw;
        }
    }

    /// <summary>Opens one flow of each kind: one that receives, one that sends, one that waits. All are in the middle of it on return.</summary>
    public async Task OpenFlowsAsync()
    {
        await OpenDownAsync("down", DownSize);
        await Run.WriteLineAsync("open up up probe");
        await Run.WriteLineAsync("open idle idle echo");
        foreach (var name in Names) await Run.WaitForLineAsync($"{name} open");
        await Run.WaitForLineAsync("down received");
    }

    public Task OpenDownAsync(string name, int size) => Run.WriteLineAsync($"open {name} down probe {size}");

    /// <summary>All flows of <see cref="OpenFlowsAsync"/> end with ECONNRESET, none with an end of file.</summary>
    /// <returns>From <paramref name="start"/> to when the flow that waits saw it; the others first have what their sockets hold.</returns>
    public async Task<TimeSpan> FlowsAreResetAsync(long start)
    {
        await Run.WaitForLineAsync("idle ended");
        var seen = Stopwatch.GetElapsedTime(start);
        await Run.WriteLineAsync("hurry");
        foreach (var name in Names)
            Assert.True(await Run.WaitForLineAsync($"{name} ended") == $"{name} ended ECONNRESET", Run.ToString());
        return seen;
    }

    /// <summary>Waits until standard error says <paramref name="text"/>; how long that took from <paramref name="start"/>.</summary>
    public async Task<TimeSpan> SaysAsync(string text, long start)
    {
        await Run.WaitForTextAsync(text);
        return Stopwatch.GetElapsedTime(start);
    }

    /// <summary>One connect to the echo Service; the rest of its line: <c>connected MS ms</c> or <c>failed ERRNO MS ms</c>.</summary>
    public async Task<string> ConnectAsync(string name, string? host = null, int port = 7)
    {
        await Run.WriteLineAsync($"connect {name} {host ?? await _cluster.ClusterAddressAsync("echo")} {port}");
        return (await Run.WaitForLineAsync($"{name} "))[(name.Length + 1)..];
    }

    /// <summary>A new connect works, and new bytes are the right ones.</summary>
    public async Task WorksAsync()
    {
        Assert.True((await ConnectAsync("new")).StartsWith("connected", StringComparison.Ordinal), Run.ToString());
        await Run.WriteLineAsync("hurry");
        await OpenDownAsync("fresh", 1 << 20);
        Assert.True(await Run.WaitForLineAsync("fresh complete") == $"fresh complete {HashOf(1 << 20)}", Run.ToString());
    }

    /// <summary>Ends the command and with it the session; nothing may be left.</summary>
    public async Task EndAsync(int exitCode = 0)
    {
        await Run.WriteLineAsync("quit");
        await Run.WaitForExitAsync();
        Assert.True(Run.ExitCode == exitCode, Run.ToString());
        await _cluster.NothingIsLeftAsync(Run);
    }

    public async ValueTask DisposeAsync()
    {
        await Run.DisposeAsync();
        Link.Dispose();
    }

    /// <summary>What the probe's <c>/bytes/SIZE</c> has as its SHA-256: the stream is SHA-256 in counter mode.</summary>
    public static string HashOf(int size)
    {
        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> block = stackalloc byte[SHA256.HashSizeInBytes];
        Span<byte> number = stackalloc byte[16];
        for (var at = 0; at < size; at += block.Length)
        {
            Utf8Formatter.TryFormat(at / block.Length, number, out var digits);
            SHA256.HashData(number[..digits], block);
            digest.AppendData(block[..Math.Min(block.Length, size - at)]);
        }

        return Convert.ToHexStringLower(digest.GetHashAndReset());
    }
}
