using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Telelaunch.Net;

namespace Telelaunch.Volumes.Tests;

public sealed class SessionVolumesTests : IDisposable
{
    private static readonly PodVolume Config = new("/etc/config", "/vol/etc/config", IsSmall: true, IsReadOnly: true);
    private static readonly PodVolume Token = new("/var/run/secrets/kubernetes.io/serviceaccount", "/token", IsSmall: true, IsReadOnly: true);

    private readonly FolderFiles _pod = new();
    private readonly string _session = Directory.CreateTempSubdirectory("telelaunch-session-").FullName;
    private readonly ConcurrentQueue<string> _notices = [];
    private readonly FakeTimeProvider _time = new();

    public void Dispose()
    {
        _pod.Dispose();
        Directory.Delete(_session, recursive: true);
    }

    [Fact]
    public async Task SmallVolumes_AreBelowTheRoot_AndGoWithTheSession()
    {
        _pod.Publish(Config.PodPath, "1", ("key", "hello"));
        _pod.Publish(Token.PodPath, "1", ("token", "t"));
        SessionVolumes volumes = await StartAsync(null, Config, Token);

        Assert.Equal("hello", File.ReadAllText(Path.Combine(_session, "root/etc/config/key")));
        Assert.Equal("t", File.ReadAllText(Path.Combine(_session, "root/var/run/secrets/kubernetes.io/serviceaccount/token")));
        Assert.Equal([Config.MountPath, Token.MountPath], volumes.Mounted!.Mounts.Select(mount => mount.Path));

        await volumes.DisposeAsync();
        Assert.Empty(Directory.GetFileSystemEntries(_session));
    }

    [Fact]
    public async Task Change_IsFollowed_WhenItsTimeHasCome()
    {
        _pod.Publish(Token.PodPath, "1", ("token", "old"));
        await using SessionVolumes volumes = await StartAsync(null, Token);
        var looked = Channel.CreateUnbounded<string>();
        _pod.Before = (name, path) => looked.Writer.WriteAsync(name).AsTask();
        _pod.Publish(Token.PodPath, "2", ("token", "new"));
        string token = Path.Combine(_session, "root/var/run/secrets/kubernetes.io/serviceaccount/token");
        Assert.Equal("old", File.ReadAllText(token));

        _time.Advance(TimeSpan.FromSeconds(5));
        // The last request of an update that found something is the second look at ..data.
        while (await looked.Reader.ReadAsync() != "read")
        {
        }

        while (await looked.Reader.ReadAsync() != "readlink" || File.ReadAllText(token) == "old")
        {
        }

        Assert.Equal("new", File.ReadAllText(token));
    }

    [Fact]
    public async Task VolumeThatCantBeRead_IsLeftOut_AndSaid()
    {
        _pod.Publish(Config.PodPath, "1", ("key", "hello"));

        await using SessionVolumes volumes = await StartAsync(null, Token, Config);

        Assert.Equal(Config.MountPath, Assert.Single(volumes.Mounted!.Mounts).Path);
        Assert.Contains(Token.MountPath, Assert.Single(_notices), StringComparison.Ordinal);
    }

    [Fact]
    public async Task NamedFolder_LeadsToTheVolumes_AndIsAsBeforeAfterwards()
    {
        _pod.Publish(Config.PodPath, "1", ("key", "hello"));
        string path = Directory.CreateDirectory(Path.Combine(_session, "here")).FullName;
        SessionVolumes volumes = await StartAsync(path, Config);

        Assert.Equal("hello", File.ReadAllText(Path.Combine(path, "etc/config/key")));
        Assert.Equal(path, volumes.Mounted!.RootLink);

        await volumes.DisposeAsync();
        Assert.Null(new DirectoryInfo(path).LinkTarget);
        Assert.Empty(Directory.GetFileSystemEntries(path));
    }

    [Fact]
    public async Task NamedFolder_ThatADeadSessionLeft_IsTaken()
    {
        _pod.Publish(Config.PodPath, "1", ("key", "hello"));
        string path = Path.Combine(_session, "here");
        File.CreateSymbolicLink(path, "/nowhere/at/all");

        await using SessionVolumes volumes = await StartAsync(path, Config);

        Assert.Equal("hello", File.ReadAllText(Path.Combine(path, "etc/config/key")));
    }

    [Fact]
    public async Task NamedFolder_ThatHoldsSomething_IsRefused_AndUntouched()
    {
        string path = Directory.CreateDirectory(Path.Combine(_session, "here")).FullName;
        File.WriteAllText(Path.Combine(path, "mine"), "x");

        UsageException error = await Assert.ThrowsAsync<UsageException>(() => StartAsync(path, Config));

        Assert.Equal("mount-folder-not-empty", error.Code);
        Assert.True(File.Exists(Path.Combine(path, "mine")));
    }

    private Task<SessionVolumes> StartAsync(string? root, params PodVolume[] volumes) => SessionVolumes.StartAsync(
        new()
        {
            Files = _pod,
            Plan = VolumePlan.Of(volumes, VolumeChoice.All, areWritable: false, []),
            SessionPath = _session,
            Root = root,
            MakeFetchedFolder = () => Directory.CreateDirectory(Path.Combine(_session, "fetched")).FullName,
            Notice = _notices.Enqueue,
            Logger = NullLogger.Instance,
            Time = _time,
        },
        CancellationToken.None);
}
