using Telelaunch.Targets.Dotnet;
using Xunit;

namespace Telelaunch.Targets.Tests.Dotnet;

[Collection(PublishedPrograms.Collection)]
public sealed class DotnetProgramTests(PublishedPrograms published)
{
    private static readonly string Muxer = CommandSearch.Find("dotnet", Environment.GetEnvironmentVariable("PATH")).Path;

    [Fact]
    public void AppHost_LeadsToTheAssemblyBesideIt()
    {
        var program = Inspect([published.FrameworkDependent])!;
        Assert.Equal(DotnetKind.AppHost, program.Kind);
        Assert.Equal(published.FrameworkDependent + ".dll", program.Assembly);
        Assert.Equal("net10.0", program.TargetFramework);
        Assert.Equal(ConfigPlace.File, program.ConfigPlace);
        Assert.Equal("10.0.5", program.Frameworks.Single().Version.ToString());
        Assert.Null(program.Fault);
        Assert.False(program.IsTrimmed);
        Assert.Equal(HookMethod.AsItIs, HookPlan.Of(program).Method);
    }

    [Fact]
    public void RenamedAndLinkedAppHost_StillLeadsToItsAssembly()
    {
        var folder = Path.GetDirectoryName(published.FrameworkDependent)!;
        var renamed = Path.Combine(folder, "renamed");
        File.Copy(published.FrameworkDependent, renamed, overwrite: true);
        var link = Path.Combine(published.Folder, "link");
        File.CreateSymbolicLink(link, renamed);
        Assert.Equal(published.FrameworkDependent + ".dll", Inspect([link])!.Assembly);
    }

    [Fact]
    public void AppHostWithoutItsAssembly_IsAFault()
    {
        var alone = Path.Combine(Directory.CreateDirectory(Path.Combine(published.Folder, "alone")).FullName, "small");
        File.Copy(published.FrameworkDependent, alone, overwrite: true);
        Assert.Equal("dotnet-assembly-missing", Inspect([alone])!.Fault!.Code);
    }

    [Theory]
    [InlineData("exec")]
    [InlineData(null)]
    public void Muxer_StartsTheNamedAssembly(string? exec)
    {
        string[] words = [Muxer, .. exec is null ? (string[])[] : [exec], "--roll-forward", "Major", published.Older + ".dll", "--argument"];
        var program = Inspect(words)!;
        Assert.Equal(DotnetKind.Muxer, program.Kind);
        Assert.Equal(published.Older + ".dll", program.Assembly);
        Assert.Equal("net8.0", program.TargetFramework);
        Assert.Equal("the muxer's folder", program.Root!.Source);
        Assert.NotNull(program.Frameworks.Single().Version);
    }

    [Fact]
    public void Muxer_NamesAnAssemblyThatIsMissing() => Assert.Equal("dotnet-assembly-missing", Inspect([Muxer, "no-such.dll"])!.Fault!.Code);

    [Fact]
    public void RuntimeThatIsMissing_IsAFaultWithWhatThereIs()
    {
        var fault = Inspect([published.Older], installed: ["9.0.1", "10.0.5"])!.Fault!;
        Assert.Equal("dotnet-runtime-missing", fault.Code);
        Assert.Contains("asks for Microsoft.NETCore.App 8.0.0", fault.Cause);
        Assert.Contains("has 9.0.1, 10.0.5", fault.Cause);
        Assert.Contains("DOTNET_ROLL_FORWARD=Major", fault.Remedy);
    }

    [Fact]
    public void RollForwardOfTheEnvironment_Counts() =>
        Assert.Equal("9.0.1", Inspect([published.Older], installed: ["9.0.1", "10.0.5"], rollForward: "major")!.Frameworks.Single().Version.ToString());

    [Fact]
    public void FolderWithoutInstallation_IsAFault() =>
        Assert.Equal("dotnet-runtime-missing", Inspect([published.FrameworkDependent], root: Directory.CreateDirectory(Path.Combine(published.Folder, "empty")).FullName)!.Fault!.Code);

