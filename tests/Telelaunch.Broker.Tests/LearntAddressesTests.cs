using System.Net;
using Telelaunch.Net;

namespace Telelaunch.Broker.Tests;

public sealed class LearntAddressesTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("tl").FullName;
    private readonly VerdictTable _table;

    public LearntAddressesTests() => _table = new VerdictTable(Path.Combine(_directory, "table"));

    public void Dispose()
    {
        _table.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task MoreThanTheTableHolds_TheOldestHalfIsForgotten()
    {
        using var learnt = new LearntAddresses(_table, AddressRanges.Empty);
        for (int i = 0; i <= VerdictTable.MaximumSingles; i++)
            await learnt.LearnAsync("web", [Address(i)], CancellationToken.None);

        Assert.Equal((VerdictTable.MaximumSingles / 2) + 1, _table.SingleCount);
        Assert.False(learnt.GoesToCluster(Address(0)));
        Assert.True(learnt.GoesToCluster(Address(VerdictTable.MaximumSingles)));
        await learnt.LearnAsync("web", [Address(0)], CancellationToken.None);
        Assert.True(learnt.GoesToCluster(Address(0)));
    }

    [Fact]
    public async Task NameOf_IsTheLastOneThatGaveTheAddress()
    {
        using var learnt = new LearntAddresses(_table, AddressRanges.Empty);
        await learnt.LearnAsync("a", [Address(1)], CancellationToken.None);
        await learnt.LearnAsync("b", [Address(1)], CancellationToken.None);
        Assert.Equal("b", learnt.NameOf(Address(1)));
        Assert.Null(learnt.NameOf(Address(2)));
    }

    private static IPAddress Address(int number) => new([11, (byte)(number >> 16), (byte)(number >> 8), (byte)number]);
}
