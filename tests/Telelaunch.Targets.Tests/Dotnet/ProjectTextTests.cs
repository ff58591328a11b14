using Telelaunch.Targets.Dotnet;
using Xunit;

namespace Telelaunch.Targets.Tests.Dotnet;

public sealed class ProjectTextTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("telelaunch-project-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void PlainProperties_AreRead()
    {
        var project = Read("<Project Sdk='x'><PropertyGroup><TargetFrameworks>net8.0; net10.0</TargetFrameworks><AssemblyName>web</AssemblyName><PublishAot>True</PublishAot></PropertyGroup></Project>")!;
        Assert.Equal(["net8.0", "net10.0"], project.TargetFrameworks);
        Assert.Equal(("web", "PublishAot=true", null), (project.AssemblyName, project.HookSwitch, project.Unknown));
    }

    [Theory]
    [InlineData("<PublishTrimmed>true</PublishTrimmed>", "PublishTrimmed=true")]
    [InlineData("<PublishTrimmed>true</PublishTrimmed><StartupHookSupport>true</StartupHookSupport>", null)]
    [InlineData("<StartupHookSupport>false</StartupHookSupport>", "StartupHookSupport=false")]
    [InlineData("<PublishAot>false</PublishAot>", null)]
    public void HookSwitch_IsNamed(string properties, string? expected) => Assert.Equal(expected, Read($"<Project><PropertyGroup>{properties}</PropertyGroup></Project>")!.HookSwitch);

    [Theory]
    [InlineData("<PropertyGroup Condition=\"'$(X)' == ''\"><PublishAot>true</PublishAot></PropertyGroup>", "PublishAot is set under a condition")]
    [InlineData("<PropertyGroup><PublishAot Condition='true'>true</PublishAot></PropertyGroup>", "PublishAot is set under a condition")]
    [InlineData("<PropertyGroup><PublishAot>$(Aot)</PublishAot></PropertyGroup>", "PublishAot refers to other properties")]
    [InlineData("<Import Project='x'/>", "it imports other files")]
    public void WhatTextCannotTell_IsSaid(string body, string expected)
    {
        var project = Read($"<Project>{body}</Project>")!;
        Assert.Null(project.HookSwitch);
        Assert.Equal(expected, project.Unknown);
    }

    [Fact]
    public void DirectoryBuildProps_CountsToo()
    {
        var props = Path.Combine(_folder, "Directory.Build.props");
        File.WriteAllText(props, "<Project/>");
        Assert.Equal($"{props} counts too", Read("<Project/>")!.Unknown);
    }

    [Theory]
    [InlineData("")]
    [InlineData("<Project>")]
    [InlineData("<!DOCTYPE x [<!ENTITY a 'b'>]><Project>&a;</Project>")]
    public void OtherText_IsNoProject(string text) => Assert.Null(Read(text));

    [Fact]
    public void DeepText_IsNoProject() => Assert.Null(Read(string.Concat(Enumerable.Repeat("<a>", 100_000))));

    [Theory]
    [InlineData("Console.WriteLine();", "PublishAot=true")]
    [InlineData("#!/usr/bin/env dotnet\n#:property PublishAot=false\n", null)]
    [InlineData("#:property TargetFramework = net9.0\n#:property PublishAot=false\n#:property StartupHookSupport=false\n", "StartupHookSupport=false")]
    public void SourceFile_IsAheadOfTimeUnlessItSaysOtherwise(string text, string? expected)
    {
        var path = Path.Combine(_folder, "app.cs");
        File.WriteAllText(path, text);
        var project = ProjectText.Read(path, isSource: true)!;
        Assert.Equal(("app", expected), (project.AssemblyName, project.HookSwitch));
    }

    private ProjectText? Read(string text)
    {
        var path = Path.Combine(_folder, "app.csproj");
        File.WriteAllText(path, text);
        return ProjectText.Read(path, isSource: false);
    }
}
