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
    public void MoreThanTheTableHolds_TheOldestHalfIsForgotten()
    {
        var learnt = new LearntAddresses(_table, AddressRanges.Empty);
        for (int i = 0; i <= VerdictTable.MaximumSingles; i++)
            learnt.Learn("web", [Address(i)]);

        Assert.Equal((VerdictTable.MaximumSingles / 2) + 1, _table.SingleCount);
        Assert.False(learnt.GoesToCluster(Address(0)));
        Assert.True(learnt.GoesToCluster(Address(VerdictTable.MaximumSingles)));
        learnt.Learn("web", [Address(0)]);
        Assert.True(learnt.GoesToCluster(Address(0)));
    }

    [Fact]
    public void NameOf_IsTheLastOneThatGaveTheAddress()
    {
        var learnt = new LearntAddresses(_table, AddressRanges.Empty);
        learnt.Learn("a", [Address(1)]);
        learnt.Learn("b", [Address(1)]);
        Assert.Equal("b", learnt.NameOf(Address(1)));
        Assert.Null(learnt.NameOf(Address(2)));
    }

    private static IPAddress Address(int number) => new([11, (byte)(number >> 16), (byte)(number >> 8), (byte)number]);
}
