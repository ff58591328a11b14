using Telelaunch.Bench.Measurement;

namespace Telelaunch.Bench.Tests.Measurement;

public sealed class ProcessSetTests
{
    [Fact]
    public async Task OfNetworkNamespace_HasWhoeverIsInItByThen_ButNotTheExcepted()
    {
        await using var first = ChildProcess.Start("unshare", ["--user", "--map-root-user", "--net", "sh", "-c", "echo ready; exec cat"]);
        await first.ReadLineAsync(CancellationToken.None);
        var all = ProcessSet.OfNetworkNamespace(first.Id);
        var others = ProcessSet.OfNetworkNamespace(first.Id, first.Id);
        Assert.Equal(1, all.Threads);
        Assert.Equal(0, others.Threads);

        await using var second = ChildProcess.Start("nsenter", ["--target", $"{first.Id}", "--user", "--net", "sh", "-c", "echo ready; exec cat"]);
        await second.ReadLineAsync(CancellationToken.None);

        Assert.Equal(2, all.Threads);
        Assert.Equal(1, others.Threads);
    }
}
