using Telelaunch.Net;

namespace Telelaunch.Volumes.Tests;

public sealed class VolumeCopyTests : IDisposable
{
    private readonly FolderFiles _pod = new();
    private readonly string _host = Directory.CreateTempSubdirectory("telelaunch-copy-").FullName;
    private readonly VolumeCopy _copy;

    public VolumeCopyTests()
    {
        Directory.CreateDirectory(At(""));
        _copy = new VolumeCopy(_pod, new PodVolume("/etc/config", "/vol", IsSmall: true, IsReadOnly: true), At(""));
    }

    public void Dispose()
    {
        _pod.Dispose();
        Directory.Delete(_host, recursive: true);
    }

    [Fact]
    public async Task Copy_HasKubernetesLinks_AndContentThroughThem()
    {
        _pod.Publish("/vol", "1", ("a", "one"), ("b", "two"));

        Assert.True(await _copy.UpdateAsync(CancellationToken.None));

        Assert.Equal("one", File.ReadAllText(At("/a")));
        Assert.Equal("..1", new FileInfo(At("/..data")).LinkTarget);
        Assert.Equal("..data/b", new FileInfo(At("/b")).LinkTarget);
    }

    [Fact]
    public async Task Update_ReplacesAsAWhole_AndRemovesWhatIsGone()
    {
        _pod.Publish("/vol", "1", ("a", "one"), ("gone", "x"));
        await _copy.UpdateAsync(CancellationToken.None);
        _pod.Publish("/vol", "2", ("a", "eins"), ("new", "neu"));

        Assert.True(await _copy.UpdateAsync(CancellationToken.None));

        Assert.Equal("eins", File.ReadAllText(At("/a")));
        Assert.Equal(["..2", "..data", "a", "new"], Directory.GetFileSystemEntries(At("")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Update_LeavesTheOldContentReadable_UntilAllOfTheNewIsThere()
    {
        _pod.Publish("/vol", "1", ("a", "one"), ("b", "two"));
        await _copy.UpdateAsync(CancellationToken.None);
        _pod.Publish("/vol", "2", ("a", "eins"), ("b", "zwei"));
        List<string> seen = [];
        _pod.Before = (name, path) =>
        {
            if (name == "read")
                seen.Add(File.ReadAllText(At("/a")) + File.ReadAllText(At("/b")));
            return Task.CompletedTask;
        };

        await _copy.UpdateAsync(CancellationToken.None);

        Assert.Equal(["onetwo", "onetwo"], seen);
        Assert.Equal("einszwei", File.ReadAllText(At("/a")) + File.ReadAllText(At("/b")));
    }

    [Fact]
    public async Task Update_ThatIsOvertakenByAnother_EndsWithTheNewest()
    {
        _pod.Publish("/vol", "1", ("a", "one"));
        bool done = false;
        _pod.Before = (name, path) =>
        {
            if (name == "read" && !done)
            {
                done = true;
                _pod.Publish("/vol", "2", ("a", "eins"));
            }

            return Task.CompletedTask;
        };

        await _copy.UpdateAsync(CancellationToken.None);

        Assert.Equal("eins", File.ReadAllText(At("/a")));
        Assert.Equal("..2", new FileInfo(At("/..data")).LinkTarget);
    }

    [Fact]
    public async Task NothingChanged_AsksForOneLinkOnly()
    {
        _pod.Publish("/vol", "1", ("a", "one"));
        await _copy.UpdateAsync(CancellationToken.None);
        _pod.Requests.Clear();

        Assert.False(await _copy.UpdateAsync(CancellationToken.None));

        Assert.Equal(["readlink /vol/..data"], _pod.Requests);
    }

    [Fact]
    public async Task SingleFile_IsCopied_AndFollowed()
    {
        _pod.Write("/vol", "one");
        File.SetLastWriteTimeUtc(_pod.At("/vol"), DateTime.UnixEpoch.AddDays(1));
        Directory.Delete(At(""));
        await _copy.UpdateAsync(CancellationToken.None);
        Assert.Equal("one", File.ReadAllText(At("")));
        _pod.Write("/vol", "eins");

        Assert.True(await _copy.UpdateAsync(CancellationToken.None));

        Assert.Equal("eins", File.ReadAllText(At("")));
        File.Delete(At(""));
        Directory.CreateDirectory(At(""));
    }

    [Fact]
    public async Task Modes_AreThePods_AndTheOwnerCanRead()
    {
        _pod.Publish("/vol", "1", ("run.sh", "#!/bin/sh"), ("closed", "x"));
        File.SetUnixFileMode(_pod.At("/vol/..1/run.sh"), (UnixFileMode)0x16D /* 0555 */);
        File.SetUnixFileMode(_pod.At("/vol/..1/closed"), UnixFileMode.GroupRead);

        await _copy.UpdateAsync(CancellationToken.None);

        Assert.Equal((UnixFileMode)0x16D, File.GetUnixFileMode(At("/..1/run.sh")));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.GroupRead, File.GetUnixFileMode(At("/..1/closed")));
    }

    [Theory]
    [InlineData("/etc/passwd")]
    [InlineData("../../etc/passwd")]
    public async Task LinkOutOfTheVolume_IsRefused(string target)
    {
        _pod.MakeFolder("/vol");
        File.CreateSymbolicLink(_pod.At("/vol/evil"), target);

        await Assert.ThrowsAsync<InvalidDataException>(() => _copy.UpdateAsync(CancellationToken.None));

        Assert.False(Path.Exists(At("/evil")));
    }

    [Fact]
    public async Task VolumeThatIsntSmall_IsRefused()
    {
        _pod.MakeFolder("/vol");
        using (FileStream large = File.Create(_pod.At("/vol/large")))
            large.SetLength(17 * 1024 * 1024);

        await Assert.ThrowsAsync<InvalidDataException>(() => _copy.UpdateAsync(CancellationToken.None));
    }

    [Fact]
    public async Task VolumeThatIsGone_SaysSo_AndLeavesTheCopy()
    {
        _pod.Publish("/vol", "1", ("a", "one"));
        await _copy.UpdateAsync(CancellationToken.None);
        Directory.Delete(_pod.At("/vol"), recursive: true);

        PodFileException error = await Assert.ThrowsAsync<PodFileException>(() => _copy.UpdateAsync(CancellationToken.None));

        Assert.Equal(Errno.ENOENT, error.Errno);
        Assert.Equal("one", File.ReadAllText(At("/a")));
    }

    private string At(string path) => Path.Combine(_host, "copy") + path;
}