    [Fact]
    public void VariableWhoseFolderIsMissing_IsPassedOver() => Assert.NotEqual("DOTNET_ROOT", Inspect([published.FrameworkDependent], root: "/no/such/installation")!.Root!.Source);

    [Fact]
    public void SelfContained_BringsItsRuntimeAlong()
    {
        var program = Inspect([published.SelfContained])!;
        Assert.Equal(DotnetKind.SelfContained, program.Kind);
        Assert.True(program.Config!.IsSelfContained);
        Assert.Null(program.Root);
        Assert.False(program.IsTrimmed);
        Assert.True(program.CanCallHooks);
        Assert.Equal(HookMethod.AsItIs, HookPlan.Of(program).Method);
    }

    [Fact]
    public void SingleFile_HidesItsConfigInTheBundle()
    {
        var program = Inspect([published.SingleFile])!;
        Assert.Equal(DotnetKind.SingleFile, program.Kind);
        Assert.Equal("small.dll", program.Assembly);
        Assert.Equal("net10.0", program.TargetFramework);
        Assert.Equal(ConfigPlace.Bundle, program.ConfigPlace);
        Assert.Equal("10.0.5", program.Frameworks.Single().Version.ToString());
        var plan = HookPlan.Of(program);
        Assert.Equal((HookMethod.None, "hook-off-in-bundle"), (plan.Method, plan.Code));
    }

    [Fact]
    public void CompressedSelfContainedSingleFile_IsReadAllTheSame()
    {
        var program = Inspect([published.SelfContainedSingleFile])!;
        Assert.Equal(DotnetKind.SelfContainedSingleFile, program.Kind);
        // Both lie compressed in it.
        Assert.Equal("net10.0", program.TargetFramework);
        Assert.True(program.CanCallHooks);
        Assert.False(program.IsTrimmed);
        Assert.Null(program.Fault);
        using var file = File.OpenHandle(published.SelfContainedSingleFile);
        Assert.True(Bundle.Read(file, DotnetMarks.Read(file)!.BundleOffset!.Value)!.Find("small.dll")!.CompressedSize > 0);
    }

    [Fact]
    public void Trimmed_HasLostTheCodeThatCallsHooks()
    {
        var program = Inspect([published.Trimmed])!;
        Assert.Equal(DotnetKind.SelfContained, program.Kind);
        Assert.True(program.IsTrimmed);
        Assert.False(program.CanCallHooks);
        Assert.Equal((HookMethod.None, "hook-trimmed-away"), (HookPlan.Of(program).Method, HookPlan.Of(program).Code));
        Assert.True(AttachPlan.Of(program, _ => null).IsPossible);
    }

    [Fact]
    public void NativeAot_HasNoRuntime()
    {
        var program = Inspect([published.NativeAot])!;
        Assert.Equal(DotnetKind.NativeAot, program.Kind);
        Assert.Equal("hook-native-aot", HookPlan.Of(program).Code);
        Assert.False(AttachPlan.Of(program, _ => null).IsPossible);
    }

    [Fact]
    public void HooksSwitchedOff_AreRepairedInMemory()
    {
        var program = Inspect([published.WithConfig("hooks-off", PublishedPrograms.HooksOff)])!;
        Assert.False(program.Config!.HasStartupHooks);
        Assert.Equal(HookMethod.AfterRepair, HookPlan.Of(program).Method);
    }

    [Fact]
    public void ConfigThatIsNoJson_IsAFault() => Assert.Equal("dotnet-config-invalid", Inspect([published.WithConfig("no-json", _ => "{")])!.Fault!.Code);

    [Fact]
    public void PipeInPlaceOfTheConfig_IsNotWaitedFor()
    {
        var program = published.WithConfig("pipe", text => text);
        var config = program + ".runtimeconfig.json";
        File.Delete(config);
        using (var made = System.Diagnostics.Process.Start("mkfifo", [config])) made.WaitForExit();
        Assert.Null(Inspect([program])!.Config);
    }

