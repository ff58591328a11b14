using System.Globalization;
using Xunit;

namespace Telelaunch.EndToEnd;

/// <summary>A .NET program that runs on its own, and what it says when it is asked.</summary>
internal sealed class AttachedLoop : IAsyncDisposable
{
    private readonly ProcessRun _run;
    private int _asked;

    private AttachedLoop(ProcessRun run) => _run = run;

    public int Id => _run.Id;

    public static async Task<AttachedLoop> StartAsync(TestCluster cluster, string form)
    {
        var run = ProcessRun.Start(await AttachForms.PublishAsync(cluster, form), []);
        await run.WaitForLineAsync("ready");
        return new(run);
    }

    /// <summary>Has it do one thing; the rest of its answer's line.</summary>
    public async Task<string> AskAsync(string what, string argument = "")
    {
        var number = $"{++_asked}";
        await _run.WriteLineAsync($"{what} {number} {argument}");
        return (await _run.WaitForLineAsync($"{number} "))[(number.Length + 1)..].Trim();
    }

    /// <summary>It is in the cluster: a new connection and a lookup say so.</summary>
    public async Task IsInAsync(TestCluster cluster)
    {
        Assert.StartsWith("200 hello from the cluster", await AskAsync("http", "http://hello/"), StringComparison.Ordinal);
        Assert.Equal(await cluster.ClusterAddressAsync("hello"), await AskAsync("name", "hello"));
    }

    /// <summary>It is outside, and well: the cluster's name isn't known, this machine's are.</summary>
    public async Task IsOutAsync()
    {
        Assert.StartsWith("failed ", await AskAsync("http", "http://hello/"), StringComparison.Ordinal);
        Assert.StartsWith("failed ", await AskAsync("name", "hello"), StringComparison.Ordinal);
        Assert.Contains("127.0.0.1", await AskAsync("name", "localhost"), StringComparison.Ordinal);
    }

    /// <summary>The longest that it has stood still since the last question, in milliseconds.</summary>
    public Task<string> GapAsync() => AskAsync("gap");

    /// <summary>Resident memory in KiB, open descriptors, threads.</summary>
    public (int Memory, int Descriptors, int Threads) Use()
    {
        var status = File.ReadAllLines($"/proc/{Id}/status");
        return (Number(status, "VmRSS:"), Directory.GetFiles($"/proc/{Id}/fd").Length, Number(status, "Threads:"));
    }

    public ValueTask DisposeAsync()
    {
        if (!_run.HasExited) _run.CloseInput();
        return _run.DisposeAsync();
    }

    public Task EndAsync()
    {
        _run.CloseInput();
        return _run.WaitForExitAsync();
    }

    private static int Number(string[] status, string field) =>
        int.Parse(status.Single(line => line.StartsWith(field, StringComparison.Ordinal))[field.Length..].Replace("kB", "", StringComparison.Ordinal), NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture);
}
