using Telelaunch.Cli.Launch;

namespace Telelaunch.Cli.Tests.Launch;

public sealed class HookFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("telelaunch-hook-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void ShippedHook_LoadsOnEveryRuntime_AndIsPlaced()
    {
        var hook = HookFile.Install(Path.Combine(AppContext.BaseDirectory, "Telelaunch.StartupHook.dll"), () => [_folder]);
        Assert.Null(hook.Obstacle);
        Assert.StartsWith(Path.Combine(_folder, "hook"), hook.Path, StringComparison.Ordinal);
        Assert.Equal("Telelaunch.StartupHook.dll", Path.GetFileName(hook.Path));
    }

    [Fact]
    public void HookBuiltTooNew_IsNotPassedOn()
    {
        // This test's own assembly: .NET 10.
        var hook = HookFile.Install(typeof(HookFileTests).Assembly.Location, () => [_folder]);
        Assert.Null(hook.Path);
        Assert.Contains("is built for .NETCoreApp,Version=v10.0", hook.Obstacle, StringComparison.Ordinal);
    }

    [Fact]
    public void MissingHook_IsOneLine()
    {
        var hook = HookFile.Install(Path.Combine(_folder, "none.dll"), () => [_folder]);
        Assert.Null(hook.Path);
        Assert.Contains("none.dll", hook.Obstacle, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', hook.Obstacle!);
    }

    [Theory]
    [InlineData("")]
    [InlineData("MZ, and then no assembly")]
    public void FileThatIsNoAssembly_IsNotPassedOn(string content)
    {
        var file = Path.Combine(_folder, "Telelaunch.StartupHook.dll");
        File.WriteAllText(file, content);
        var hook = HookFile.Install(file, () => [_folder]);
        Assert.Null(hook.Path);
        Assert.NotNull(hook.Obstacle);
    }

    [Fact]
    public void NoPlace_IsOneLine() =>
        Assert.Contains("no folder", HookFile.Install(Path.Combine(AppContext.BaseDirectory, "Telelaunch.StartupHook.dll"), () => ["/proc/nowhere"]).Obstacle, StringComparison.Ordinal);

    [Theory]
    [InlineData(".NETStandard,Version=v2.0", true)]
    [InlineData(".NETStandard,Version=v2.1", true)]
    [InlineData(".NETCoreApp,Version=v8.0", true)]
    [InlineData(".NETCoreApp,Version=v6.0", true)]
    [InlineData(".NETCoreApp,Version=v9.0", false)]
    [InlineData(".NETCoreApp,Version=v", false)]
    [InlineData(".NETFramework,Version=v4.8", false)]
    [InlineData(null, false)]
    public void Framework_IsJudged(string? framework, bool isFine) => Assert.Equal(isFine, HookFile.Judge(framework) is null);
}