    [Fact]
    public void ScriptOfTheMuxer_IsAFileThatIsRun()
    {
        var script = Path.Combine(published.Folder, "script.cs");
        File.WriteAllText(script, $"#!{Muxer} run\nConsole.WriteLine();\n");
        File.SetUnixFileMode(script, Programs.Executable);
        var program = Inspect([script, "argument"])!;
        Assert.Equal(DotnetKind.Sdk, program.Kind);
        Assert.Equal(("run", script, true), (program.Sdk!.Verb, program.Sdk.Project, program.Sdk.IsFile));
        // The SDK publishes such files ahead of time unless they say otherwise, and switches hooks off in their builds for it.
        Assert.Equal(HookMethod.AfterRepair, HookPlan.Of(program).Method);
    }

    [Fact]
    public void SdkCommand_LeadsToWhatWasBuiltLast()
    {
        var folder = Directory.CreateDirectory(Path.Combine(published.Folder, "project")).FullName;
        File.WriteAllText(Path.Combine(folder, "web.csproj"), "<Project><PropertyGroup><TargetFramework>net10.0</TargetFramework><AssemblyName>small</AssemblyName></PropertyGroup></Project>");
        var before = Inspect([Muxer, "run"], folder: folder)!;
        Assert.Equal(Path.Combine(folder, "web.csproj"), before.Project!.Path);
        Assert.Null(before.Assembly);
        Assert.Equal(HookMethod.AsItIs, HookPlan.Of(before).Method);

        var built = Path.Combine(folder, "bin", "Debug", "net10.0");
        Directory.CreateDirectory(Path.GetDirectoryName(built)!);
        Directory.Move(Path.GetDirectoryName(published.WithConfig("built", PublishedPrograms.HooksOff))!, built);
        var after = Inspect([Muxer, "run"], folder: folder)!;
        Assert.Equal(Path.Combine(built, "small.dll"), after.Assembly);
        Assert.Equal(HookMethod.AfterRepair, HookPlan.Of(after).Method);
    }

    [Fact]
    public void ToolOfTheSdk_GetsNoHook() => Assert.Equal("hook-not-in-tools", HookPlan.Of(Inspect([Muxer, "build"])!).Code);

    [Theory]
    [InlineData("/bin/ls")]
    [InlineData("/bin/sh")]
    public void OtherProgram_IsNotDotnet(string path) => Assert.Null(Inspect([path]));

    [Fact]
    public void DamagedPrograms_AreReadWithoutFailure()
    {
        // Not for its size: the one with the longest chain of structures, from ELF over the bundle to JSON and IL, and the one with a runtimeconfig beside it.
        var random = new Random(20261123);
        foreach (var original in (string[])[published.SingleFile, published.FrameworkDependent])
        {
            var bytes = File.ReadAllBytes(original);
            using var file = File.OpenHandle(original);
            var manifest = (int)DotnetMarks.Read(file)!.BundleOffset!.Value;
            var path = Path.Combine(Path.GetDirectoryName(original)!, "damaged");
            for (var round = 0; round < 400; round++)
            {
                var damaged = bytes.ToArray();
                for (var change = random.Next(1, 9); change > 0; change--)
                {
                    // The headers and the manifest, where a byte means something, more often than the rest.
                    var at = random.Next(3) switch { 0 => random.Next(4, 600), 1 when manifest > 0 => random.Next(manifest, bytes.Length), _ => random.Next(4, bytes.Length) };
                    damaged[at] = (byte)(random.Next(2) == 0 ? random.Next(256) : 0xff);
                }
                if (round % 4 == 0) damaged = damaged[..random.Next(bytes.Length)];
                File.WriteAllBytes(path, damaged);
                var program = Inspect([path]);
                if (program is not null) _ = (HookPlan.Of(program), AttachPlan.Of(program, _ => null));
            }
            File.Delete(path);
        }
    }

    private DotnetProgram? Inspect(string[] words, string[]? installed = null, string? root = null, string? rollForward = null, string? folder = null)
    {
        root ??= published.Installation(installed ?? ["8.0.1", "10.0.5"]);
        return DotnetProgram.Inspect(TargetProgram.Inspect(words[0], "/usr/bin:/bin"), words,
            new DotnetPlace(name => name switch { "DOTNET_ROOT" => root, "DOTNET_ROLL_FORWARD" => rollForward, _ => null }, folder ?? published.Folder));
    }
}
