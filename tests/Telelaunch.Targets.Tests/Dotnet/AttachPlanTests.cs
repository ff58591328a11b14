using Telelaunch.Targets.Dotnet;
using Xunit;

namespace Telelaunch.Targets.Tests.Dotnet;

public sealed class AttachPlanTests
{
    [Theory]
    [InlineData("DOTNET_EnableDiagnostics", "0", false)]
    [InlineData("DOTNET_EnableDiagnostics_IPC", "00", false)]
    [InlineData("DOTNET_EnableDiagnostics_Profiler", "0", false)]
    [InlineData("COMPlus_EnableDiagnostics", "0", false)]
    [InlineData("DOTNET_EnableDiagnostics", "1", true)]
    [InlineData("DOTNET_EnableDiagnostics", "", true)]
    [InlineData("DOTNET_EnableDiagnostics_Debugger", "0", true)]
    public void ClosedDiagnosticsPort_CannotBeAttached(string name, string value, bool expected)
    {
        var plan = AttachPlan.Of(new DotnetProgram { Kind = DotnetKind.AppHost, Executable = "/app" }, asked => asked == name ? value : null);
        Assert.Equal(expected, plan.IsPossible);
        Assert.Equal(!expected, plan.Reason.Contains(name, StringComparison.Ordinal));
    }
}
