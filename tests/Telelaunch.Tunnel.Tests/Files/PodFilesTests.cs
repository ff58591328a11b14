using System.Diagnostics;
using System.Text;
using Telelaunch.Net;
using Telelaunch.Tunnel.Files;
using Telelaunch.Tunnel.Tests.Pod;

namespace Telelaunch.Tunnel.Tests.Files;

/// <summary>Against a real sshd with internal-sftp, as the agent's.</summary>
public sealed class PodFilesTests : IDisposable
{
    private const string Sftp = "Subsystem sftp internal-sftp\nForceCommand internal-sftp";
    private readonly CancellationToken _token = new CancellationTokenSource(TimeSpan.FromSeconds(120)).Token;
    private readonly string _folder = Directory.CreateTempSubdirectory("telelaunch-files-").FullName;

    public void Dispose()
    {
        // One of the names is none that .NET could remove.
        using Process remove = Process.Start("rm", ["-rf", _folder])!;
        remove.WaitForExit();
    }

    [Theory]
    [InlineData(CarrierKind.Ssh)]
    [InlineData(CarrierKind.Direct)]
    public async Task Status_IsOfTheLinkItself(CarrierKind carrier)
    {
        await using TestPod pod = await TestPod.StartAsync(_token, sshdSettings: Sftp);
        await using PodFiles files = Open(pod, carrier);
        Write("file", "hello", (UnixFileMode)0x1A0 /* 0640 */);
        File.CreateSymbolicLink(At("link"), "file");
        File.CreateSymbolicLink(At("dangling"), "/nowhere/x");

        PodFileStatus file = await files.GetStatusAsync(At("file"), _token);
        Assert.Equal((PodFileKind.File, (UnixFileMode)0x1A0, 5L), (file.Kind, file.Mode, file.Size));
        Assert.Equal(new DateTimeOffset(2024, 2, 29, 12, 0, 1, TimeSpan.Zero), file.Modified);
        Assert.Equal(PodFileKind.Link, (await files.GetStatusAsync(At("link"), _token)).Kind);
        Assert.Equal(PodFileKind.Folder, (await files.GetStatusAsync(_folder, _token)).Kind);
        Assert.Equal("file", await files.ReadLinkAsync(At("link"), _token));
        Assert.Equal("/nowhere/x", await files.ReadLinkAsync(At("dangling"), _token));
        Assert.Equal(At("file"), await files.ResolveAsync(At("link"), _token));
    }

    [Fact]
    public async Task List_HasEachEntryAsItIs_AndNeitherDots_NorNamesThatArentText()
    {
        await using TestPod pod = await TestPod.StartAsync(_token, sshdSettings: Sftp);
        await using PodFiles files = Open(pod);
        Write("größe", "x");
        Directory.CreateDirectory(At("..2024"));
        File.CreateSymbolicLink(At("..data"), "..2024");
        // Latin-1: no name that .NET could write.
        using (Process touch = Process.Start("/bin/sh", ["-c", $"touch \"$(printf '{_folder}/\\344')\""])!)
            await touch.WaitForExitAsync(_token);
        Assert.Equal(4, Directory.GetFileSystemEntries(_folder).Length);

        IReadOnlyList<PodFileEntry> entries = await files.ListAsync(_folder, _token);

        Assert.Equal(
            [("..2024", PodFileKind.Folder), ("..data", PodFileKind.Link), ("größe", PodFileKind.File)],
            entries.Select(entry => (entry.Name, entry.Status.Kind)).OrderBy(entry => entry.Name, StringComparer.Ordinal));
    }

    [Fact]
    public async Task Content_GoesBothWays_WholeAndUnchanged()
    {
        await using TestPod pod = await TestPod.StartAsync(_token, sshdSettings: Sftp);
        await using PodFiles files = Open(pod);
        var content = new byte[5_000_001];
        new Random(7).NextBytes(content);
        File.WriteAllBytes(At("from"), content);
        File.WriteAllText(At("to"), new string('x', 6_000_000));

        using var read = new MemoryStream();
        await files.ReadAsync(At("from"), read, _token);
        await files.WriteAsync(At("to"), new MemoryStream(content), _token);

        Assert.True(content.AsSpan().SequenceEqual(read.ToArray()));
        Assert.True(content.AsSpan().SequenceEqual(File.ReadAllBytes(At("to"))));
    }

