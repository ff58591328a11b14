using Telelaunch.Cli.Variables;
using Telelaunch.Net;

namespace Telelaunch.Cli.Tests.Variables;

public sealed class EnvironmentFileTests : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("telelaunch-env-");

    private string Name => Path.Combine(_folder.FullName, "env");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void NewFile_IsItsOwnersAlone()
    {
        using (var file = EnvironmentFile.Open("--env-file", Name, EnvironmentFormat.Dotenv)) Assert.Empty(file.Write(ContainerEnvironmentTests.Of("A=1\0")));
        Assert.Equal("A=1\n", File.ReadAllText(Name));
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(Name));
    }

    [Fact]
    public void FileThatEverybodyCouldRead_IsItsOwnersAlone_AndReplacedAsAWhole()
    {
        File.WriteAllText(Name, "LONGER=than what comes\n");
        File.SetUnixFileMode(Name, OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        using (var file = EnvironmentFile.Open("--env-json", Name, EnvironmentFormat.Json)) file.Write(ContainerEnvironmentTests.Of(""));
        Assert.Equal("{}\n", File.ReadAllText(Name));
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(Name));
    }

    [Fact]
    public void SessionThatFails_LeavesNoFile()
    {
        EnvironmentFile.Open("--env-file", Name, EnvironmentFormat.Dotenv).Dispose();
        Assert.False(File.Exists(Name));
    }

    [Fact]
    public void SessionThatFails_LeavesTheFormerContent()
    {
        File.WriteAllText(Name, "A=former\n");
        EnvironmentFile.Open("--env-file", Name, EnvironmentFormat.Dotenv).Dispose();
        Assert.Equal("A=former\n", File.ReadAllText(Name));
    }

    [Fact]
    public void Device_KeepsItsMode()
    {
        var mode = File.GetUnixFileMode("/dev/null");
        using (var file = EnvironmentFile.Open("--env-file", "/dev/null", EnvironmentFormat.Dotenv)) file.Write(ContainerEnvironmentTests.Of("A=1\0"));
        Assert.Equal(mode, File.GetUnixFileMode("/dev/null"));
    }

    [Theory]
    [InlineData("missing/env")]
    [InlineData("")]
    [InlineData(".")]
    public void WhatCannotBeWritten_IsTold(string path)
    {
        var error = Assert.Throws<HostException>(() => EnvironmentFile.Open("--env-file", path.Length == 0 ? "" : Path.Combine(_folder.FullName, path), EnvironmentFormat.Dotenv));
        Assert.Equal("env-file-not-writable", error.Code);
        Assert.StartsWith("--env-file", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FullDisk_IsTold()
    {
        using var file = EnvironmentFile.Open("--env-file", "/dev/full", EnvironmentFormat.Dotenv);
        Assert.Equal("env-file-not-writable", Assert.Throws<HostException>(() => file.Write(ContainerEnvironmentTests.Of("A=1\0"))).Code);
    }
}
