using System.Text;
using Telelaunch.Targets.Dotnet;
using Xunit;

namespace Telelaunch.Targets.Tests.Dotnet;

public sealed class RuntimeConfigTests
{
    private const string Web = """
        // As the host, with comments.
        { "runtimeOptions": { "tfm": "net10.0", "rollForward": "latestminor",
          "frameworks": [ { "name": "Microsoft.NETCore.App", "version": "10.0.0" }, { "name": "Microsoft.AspNetCore.App", "version": "10.0.0-rc.1" } ],
          "configProperties": { "System.StartupHookProvider.IsSupported": false, "System.Diagnostics.Tracing.EventSource.IsSupported": "False", "System.GC.Server": true, "Limit": 5 } } }
        """;

    [Fact]
    public void EveryPart_IsRead()
    {
        var config = Parse("\uFEFF" + Web)!;
        Assert.Equal("net10.0", config.TargetFramework);
        Assert.Equal(["Microsoft.NETCore.App 10.0.0", "Microsoft.AspNetCore.App 10.0.0-rc.1"], config.Frameworks.Select(framework => $"{framework.Name} {framework.Version}"));
        Assert.Equal(RollForward.LatestMinor, config.RollForward);
        Assert.False(config.HasStartupHooks);
        Assert.False(config.HasEventSources);
        Assert.False(config.IsSelfContained);
        Assert.Equal("5", config.Properties["Limit"]);
    }

    [Fact]
    public void WhatIsNotSaid_IsOn()
    {
        var config = Parse("""{ "runtimeOptions": { "includedFrameworks": [ { "name": "Microsoft.NETCore.App", "version": "9.0.1" } ], "rollForward": "7" } }""")!;
        Assert.True(config is { HasStartupHooks: true, HasEventSources: true, IsSelfContained: true, RollForward: null });
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{ \"runtimeOptions\": [] }")]
    [InlineData("{ \"runtimeOptions\": { \"tfm\": \"\\ud800\" } }")]
    public void OtherText_IsNoConfig(string text) => Assert.Null(Parse(text));

    [Fact]
    public void DeepText_IsNoConfig() => Assert.Null(Parse("{ \"runtimeOptions\": " + new string('[', 100_000)));

    [Fact]
    public void MembersOfAnotherKind_ArePassedOver()
    {
        var config = Parse("""{ "runtimeOptions": { "tfm": 1, "framework": "x", "frameworks": [ 1, { "name": 2 }, { "name": "a", "version": "one" } ], "configProperties": [], "rollForward": {} } }""")!;
        Assert.Null(config.TargetFramework);
        Assert.Empty(config.Frameworks);
    }

    private static RuntimeConfig? Parse(string text) => RuntimeConfig.Parse(Encoding.UTF8.GetBytes(text));
}
