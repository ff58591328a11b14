using Telelaunch.Cli.Variables;

namespace Telelaunch.Cli.Tests.Variables;

public sealed class EnvironmentFilterTests
{
    private const string Container = "PATH=/bin\0DB_HOST=db\0DB_PASSWORD=x\0db_host=other\0HOME=/\0LD_PRELOAD=/evil.so\0TELELAUNCH_SESSION=/evil\0";

    [Theory]
    [InlineData("", "", "", "DB_HOST=db|DB_PASSWORD=x|db_host=other")]
    [InlineData("DB_*", "", "", "DB_HOST=db|DB_PASSWORD=x")]
    [InlineData("PATH,HOME", "", "", "PATH=/bin|HOME=/")]
    [InlineData("*", "", "", "PATH=/bin|DB_HOST=db|DB_PASSWORD=x|db_host=other|HOME=/")]
    [InlineData("LD_PRELOAD,TELELAUNCH_*", "", "", "")]
    [InlineData("", "*_PASSWORD", "", "DB_HOST=db|db_host=other")]
    [InlineData("DB_*", "DB_PASSWOR?", "", "DB_HOST=db")]
    [InlineData("", "", "DB_HOST=mine,NEW=1,PATH=/my", "DB_HOST=mine|DB_PASSWORD=x|db_host=other|NEW=1|PATH=/my")]
    [InlineData("NOTHING", "", "NEW=", "NEW=")]
    [InlineData("", "*", "DB_HOST=mine", "DB_HOST=mine")]
    public void DefaultsThenIncludeThenExcludeThenOverride(string includes, string excludes, string overrides, string passed) =>
        Assert.Equal(passed, ContainerEnvironmentTests.Entries(Filter(includes, excludes, overrides).Apply(ContainerEnvironmentTests.Of(Container)).Passed));

    [Fact]
    public void WhatIsLeftOut_IsTold_ButNotWhatIsOverridden() => Assert.Equal(
        ["HOME", "LD_PRELOAD", "TELELAUNCH_SESSION"],
        Filter("", "", "PATH=/my").Apply(ContainerEnvironmentTests.Of(Container)).LeftOut.Select(variable => variable.ShownName));

    [Theory]
    [InlineData("DOTNET_STARTUP_HOOKS")]
    [InlineData("DOTNET_gcServer")]
    [InlineData("DOTNET_GCHeapHardLimitPercent")]
    [InlineData("DOTNET_EnableDiagnostics")]
    [InlineData("CORECLR_PROFILER_PATH")]
    [InlineData("COR_ENABLE_PROFILING")]
    [InlineData("HOSTNAME")]
    [InlineData("PWD")]
    [InlineData("TMPDIR")]
    [InlineData("LD_LIBRARY_PATH")]
    [InlineData("JAVA_HOME")]
    [InlineData("GOPATH")]
    [InlineData("PYTHONPATH")]
    [InlineData("GEM_HOME")]
    public void WhatMeansTheContainersOwnFilesOrRuntime_IsLeftOutByDefault(string name)
    {
        Assert.Empty(Filter("", "", "").Apply(ContainerEnvironmentTests.Of($"{name}=x\0")).Passed.Variables);
        Assert.Single(Filter(name, "", "").Apply(ContainerEnvironmentTests.Of($"{name}=x\0")).Passed.Variables);
    }

    [Theory]
    [InlineData("ASPNETCORE_URLS")]
    [InlineData("DOTNET_ENVIRONMENT")]
    [InlineData("KUBERNETES_SERVICE_HOST")]
    [InlineData("path")]
    [InlineData("PATHS")]
    public void WhatTheApplicationReads_IsPassed(string name) => Assert.Single(Filter("", "", "").Apply(ContainerEnvironmentTests.Of($"{name}=x\0")).Passed.Variables);

    private static EnvironmentFilter Filter(string includes, string excludes, string overrides) => new(
        [.. Split(includes).Select(text => new NameGlob(text))],
        [.. Split(excludes).Select(text => new NameGlob(text))],
        [.. Split(overrides).Select(text => text.Split('=')).Select(words => ContainerVariable.OfText(words[0], words[1]))]);

    private static string[] Split(string list) => list.Split(',', StringSplitOptions.RemoveEmptyEntries);
}
