using Telelaunch.Cli.Launch;
using Telelaunch.Net;

namespace Telelaunch.Cli.Tests.Launch;

public sealed class ShimFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("telelaunch-shim-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Copy_HasTheContent_AndIsFoundAgain()
    {
        var first = ShimFile.Install(Shipped("one"), [_folder]);
        Assert.Equal("one", File.ReadAllText(first));
        var written = File.GetLastWriteTimeUtc(first);
        Assert.Equal(first, ShimFile.Install(Shipped("one"), [_folder]));
        Assert.Equal(written, File.GetLastWriteTimeUtc(first));
        Assert.Single(Directory.GetFiles(Path.GetDirectoryName(first)!));
    }

    [Fact]
    public void OtherContent_HasAnotherPath() => Assert.NotEqual(ShimFile.Install(Shipped("one"), [_folder]), ShimFile.Install(Shipped("two"), [_folder]));

    [Fact]
    public void DamagedCopy_IsMadeAnew()
    {
        var path = ShimFile.Install(Shipped("one"), [_folder]);
        File.WriteAllText(path, "damaged");
        ShimFile.Install(Shipped("one"), [_folder]);
        Assert.Equal("one", File.ReadAllText(path));
    }

    [Theory]
    [InlineData("with blank")]
    [InlineData("with:colon")]
    public void FolderThatPreloadWouldSplit_IsPassedOver(string name)
    {
        var other = Path.Combine(_folder, "plain");
        Assert.StartsWith(other, ShimFile.Install(Shipped("one"), [Path.Combine(_folder, name), other]), StringComparison.Ordinal);
    }

    [Fact]
    public void NoPlaceAtAll_IsToldWithARemedy() =>
        Assert.Equal("shim-not-placed", Assert.Throws<HostException>(() => ShimFile.Install(Shipped("one"), ["/proc/nowhere"])).Code);

    [Fact]
    public void MissingShim_IsToldWithARemedy() =>
        Assert.Equal("shim-missing", Assert.Throws<HostException>(() => ShimFile.Install(Path.Combine(_folder, "none"), [_folder])).Code);

    private string Shipped(string content)
    {
        var path = Path.Combine(_folder, "libtelelaunch.so");
        File.WriteAllText(path, content);
        return path;
    }
}
