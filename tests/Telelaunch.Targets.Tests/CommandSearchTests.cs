using Xunit;

namespace Telelaunch.Targets.Tests;

public sealed class CommandSearchTests(Programs programs) : IClassFixture<Programs>
{
    [Fact]
    public void PlainName_IsFoundInPath() =>
        Assert.Equal(new(CommandSearchStatus.Found, "/bin/sh", ""), CommandSearch.Find("sh", "/nowhere:/bin"));

    [Fact]
    public void NoPath_SearchesTheDefault() => Assert.Equal("/bin/sh", CommandSearch.Find("sh", null).Path);

    [Fact]
    public void UnknownName_IsNotFound() => Assert.Equal(CommandSearchStatus.NotFound, CommandSearch.Find("no-such-command", "/bin").Status);

    [Fact]
    public void EmptyName_IsNotFound() => Assert.Equal(CommandSearchStatus.NotFound, CommandSearch.Find("", "/bin").Status);

    [Fact]
    public void Directory_IsNotExecutable() => Assert.Equal("is a directory", CommandSearch.Find("/tmp", "/bin").Reason);

    [Fact]
    public void FileWithoutPermission_IsNotExecutable()
    {
        var path = programs.Script("plain", "#!/bin/sh\n", UnixFileMode.UserRead);
        Assert.Equal(new(CommandSearchStatus.NotExecutable, path, "has no execute permission"), CommandSearch.Find(path, null));
    }

    [Fact]
    public void RefusedCandidate_DoesNotEndTheSearch()
    {
        var later = Directory.CreateDirectory(Path.Combine(programs.Folder, "later")).FullName;
        programs.Script("twice", "#!/bin/sh\n", UnixFileMode.UserRead);
        File.Copy("/bin/true", Path.Combine(later, "twice"));
        Assert.Equal(Path.Combine(later, "twice"), CommandSearch.Find("twice", $"{programs.Folder}:{later}").Path);
    }

    [Fact]
    public void OnlyRefusedCandidates_AreNotExecutable()
    {
        programs.Script("once", "#!/bin/sh\n", UnixFileMode.UserRead);
        Assert.Equal(CommandSearchStatus.NotExecutable, CommandSearch.Find("once", $"{programs.Folder}:/bin").Status);
    }
}
