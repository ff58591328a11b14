using Telelaunch.Cli.Commands;
using Telelaunch.Cli.Options;
using Telelaunch.Cli.Variables;

namespace Telelaunch.Cli.Tests.Variables;

public sealed class PlannedVariablesTests
{
    private static readonly EnvironmentFilter Filter = new([], [new("*_TOKEN")], [ContainerVariable.OfText("SET", "hunter2")]);

    [Fact]
    public void ContainerThatCouldBeAsked_IsToldByNames_NeverByValues()
    {
        var plan = PlannedVariables.Of(new(true, Filter, null, null), ContainerEnvironmentTests.Of("PATH=/secret-path\0A=secret-a\0API_TOKEN=secret-token\0"));
        Assert.Equal(["A", "SET"], plan.Passed);
        Assert.Equal(["PATH", "API_TOKEN"], plan.LeftOut);
        Assert.Equal("  + A (the container's)\n  + SET (--env-override)\n  - PATH (left out)\n  - API_TOKEN (left out)\n", plan.Text());
        Assert.DoesNotContain("hunter2", $"{plan}", StringComparison.Ordinal);
    }

    [Fact]
    public void ContainerThatIsNotThereYet_IsToldByPatterns()
    {
        var plan = PlannedVariables.Of(new(true, Filter, null, null), null);
        Assert.Null(plan.Passed);
        Assert.Contains("PATH", plan.Without);
        Assert.Contains("*_TOKEN", plan.Without);
        Assert.Contains("+ SET (--env-override)", plan.Text(), StringComparison.Ordinal);
    }

    [Fact]
    public void NoEnv_PassesOverridesAlone() =>
        Assert.Equal("  nothing of the container's environment\n  + SET (--env-override)\n", PlannedVariables.Of(new(false, Filter, null, null), null).Text());
}
