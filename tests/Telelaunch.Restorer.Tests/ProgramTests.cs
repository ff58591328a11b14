using System.Diagnostics;

namespace Telelaunch.Restorer.Tests;

public class ProgramTests
{
    [Theory]
    [InlineData]
    [InlineData("lease", "deployment/web")]
    [InlineData("lease", "pod/web", "s1")]
    [InlineData("lease", "deployment/Web", "s1")]
    [InlineData("lease", "deployment/web", "s1", "more")]
    public async Task ArgumentsThatAreNone_AreSaidAndEndWith2(params string[] arguments)
    {
        using var program = Process.Start(new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "telelaunch-restorer"), arguments) { RedirectStandardError = true })!;
        var errors = await program.StandardError.ReadToEndAsync();
        await program.WaitForExitAsync();

        Assert.Equal(2, program.ExitCode);
        Assert.StartsWith("telelaunch-restorer: bad-arguments: ", errors, StringComparison.Ordinal);
        Assert.Contains("telelaunch-restorer LEASE [TYPE/NAME SESSION]", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OutsideOfACluster_ItSaysSoAndEndsWith1()
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "telelaunch-restorer"), ["lease"]) { RedirectStandardError = true };
        start.Environment.Clear();
        start.Environment["HOME"] = "/nowhere";
        foreach (var name in (string[])["DOTNET_ROOT", "PATH"]) start.Environment[name] = Environment.GetEnvironmentVariable(name);
        using var program = Process.Start(start)!;
        var errors = await program.StandardError.ReadToEndAsync();
        await program.WaitForExitAsync();

        Assert.Equal(1, program.ExitCode);
        Assert.StartsWith("telelaunch-restorer: kubeconfig-", errors, StringComparison.Ordinal);
    }
}
