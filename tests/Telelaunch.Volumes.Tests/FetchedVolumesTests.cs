using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Telelaunch.Net;

namespace Telelaunch.Volumes.Tests;

public sealed class FetchedVolumesTests : IAsyncLifetime, IDisposable
{
    private static readonly PodVolume Data = new("/data", "/vol/data", IsSmall: false, IsReadOnly: true);
    private static readonly PodVolume Work = new("/work", "/vol/work", IsSmall: false, IsReadOnly: false);

    private readonly FolderFiles _pod = new();
    private readonly string _session = Directory.CreateTempSubdirectory("telelaunch-session-").FullName;
    private readonly ConcurrentQueue<string> _notices = [];
    private readonly FakeTimeProvider _time = new();
    private SessionVolumes _volumes = null!;

    public async Task InitializeAsync()
    {
        _pod.MakeFolder("/vol/data");
        _pod.MakeFolder("/vol/work");
        _volumes = await SessionVolumes.StartAsync(
            new()
            {
                Files = _pod,
                Plan = VolumePlan.Of([Data, Work], VolumeChoice.All, areWritable: true, []),
                SessionPath = _session,
                MakeFetchedFolder = () => Directory.CreateDirectory(Path.Combine(_session, "fetched")).FullName,
                Notice = _notices.Enqueue,
                Logger = NullLogger.Instance,
                Time = _time,
            },
            CancellationToken.None);
    }

    public async Task DisposeAsync()
    {
        await _volumes.DisposeAsync();
        Directory.Delete(_session, recursive: true);
    }

    public void Dispose() => _pod.Dispose();

    [Fact]
    public async Task Start_FetchesNothing_AndWhoIsntCaughtFindsNothing()
    {
        _pod.Write("/vol/data/large", "x");

        Assert.DoesNotContain(_pod.Requests, request => request.StartsWith("read", StringComparison.Ordinal) || request.StartsWith("list", StringComparison.Ordinal));
        Assert.Throws<DirectoryNotFoundException>(() => Directory.GetFiles(Path.Combine(_volumes.Root, "data")));
        Assert.Empty(Directory.GetFiles(Path.Combine(_session, "fetched"), "*", SearchOption.AllDirectories));
        Assert.Equal([(true, false), (true, true)], _volumes.Mounted!.Mounts.Select(mount => (mount.IsOnDemand, mount.IsWritable)));
        await Task.CompletedTask;
    }