    [Fact]
    public async Task Changes_AreMade()
    {
        await using TestPod pod = await TestPod.StartAsync(_token, sshdSettings: Sftp);
        await using PodFiles files = Open(pod);
        Write("old", "old");
        Write("taken", "taken");
        File.CreateSymbolicLink(At("link"), "taken");

        await files.CreateAsync(At("new"), (UnixFileMode)0x180 /* 0600 */, _token);
        await files.MakeFolderAsync(At("folder"), (UnixFileMode)0x1C0 /* 0700 */, _token);
        await files.RenameAsync(At("old"), At("taken"), _token);
        await files.RemoveAsync(At("link"), _token);

        Assert.Equal((UnixFileMode)0x180, File.GetUnixFileMode(At("new")));
        Assert.Equal((UnixFileMode)0x1C0, File.GetUnixFileMode(At("folder")));
        Assert.Equal("old", File.ReadAllText(At("taken")));
        Assert.False(Path.Exists(At("old")));
        await files.RemoveFolderAsync(At("folder"), _token);
        Assert.Equal(["new", "taken"], Directory.GetFileSystemEntries(_folder).Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task Refusals_AreTheErrnosOfAFileSystem()
    {
        await using TestPod pod = await TestPod.StartAsync(_token, sshdSettings: Sftp);
        await using PodFiles files = Open(pod);
        Write("file", "x");
        Directory.CreateDirectory(At("full/inside"));

        await FailsAsync(Errno.ENOENT, files.GetStatusAsync(At("none"), _token));
        await FailsAsync(Errno.ENOENT, files.ReadAsync(At("none"), Stream.Null, _token));
        await FailsAsync(Errno.ENOENT, files.WriteAsync(At("none"), Stream.Null, _token));
        await FailsAsync(Errno.ENOENT, files.RemoveAsync(At("none"), _token));
        await FailsAsync(Errno.ENOENT, files.CreateAsync(At("none/new"), UnixFileMode.UserRead, _token));
        await FailsAsync(Errno.EEXIST, files.CreateAsync(At("file"), UnixFileMode.UserRead, _token));
        await FailsAsync(Errno.EEXIST, files.MakeFolderAsync(At("file"), UnixFileMode.UserRead, _token));
        await FailsAsync(Errno.ENOTEMPTY, files.RemoveFolderAsync(At("full"), _token));
        Assert.False(Path.Exists(At("none")));
    }

    [Fact]
    public async Task LostConnection_IsAnErrno_AndTheNextRequestMakesAnother()
    {
        await using TestPod pod = await TestPod.StartAsync(_token, sshdSettings: Sftp);
        await using PodFiles files = Open(pod);
        Write("file", "hello");
        await files.GetStatusAsync(At("file"), _token);

        pod.Server.Refusing = true;
        pod.Server.AbortConnections();
        // The first may still find the connection as it was: either way nothing but EIO is said.
        await FailsAsync(Errno.EIO, files.GetStatusAsync(At("file"), _token));
        await FailsAsync(Errno.EIO, files.GetStatusAsync(At("file"), _token));
        pod.Server.Refusing = false;

        Assert.Equal(5, (await files.GetStatusAsync(At("file"), _token)).Size);
        Assert.Equal(2, pod.Server.OpenedForwards);
    }

    [Fact]
    public async Task OtherHostKey_IsntAsked()
    {
        using var strange = new SessionKeys();
        await using TestPod pod = await TestPod.StartAsync(_token, strange, Sftp);
        await using PodFiles files = Open(pod);

        PodFileException error = await Assert.ThrowsAsync<PodFileException>(() => files.GetStatusAsync("/", _token));

        Assert.Equal("ssh-host-key-mismatch", Assert.IsType<TunnelException>(error.InnerException).Code);
    }

    [Fact]
    public async Task ManyRequests_AtTheSameTime_GoOverOneConnection()
    {
        await using TestPod pod = await TestPod.StartAsync(_token, sshdSettings: Sftp);
        await using PodFiles files = Open(pod);
        foreach (int i in Enumerable.Range(0, 50))
            Write($"{i}", $"content {i}");

        string[] read = await Task.WhenAll(Enumerable.Range(0, 50).Select(async i =>
        {
            using var content = new MemoryStream();
            await files.ReadAsync(At($"{i}"), content, _token);
            return Encoding.UTF8.GetString(content.ToArray());
        }));

        Assert.Equal(Enumerable.Range(0, 50).Select(i => $"content {i}"), read);
        Assert.Equal(1, pod.Server.OpenedForwards);
    }

    private static PodFiles Open(TestPod pod, CarrierKind carrier = CarrierKind.Ssh) => new(pod.Server.ConnectAsync, pod.Keys, pod.Options(carrier));

    private static async Task FailsAsync(int errno, Task request) => Assert.Equal(errno, (await Assert.ThrowsAsync<PodFileException>(() => request)).Errno);

    private string At(string name) => Path.Combine(_folder, name);

    private void Write(string name, string text, UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite)
    {
        File.WriteAllText(At(name), text);
        File.SetLastWriteTimeUtc(At(name), new DateTime(2024, 2, 29, 12, 0, 1, DateTimeKind.Utc));
        File.SetUnixFileMode(At(name), mode);
    }
}
