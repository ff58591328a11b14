using Xunit;

namespace Telelaunch.Targets.Tests;

public sealed class ElfImageTests(Programs programs) : IClassFixture<Programs>
{
    [Fact]
    public void DynamicProgram_HasGlibcLoader()
    {
        var image = ElfImage.Read(programs.Dynamic())!;
        Assert.Equal(CLibrary.Glibc, image.CLibrary);
        Assert.True(image.Is64Bit);
        Assert.False(image.IsGo);
    }

    [Fact]
    public void MuslProgram_HasMuslLoader() => Assert.Equal(CLibrary.Musl, ElfImage.Read(programs.Musl())!.CLibrary);

    [Fact]
    public void StaticProgram_HasNoInterpreter() => Assert.Null(ElfImage.Read(programs.Static())!.Interpreter);

    [Fact]
    public void StaticPositionIndependentProgram_HasNoInterpreter() => Assert.Null(ElfImage.Read(programs.StaticPie())!.Interpreter);

    [Fact]
    public void GoBuildIdNote_IsFound()
    {
        Assert.True(ElfImage.Read(programs.StaticGo())!.IsGo);
        Assert.True(ElfImage.Read(programs.DynamicGo())!.IsGo);
    }

    [Fact]
    public void Machine_IsNamedAsUnameDoes() => Assert.Equal("aarch64", ElfImage.Read(programs.Foreign(183))!.MachineName);

    [Theory]
    [InlineData("")]
    [InlineData("#!/bin/sh\n")]
    [InlineData("\u007fELF")]
    public void NoImageOrCutOff_IsNull(string text) => Assert.Null(ElfImage.Read(programs.Script("no-image", text)));

    [Fact]
    public void InterpreterOutsideTheFile_IsCutOff()
    {
        var bytes = File.ReadAllBytes(programs.Dynamic())[..200];
        var path = Path.Combine(programs.Folder, "cut");
        File.WriteAllBytes(path, bytes);
        Assert.Null(ElfImage.Read(path));
    }
}