    [Fact]
    public async Task Look_TellsOfTheFile_WithoutItsContent()
    {
        _pod.Write("/vol/data/a", "hello");
        File.SetUnixFileMode(_pod.At("/vol/data/a"), UnixFileMode.UserRead | UnixFileMode.OtherRead);

        PodFileAnswer answer = await AskAsync(PodFilePurpose.Look, "/data/a");

        Assert.Equal(5, new FileInfo(answer.HostPath).Length);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.OtherRead, File.GetUnixFileMode(answer.HostPath));
        Assert.Equal("/data/a", answer.PodPath);
        Assert.DoesNotContain("read /vol/data/a", _pod.Requests);
    }

    [Fact]
    public async Task Open_BringsTheContent_IntoTheSameFile_Once()
    {
        _pod.Write("/vol/data/a", "hello");
        string looked = (await AskAsync(PodFilePurpose.Look, "/data/a")).HostPath;

        string opened = (await AskAsync(PodFilePurpose.Open, "/data/a")).HostPath;
        await AskAsync(PodFilePurpose.Open, "/data/a");

        Assert.Equal(looked, opened);
        Assert.Equal("hello", File.ReadAllText(opened));
        Assert.Single(_pod.Requests, request => request == "read /vol/data/a");
    }

    [Fact]
    public async Task ChangedFile_IsSeenByTheNextOpen_AndTheOldVersionStaysWhatItWas()
    {
        _pod.Write("/vol/data/a", "old");
        string old = (await AskAsync(PodFilePurpose.Open, "/data/a")).HostPath;
        _pod.Write("/vol/data/a", "newer");

        string looked = (await AskAsync(PodFilePurpose.Look, "/data/a")).HostPath;
        Assert.Equal("old", File.ReadAllText(old));
        string opened = (await AskAsync(PodFilePurpose.Open, "/data/a")).HostPath;

        Assert.Equal(looked, opened);
        Assert.Equal("newer", File.ReadAllText(opened));
        Assert.Equal("old", File.ReadAllText(old));
    }

    [Fact]
    public async Task OldVersion_IsRemoved_OnceNobodyCanBeAboutToOpenIt()
    {
        _pod.Write("/vol/data/a", "old");
        string old = (await AskAsync(PodFilePurpose.Open, "/data/a")).HostPath;
        _pod.Write("/vol/data/a", "newer");
        await AskAsync(PodFilePurpose.Look, "/data/a");
        Assert.True(File.Exists(old));

        _time.Advance(TimeSpan.FromSeconds(31));
        await AskAsync(PodFilePurpose.Look, "/data/a");

        Assert.False(File.Exists(old));
    }

    [Fact]
    public async Task Folder_ShowsItsEntries_AndThoseThatAreGoneNoMore()
    {
        _pod.Write("/vol/data/a", "1");
        _pod.Write("/vol/data/folder/b", "22");
        File.CreateSymbolicLink(_pod.At("/vol/data/link"), "/etc");

        PodFileAnswer answer = await AskAsync(PodFilePurpose.List, "/data");
        Assert.Equal(["a", "folder", "link"], Names(answer));
        Assert.Equal("/etc", new FileInfo(Path.Combine(answer.HostPath, "link")).LinkTarget);
        Assert.EndsWith("/tree/data", answer.HostPath, StringComparison.Ordinal);
        File.Delete(_pod.At("/vol/data/a"));

        Assert.Equal(["folder", "link"], Names(await AskAsync(PodFilePurpose.List, "/data")));
    }

    [Fact]
    public async Task EntriesOfAListedFolder_ArentAskedForAgain_ForASecond()
    {
        _pod.Write("/vol/data/a", "1");
        await AskAsync(PodFilePurpose.List, "/data");
        _pod.Requests.Clear();

        await AskAsync(PodFilePurpose.Look, "/data/a");
        Assert.Empty(_pod.Requests);

        _time.Advance(TimeSpan.FromSeconds(1));
        await AskAsync(PodFilePurpose.Look, "/data/a");
        Assert.NotEmpty(_pod.Requests);
    }

    [Fact]
    public async Task Links_AreFollowedInThePod_AndToldByTheirRealPath()
    {
        _pod.Write("/vol/data/v2/file", "two");
        File.CreateSymbolicLink(_pod.At("/vol/data/current"), "v2");
        File.CreateSymbolicLink(_pod.At("/vol/data/file"), "current/file");

        PodFileAnswer answer = await AskAsync(PodFilePurpose.Open, "/data/file");
        PodFileAnswer link = await AskAsync(PodFilePurpose.Look, "/data/current", PodFileFlags.NoFollow);

        Assert.Equal("/data/v2/file", answer.PodPath);
        Assert.Equal("two", File.ReadAllText(answer.HostPath));
        Assert.Equal("v2", new FileInfo(link.HostPath).LinkTarget);
    }

    [Fact]
    public async Task LinkOutOfTheVolumes_LeadsNowhere_AndIsNeverWalkedHere()
    {
        string outside = Directory.CreateDirectory(Path.Combine(_session, "outside")).FullName;
        File.WriteAllText(Path.Combine(outside, "mine"), "x");
        File.CreateSymbolicLink(_pod.At("/vol/work/link"), outside);
        await AskAsync(PodFilePurpose.List, "/work");

        Assert.Equal(Errno.ENOENT, (await AskAsync(PodFilePurpose.Open, "/work/link/mine")).Errno);
        Assert.NotEqual(0, (await AskAsync(PodFilePurpose.Remove, "/work/link/mine")).Errno);
        // The pod makes it a folder; what the link led to on this machine must not be touched.
        File.Delete(_pod.At("/vol/work/link"));
        _pod.Write("/vol/work/link/mine", "the pod's");
        PodFileAnswer answer = await AskAsync(PodFilePurpose.Open, "/work/link/mine");

        Assert.Equal("the pod's", File.ReadAllText(answer.HostPath));
        Assert.Equal("x", File.ReadAllText(Path.Combine(outside, "mine")));
    }

    [Fact]
    public async Task FailuresOfThePod_AreErrnos_AndTheNextOneTriesAgain()
    {
        _pod.Write("/vol/data/a", "hello");
        _pod.Before = (name, path) => name == "read" ? throw new PodFileException(Errno.EIO, path) : Task.CompletedTask;
        Assert.Equal(Errno.EIO, (await AskAsync(PodFilePurpose.Open, "/data/a")).Errno);
        Assert.Equal(Errno.ENOENT, (await AskAsync(PodFilePurpose.Open, "/data/none")).Errno);
        Assert.Equal(Errno.ENOTDIR, (await AskAsync(PodFilePurpose.List, "/data/a")).Errno);
        _pod.Before = static (_, _) => Task.CompletedTask;

        Assert.Equal("hello", File.ReadAllText((await AskAsync(PodFilePurpose.Open, "/data/a")).HostPath));
    }

    [Fact]
    public async Task SeveralWhoOpenAtOnce_WaitForOneTransfer()
    {
        _pod.Write("/vol/data/a", "hello");
        var reading = new TaskCompletionSource();
        var go = new TaskCompletionSource();
        _pod.Before = (name, _) =>
        {
            if (name != "read")
                return Task.CompletedTask;
            reading.TrySetResult();
            return go.Task;
        };
        Task<PodFileAnswer>[] opens = [.. Enumerable.Range(0, 8).Select(_ => AskAsync(PodFilePurpose.Open, "/data/a"))];
        await reading.Task;
        Assert.All(opens, open => Assert.False(open.IsCompleted));

        go.SetResult();

        Assert.All(await Task.WhenAll(opens), answer => Assert.Equal("hello", File.ReadAllText(answer.HostPath)));
        Assert.Single(_pod.Requests, request => request == "read /vol/data/a");
    }

    [Fact]
    public async Task ReadOnlyVolume_CantBeChanged()
    {
        _pod.Write("/vol/data/a", "hello");

        foreach (PodFilePurpose purpose in (PodFilePurpose[])[PodFilePurpose.Write, PodFilePurpose.Remove, PodFilePurpose.MakeFolder, PodFilePurpose.RemoveFolder])
            Assert.Equal(Errno.EROFS, (await AskAsync(purpose, "/data/a", PodFileFlags.Create)).Errno);
        Assert.Equal(Errno.EROFS, (await _volumes.AnswerAsync(new(PodFilePurpose.Rename, 0, 0, "/data/a", "/data/b"), CancellationToken.None)).Errno);
    }

    [Fact]
    public async Task WrittenFile_IsInThePod_BeforeTheNextChange()
    {
        PodFileAnswer answer = await AskAsync(PodFilePurpose.Write, "/work/new.tmp", PodFileFlags.Create | PodFileFlags.Exclusive);
        Assert.Equal("", File.ReadAllText(_pod.At("/vol/work/new.tmp")));
        File.WriteAllText(answer.HostPath, "content");

        Assert.Equal(0, (await _volumes.AnswerAsync(new(PodFilePurpose.Rename, 0, 0, "/work/new.tmp", "/work/new"), CancellationToken.None)).Errno);

        Assert.Equal("content", File.ReadAllText(_pod.At("/vol/work/new")));
        Assert.False(File.Exists(_pod.At("/vol/work/new.tmp")));
        Assert.Equal("content", File.ReadAllText((await AskAsync(PodFilePurpose.Open, "/work/new")).HostPath));
    }

    [Fact]
    public async Task Changes_InFoldersThatWereNeverLookedAt_AreMade()
    {
        _pod.Write("/vol/work/a", "x");
        Assert.Equal(0, (await AskAsync(PodFilePurpose.MakeFolder, "/work/new")).Errno);

        Assert.Equal(0, (await _volumes.AnswerAsync(new(PodFilePurpose.Rename, 0, 0, "/work/a", "/work/new/b"), CancellationToken.None)).Errno);
        Assert.Equal("x", File.ReadAllText((await AskAsync(PodFilePurpose.Open, "/work/new/b")).HostPath));
        _pod.Write("/vol/work/deep/er/c", "x");
        Assert.Equal(0, (await AskAsync(PodFilePurpose.Remove, "/work/deep/er/c")).Errno);
        Assert.Equal(0, (await AskAsync(PodFilePurpose.RemoveFolder, "/work/deep/er")).Errno);
        Assert.False(Path.Exists(_pod.At("/vol/work/deep/er")));
    }

    [Fact]
    public async Task WrittenFile_IsInThePod_AtTheEndOfTheSession()
    {
        _pod.Write("/vol/work/log", "one\n");
        PodFileAnswer answer = await AskAsync(PodFilePurpose.Write, "/work/log");
        File.AppendAllText(answer.HostPath, "two\n");

        await _volumes.DisposeAsync();

        Assert.Equal("one\ntwo\n", File.ReadAllText(_pod.At("/vol/work/log")));
        Assert.Empty(_notices);
        await InitializeAsync();
    }

    [Fact]
    public async Task Truncated_IsntFetched()
    {
        _pod.Write("/vol/work/a", "long content");

        PodFileAnswer answer = await AskAsync(PodFilePurpose.Write, "/work/a", PodFileFlags.Truncate);

        Assert.Equal(0, new FileInfo(answer.HostPath).Length);
        Assert.DoesNotContain("read /vol/work/a", _pod.Requests);
    }

    [Fact]
    public async Task ChangeThatThePodRefuses_IsSaidLoudly_AndTheContentStays()
    {
        PodFileAnswer answer = await AskAsync(PodFilePurpose.Write, "/work/a", PodFileFlags.Create);
        _pod.Before = (name, path) => name == "write" ? throw new PodFileException(Errno.ENOSPC, path) : Task.CompletedTask;
        File.WriteAllText(answer.HostPath, "content");

        await _volumes.DisposeAsync();

        Assert.Contains(_notices, notice => notice.Contains("/work/a", StringComparison.Ordinal) && notice.Contains("ENOSPC", StringComparison.Ordinal));
        Assert.Contains(_notices, notice => notice.Contains("/work/a is lost", StringComparison.Ordinal));
        _pod.Before = static (_, _) => Task.CompletedTask;
        await InitializeAsync();
    }

    [Fact]
    public async Task FileThatIsOpenForWriting_IsNotReplacedByThePods()
    {
        _pod.Write("/vol/work/a", "one");
        PodFileAnswer answer = await AskAsync(PodFilePurpose.Write, "/work/a");
        await using (FileStream stream = File.OpenWrite(answer.HostPath))
        {
            _pod.Write("/vol/work/a", "somebody else's");
            Assert.Equal(answer.HostPath, (await AskAsync(PodFilePurpose.Open, "/work/a")).HostPath);
            stream.Write("ONE"u8);
        }

        Assert.Equal(0, (await AskAsync(PodFilePurpose.MakeFolder, "/work/f")).Errno);
        await _volumes.DisposeAsync();
        Assert.Equal("ONE", File.ReadAllText(_pod.At("/vol/work/a")));
        await InitializeAsync();
    }

    [Fact]
    public async Task AfterTheLastClose_ChangesOfThePodAreSeenAgain()
    {
        PodFileAnswer answer = await AskAsync(PodFilePurpose.Write, "/work/a", PodFileFlags.Create);
        File.WriteAllText(answer.HostPath, "mine");
        await _volumes.AnswerAsync(new(PodFilePurpose.Rename, 0, 0, "/work/a", "/work/b"), CancellationToken.None);

        _pod.Write("/vol/work/b", "the pod's");

        Assert.Equal("the pod's", File.ReadAllText((await AskAsync(PodFilePurpose.Open, "/work/b")).HostPath));
    }

    [Fact]
    public async Task RemovedFile_ThatIsStillWrittenTo_IsntMadeAgain()
    {
        PodFileAnswer answer = await AskAsync(PodFilePurpose.Write, "/work/a", PodFileFlags.Create);
        await using (FileStream stream = File.OpenWrite(answer.HostPath))
        {
            Assert.Equal(0, (await AskAsync(PodFilePurpose.Remove, "/work/a")).Errno);
            stream.Write("x"u8);
        }

        await _volumes.DisposeAsync();

        Assert.False(File.Exists(_pod.At("/vol/work/a")));
        Assert.Empty(_notices);
        await InitializeAsync();
    }

    [Fact]
    public async Task Changes_HaveTheErrnosOfAFileSystem()
    {
        _pod.Write("/vol/work/full/a", "x");

        Assert.Equal(Errno.EEXIST, (await AskAsync(PodFilePurpose.Write, "/work/full/a", PodFileFlags.Create | PodFileFlags.Exclusive)).Errno);
        Assert.Equal(Errno.EISDIR, (await AskAsync(PodFilePurpose.Write, "/work/full")).Errno);
        Assert.Equal(Errno.ENOENT, (await AskAsync(PodFilePurpose.Write, "/work/none")).Errno);
        Assert.Equal(Errno.EISDIR, (await AskAsync(PodFilePurpose.Remove, "/work/full")).Errno);
        Assert.Equal(Errno.ENOENT, (await AskAsync(PodFilePurpose.Remove, "/work/none")).Errno);
        Assert.Equal(Errno.ENOTEMPTY, (await AskAsync(PodFilePurpose.RemoveFolder, "/work/full")).Errno);
        Assert.Equal(Errno.EBUSY, (await AskAsync(PodFilePurpose.RemoveFolder, "/work")).Errno);
        Assert.Equal(Errno.EXDEV, (await _volumes.AnswerAsync(new(PodFilePurpose.Rename, 0, 0, "/work/full/a", "/elsewhere"), CancellationToken.None)).Errno);
    }

    private static IEnumerable<string> Names(PodFileAnswer folder) => Directory.GetFileSystemEntries(folder.HostPath).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal);

    private async Task<PodFileAnswer> AskAsync(PodFilePurpose purpose, string path, PodFileFlags flags = PodFileFlags.None) =>
        await _volumes.AnswerAsync(new(purpose, flags, (UnixFileMode)0x1A4 /* 0644 */, path), CancellationToken.None);
}
