using System.Diagnostics;
using Telelaunch.Cli.Commands;
using Telelaunch.Cli.Launch;
using Telelaunch.Cli.Options;
using Xunit;

namespace Telelaunch.Cli.Tests.Launch;

public sealed class PreparedCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("telelaunch-prepared-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void ProgramThatNoHookGetsInto_IsToldWhereATraceWasAskedFor()
    {
        var program = CommandWords.OfText(NativeAot());
        Assert.Empty(PreparedCommand.Find(program, CatchMethod.Auto, trace: false).Warnings);
        var warning = Assert.Single(PreparedCommand.Find(program, CatchMethod.Auto, trace: true).Warnings);
        Assert.StartsWith("--trace shows connections and nothing of managed code: ", warning);
        Assert.Contains("NativeAOT", warning);
        Assert.DoesNotContain('\n', warning);
    }

    [Fact]
    public void MethodWithoutShim_HasNoManagedTrace()
    {
        Assert.Contains("without the shim", Assert.Single(PreparedCommand.Find(CommandWords.OfText(NativeAot()), CatchMethod.VpnTcp, trace: true).Warnings));
        Assert.Empty(PreparedCommand.Find(CommandWords.OfText("ls"), CatchMethod.VpnTcp, trace: true).Warnings);
    }

    [Theory]
    [InlineData("ls")]
    [InlineData("dotnet")]
    public void ProgramThatLosesNothing_HasNoWarning(string name)
    {
        string[] words = name == "dotnet" ? ["dotnet", Path.Combine(AppContext.BaseDirectory, "CommandHost.dll")] : [name];
        Assert.Empty(PreparedCommand.Find(CommandWords.OfText(words), CatchMethod.Auto, trace: true).Warnings);
    }

    [Fact]
    public void Examination_NamesEachFindingAndItsRemedy()
    {
        var found = ProgramExamination.Of(CommandWords.OfText("dotnet", Path.Combine(AppContext.BaseDirectory, "CommandHost.dll")), CatchMethod.Auto);
        Assert.Equal(["program", "traffic", "runtime", "config", "hook", "attach"], found.Checks.Select(check => check.Name));
        Assert.All(found.Checks, check => Assert.Equal(DoctorStatus.Ok, check.Status));
        Assert.Equal(("Muxer", "net10.0", "hook-as-it-is", true), (found.Findings!.Kind, found.Findings.TargetFramework, found.Findings.HookCode, found.Findings.CanAttach));

        var native = ProgramExamination.Of(CommandWords.OfText(NativeAot()), CatchMethod.Auto);
        Assert.Equal(DoctorStatus.Warn, native.Checks.Single(check => check.Name == "hook").Status);
        var missing = Assert.Single(ProgramExamination.Of(CommandWords.OfText("no-such-program"), CatchMethod.Auto).Checks);
        Assert.Equal(("program", DoctorStatus.Fail), (missing.Name, missing.Status));
        Assert.NotNull(missing.Remedy);
    }

    /// <summary>A program with the section in which the compiler for NativeAOT puts managed code.</summary>
    private string NativeAot()
    {
        var path = Path.Combine(_folder, "native");
        if (File.Exists(path)) return path;
        var start = new ProcessStartInfo("gcc") { RedirectStandardInput = true };
        foreach (var argument in (string[])["-x", "c", "-", "-o", path]) start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        process.StandardInput.Write("__attribute__((section(\"__managedcode\"))) int managed(void) { return 0; }\nint main(void) { return managed(); }\n");
        process.StandardInput.Close();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return path;
    }
}
