using System.Diagnostics;
using Telelaunch.Net;

namespace Telelaunch.Broker.Tests;

public sealed class SessionDirectoryTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("tl").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Create_IsForTheOwnerAlone_AndDisposeRemovesIt()
    {
        string path;
        using (SessionDirectory session = SessionDirectory.Create(_root))
        {
            path = session.FullPath;
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(path));
            File.WriteAllText(Path.Combine(path, "control"), "");
        }

        Assert.False(Directory.Exists(path));
    }

    [Fact]
    public void Create_SweepsDeadSessions_AndLeavesLivingAndForeignOnes()
    {
        using SessionDirectory living = SessionDirectory.Create(_root);
        string[] parts = Path.GetFileName(living.FullPath).Split('.');
        string dead = Path.Combine(_root, $"{parts[0]}.{DeadProcessId()}.{parts[2]}.aaaaaaaa");
        string recycled = Path.Combine(_root, $"{parts[0]}.{parts[1]}.1.bbbbbbbb");
        string otherNamespace = Path.Combine(_root, $"1.{DeadProcessId()}.{parts[2]}.cccccccc");
        string foreign = Path.Combine(_root, "notes");
        foreach (string path in new[] { dead, recycled, otherNamespace, foreign })
            File.WriteAllText(Path.Combine(Directory.CreateDirectory(path).FullName, "table"), "");

        using SessionDirectory next = SessionDirectory.Create(_root);

        Assert.False(Directory.Exists(dead));
        Assert.False(Directory.Exists(recycled));
        Assert.True(Directory.Exists(otherNamespace));
        Assert.True(Directory.Exists(foreign));
        Assert.True(Directory.Exists(living.FullPath));
    }

    [Theory]
    [InlineData("with blank")]
    [InlineData("with:colon")]
    public void Create_RootThatCantBeUsed_SaysWhatToDo(string name)
    {
        HostException error = Assert.Throws<HostException>(() => SessionDirectory.Create(Path.Combine(_root, name)));
        Assert.Equal("no-session-directory", error.Code);
        Assert.Contains("XDG_RUNTIME_DIR", error.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void ListLiving_NamesSessionsWhoseLauncherRuns_WithIt()
    {
        using SessionDirectory living = SessionDirectory.Create(_root);
        string[] parts = Path.GetFileName(living.FullPath).Split('.');
        foreach (string name in new[] { $"{parts[0]}.{DeadProcessId()}.{parts[2]}.aaaaaaaa", $"{parts[0]}.{parts[1]}.1.bbbbbbbb", $"1.{parts[1]}.{parts[2]}.cccccccc", "notes" })
            Directory.CreateDirectory(Path.Combine(_root, name));

        Assert.Equal([new LivingSession(living.FullPath, Environment.ProcessId)], SessionDirectory.ListLiving(_root));
        Assert.Empty(SessionDirectory.ListLiving(Path.Combine(_root, "gone")));
    }

    [Fact]
    public void Create_PathTooLongForASocket_IsRefused() =>
        Assert.Throws<HostException>(() => SessionDirectory.Create(Path.Combine(_root, new string('a', 100))));

    private static int DeadProcessId()
    {
        using Process process = Process.Start("true");
        process.WaitForExit();
        return process.Id;
    }
}
