using System.Diagnostics;
using System.Runtime.InteropServices;
using Xunit;

namespace Telelaunch.Targets.Tests;

public sealed class ShimReachTests(Programs programs) : IClassFixture<Programs>
{
    private static readonly ushort Native = (ushort)(RuntimeInformation.OSArchitecture == Architecture.Arm64 ? 183 : 62);

    [Fact]
    public void DynamicProgram_IsCaughtInFull() => Assert.Equal(Reach.Full, Of(programs.Dynamic()).Reach);

    [Fact]
    public void MuslProgram_IsCaughtInFull() => Assert.Equal(Reach.Full, Of(programs.Musl()).Reach);

    [Fact]
    public void StaticProgram_IsNotCaught() => Assert.Equal((Reach.None, "program-static"), Outline(programs.Static()));

    [Fact]
    public void StaticGoProgram_IsNotCaught() => Assert.Equal((Reach.None, "program-go-static"), Outline(programs.StaticGo()));

    [Fact]
    public void GoProgramWithCgo_IsCaughtInPart() => Assert.Equal((Reach.Partial, "program-go-dynamic"), Outline(programs.DynamicGo()));

    [Fact]
    public void DynamicLoaderAsCommand_IsCaughtInFull() => Assert.Equal(Reach.Full, Of(ElfImage.Read(programs.Dynamic())!.Interpreter!).Reach);

    [Fact]
    public void ProgramWithoutShimOfItsMachine_IsNotCaught() =>
        Assert.Equal("program-other-architecture", ShimReach.Of(TargetProgram.Inspect(programs.Dynamic(), null), []).Code);

    [Fact]
    public void Script_IsJudgedByItsInterpreter()
    {
        var script = programs.Script("by-static", $"#!{programs.Static()}\n");
        var reach = Of(script);
        Assert.Equal("program-static", reach.Code);
        Assert.Contains(script, reach.Cause);
    }

    [Fact]
    public void ScriptByEnv_IsJudgedByTheProgramThatEnvFinds()
    {
        programs.Static();
        var script = programs.Script("by-env", "#!/usr/bin/env static\n");
        Assert.Equal("program-static", ShimReach.Of(TargetProgram.Inspect(script, programs.Folder), [Native]).Code);
    }

    [Fact]
    public void SetUserId_IsNotCaught_AndSudoIsToldToGoInFront()
    {
        if (Environment.UserName != "root") return; // Only root can give a file away.
        var sudo = Path.Combine(programs.Folder, "sudo");
        File.Copy(programs.Dynamic(), sudo);
        Process.Start("chown", ["65534", sudo]).WaitForExit();
        File.SetUnixFileMode(sudo, Programs.Executable | UnixFileMode.SetUser);
        var reach = Of(sudo);
        Assert.Equal((Reach.None, "program-privileged"), (reach.Reach, reach.Code));
        Assert.Contains("sudo telelaunch run", reach.Remedy);
    }

    [Fact]
    public void SetUserIdToOneself_IsCaughtInFull()
    {
        var own = Path.Combine(programs.Folder, "own");
        File.Copy(programs.Dynamic(), own);
        File.SetUnixFileMode(own, Programs.Executable | UnixFileMode.SetUser);
        Assert.Equal(Reach.Full, Of(own).Reach);
    }

    private static (Reach, string) Outline(string path) => (Of(path).Reach, Of(path).Code);

    private static ShimReach Of(string path) => ShimReach.Of(TargetProgram.Inspect(path, null), [Native]);
}
