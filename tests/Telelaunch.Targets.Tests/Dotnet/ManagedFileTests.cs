using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Telelaunch.Targets.Dotnet;
using Xunit;

namespace Telelaunch.Targets.Tests.Dotnet;

public sealed class ManagedFileTests
{
    private static readonly string Own = typeof(ManagedFileTests).Assembly.Location;

    [Fact]
    public void OwnAssembly_TellsItsTargetFramework() =>
        Assert.Equal(new ManagedFile("Telelaunch.Targets.Tests", "net10.0", false), ManagedFile.Parse([.. File.ReadAllBytes(Own)]));

    [Fact]
    public void AssemblyOfTheFramework_IsReadyToRun() => Assert.True(ManagedFile.Parse([.. File.ReadAllBytes(typeof(System.Text.Json.JsonDocument).Assembly.Location)])!.IsReadyToRun);

    [Fact]
    public void CoreLibraryThatIsComplete_IsNotTrimmed() =>
        Assert.Equal(new CoreLibrary(false, true), ManagedFile.ParseCoreLibrary([.. File.ReadAllBytes(typeof(object).Assembly.Location)]));

    [Fact]
    public void OtherAssembly_IsNoCoreLibrary() => Assert.Null(ManagedFile.ParseCoreLibrary([.. File.ReadAllBytes(Own)]));

    [Theory]
    [InlineData(".NETCoreApp,Version=v8.0", "net8.0")]
    [InlineData(".NETCoreApp,Version=v3.1", "netcoreapp3.1")]
    [InlineData(".NETStandard,Version=v2.0", "netstandard2.0")]
    [InlineData(".NETFramework,Version=v4.7.2", "net472")]
    [InlineData("Silverlight", "Silverlight")]
    public void TargetFramework_IsSpelledAsInAProject(string framework, string expected) => Assert.Equal(expected, ManagedFile.ShortName(framework));

    [Fact]
    public void DamagedAssembly_IsNoneOrReadInPart()
    {
        var bytes = File.ReadAllBytes(typeof(ManagedFile).Assembly.Location);
        var random = new Random(20261123);
        var refused = 0;
        for (var round = 0; round < 500; round++)
        {
            var damaged = bytes.ToArray();
            for (var change = random.Next(1, 40); change > 0; change--) damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            if (round % 3 == 0) damaged = damaged[..random.Next(damaged.Length)];
            var image = ImmutableCollectionsMarshal.AsImmutableArray(damaged);
            if (ManagedFile.Parse(image) is null) refused++;
            _ = ManagedFile.ParseCoreLibrary(image);
        }
        // A cut is always noticed but where only the last section's padding is missing.
        Assert.InRange(refused, 100, 500);
    }
}
