using System.Diagnostics;
using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using Telelaunch.Linux;
using Telelaunch.Net;
using Telelaunch.Routing.Journal;
using Telelaunch.Routing.Resolver;

namespace Telelaunch.Routing.Tests.Journal;

public sealed class HostUndoTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("tl").FullName;
    private readonly List<string> _removed = [];

    private HostPaths Paths => new(_root);

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void AJournalOfALivingOwner_IsLeftAlone()
    {
        using var journal = HostJournal.Open(Paths, TimeProvider.System);
        journal.Add(new() { Route = "10.96.0.0/12 via 192.0.2.1 dev eth0" });

        HostUndoReport report = Undo();

        Assert.Equal(journal.Owner, Assert.Single(report.Living));
        Assert.Empty(_removed);
    }

    [Fact]
    public void ADeadOwnersChanges_AreUndoneLastFirst_ExceptThoseUndoneAlready()
    {
        Write(Dead(), new() { Number = 1, Change = new() { Route = "a" } }, new() { Number = 2, Change = new() { Route = "b" } }, new() { Number = 3, Change = new() { Route = "c" } }, new() { Undone = 2 });

        HostUndoReport report = Undo();

        Assert.Equal(["c", "a"], _removed);
        Assert.Equal(["route c is gone", "route a is gone"], report.Done);
        Assert.False(Directory.Exists(Paths.Journals));
    }

    [Fact]
    public void TheSameNumberOfAnotherProcess_IsNotTheOwner()
    {
        JournalOwner current = JournalOwner.Current(TimeProvider.System);
        Write(current with { StartTime = current.StartTime - 1 }, new JournalLine() { Number = 1, Change = new() { Route = "a" } });

        Undo();

        Assert.Equal(["a"], _removed);
    }

    [Fact]
    public void AnOwnerOfBeforeTheRestart_IsDead()
    {
        Write(JournalOwner.Current(TimeProvider.System) with { BootId = "another" }, new JournalLine() { Number = 1, Change = new() { Route = "a" } });

        Undo();

        Assert.Equal(["a"], _removed);
    }

    [Fact]
    public async Task AnotherUndoerThatIsEnding_IsWaitedFor()
    {
        Write(JournalOwner.Current(TimeProvider.System) with { BootId = "another" }, new JournalLine() { Number = 1, Change = new() { Route = "a" } });
        var held = new FileStream(Directory.GetFiles(Paths.Journals).Single(), FileMode.Open, FileAccess.Write, FileShare.None);
        Task<HostUndoReport> undoing = Task.Run(() => HostUndo.Run(Paths, route => { _removed.Add(route); return true; }, TimeSpan.FromSeconds(30)));
        await held.DisposeAsync();
        Assert.Empty((await undoing).Living);
        Assert.Equal(["a"], _removed);
    }

    [Fact]
    public void AnOwnerInAnotherPidNamespace_LivesWhileItHoldsItsJournal()
    {
        Write(JournalOwner.Current(TimeProvider.System) with { PidNamespace = 1 }, new JournalLine() { Number = 1, Change = new() { Route = "a" } });
        using (new FileStream(Directory.GetFiles(Paths.Journals).Single(), FileMode.Open, FileAccess.Write, FileShare.None))
        {
            Assert.Single(Undo().Living);
            Assert.Empty(_removed);
        }

        Undo();

        Assert.Equal(["a"], _removed);
    }

    [Fact]
    public async Task AnOwnerThatIsAboutToEnd_IsWaitedFor()
    {
        using Process process = Process.Start(new ProcessStartInfo("cat") { RedirectStandardInput = true })!;
        string[] status = File.ReadAllText($"/proc/{process.Id}/stat").Split(") ")[^1].Split(' ');
        Write(JournalOwner.Current(TimeProvider.System) with { ProcessId = process.Id, StartTime = ulong.Parse(status[19]) }, new JournalLine() { Number = 1, Change = new() { Route = "a" } });
        Assert.Single(Undo().Living);

        Task<HostUndoReport> undoing = Task.Run(() => HostUndo.Run(Paths, Remove, TimeSpan.FromMinutes(1)));
        process.StandardInput.Close();

        Assert.Empty((await undoing).Living);
        Assert.Equal(["a"], _removed);
    }

    [Fact]
    public void ALineThatWasCutOff_IsAChangeThatWasNotMade()
    {
        string path = Write(Dead(), new JournalLine() { Number = 1, Change = new() { Route = "a" } });
        File.AppendAllText(path, "{\"number\":2,\"change\":{\"rou");

        HostUndoReport report = Undo();

        Assert.Equal(["a"], _removed);
        Assert.Empty(report.Left);
    }

    [Fact]
    public void WhatCannotBeUndone_StaysInTheJournal()
    {
        Write(Dead(), new JournalLine() { Number = 1, Change = new() { Route = "a" } });

        HostUndoReport report = HostUndo.Run(Paths, _ => false, TimeSpan.Zero);

        Assert.Equal("The route a can't be removed.", Assert.Single(report.Left));
        Undo();
        Assert.Equal(["a"], _removed);
    }

    [Fact]
    public void AFileOfAnotherMountNamespace_IsNotTouched()
    {
        string etc = Directory.CreateDirectory(Path.Combine(_root, "etc")).FullName;
        string path = Path.Combine(etc, "resolv.conf");
        File.WriteAllText(path, "nameserver 127.84.53.53\n");
        File.WriteAllText(path + "-beside", "original");
        FileIdentity folder = FileIdentity.OfTarget(etc)!.Value;
        Write(Dead(), new JournalLine() { Number = 1, Change = new() { Replaced = new(path, path + "-beside", path + "-next", folder with { Inode = folder.Inode + 1 }, false) } });

        Assert.Contains("another mount namespace", Assert.Single(Undo().Left), StringComparison.Ordinal);

        Assert.Equal("nameserver 127.84.53.53\n", File.ReadAllText(path));
        Assert.Single(Directory.GetFiles(Paths.Journals));
    }

    [Fact]
    public void AJournalWhoseChangesAreUndone_GoesWithItsOwner_AndStaysOtherwise()
    {
        using (var journal = HostJournal.Open(Paths, new FakeTimeProvider()))
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Paths.Journals));
            journal.Remove(journal.Add(new() { Route = "a" }));
        }
        Assert.False(Directory.Exists(Paths.Journals));

        using (var journal = HostJournal.Open(Paths, new FakeTimeProvider()))
            journal.Add(new() { Route = "a" });
        Assert.Single(Directory.GetFiles(Paths.Journals));
    }

    [Fact]
    public void AFolderThatCannotBeWritten_IsAFailureOfThisMachine()
    {
        Directory.CreateDirectory(Path.Combine(_root, "var"));
        File.WriteAllText(Path.Combine(_root, "var/lib"), "");

        Assert.Equal("journal-not-written", Assert.Throws<HostException>(() => HostJournal.Open(Paths, TimeProvider.System)).Code);
    }

    private HostUndoReport Undo() => HostUndo.Run(Paths, Remove, TimeSpan.Zero);

    private bool Remove(string route)
    {
        _removed.Add(route);
        return true;
    }

    // The first process's number with a start that it can't have had.
    private static JournalOwner Dead() => JournalOwner.Current(TimeProvider.System) with { ProcessId = 1, StartTime = ulong.MaxValue };

    private string Write(JournalOwner owner, params JournalLine[] lines)
    {
        Directory.CreateDirectory(Paths.Journals);
        string path = Path.Combine(Paths.Journals, "1.journal");
        File.WriteAllLines(path, lines.Prepend(new() { Owner = owner }).Select(line => JsonSerializer.Serialize(line, JournalJson.Default.JournalLine)));
        return path;
    }
}
