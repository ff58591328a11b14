using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Telelaunch.Linux;
using Telelaunch.Routing.Resolver;

namespace Telelaunch.Routing.Journal;

/// <summary>What an undoing has come to.</summary>
/// <param name="Done">What was undone, a line each.</param>
/// <param name="Living">Whose changes stand because they still run.</param>
/// <param name="Left">What couldn't be undone, a line each; its journal stays, so that it can be tried again.</param>
public sealed record HostUndoReport(IReadOnlyList<string> Done, IReadOnlyList<JournalOwner> Living, IReadOnlyList<string> Left);

/// <summary>Undoes what processes that have died have left of their changes to this machine, by their journals.</summary>
/// <remarks>
/// Right in every state between two steps, and when called twice: each undoing looks at what is there and leaves what isn't Telelaunch's any more.
/// Changes in another mount namespace (a container that shares /var/lib) are left to one that runs there.
/// </remarks>
public static class HostUndo
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);

    /// <param name="removeRoute">Removes a route as it stands in the journal; false: it couldn't. A route that is gone is removed.</param>
    /// <param name="patience">How long an owner that is still there may take to end: one that was killed may not have ended yet when its pipe has.</param>
    public static HostUndoReport Run(HostPaths paths, Func<string, bool> removeRoute, TimeSpan patience)
    {
        ArgumentNullException.ThrowIfNull(paths);
        ArgumentNullException.ThrowIfNull(removeRoute);
        var done = new List<string>();
        var living = new List<JournalOwner>();
        var left = new List<string>();
        string[] journals = Directory.Exists(paths.Journals) ? Directory.GetFiles(paths.Journals, "*" + HostJournal.Extension) : [];
        foreach (string journal in journals)
            RunOne(journal, paths, removeRoute, patience, done, living, left);
        if (done.Count > 0) NameCache.Clear(paths);
        return new(done, living, left);
    }

    private static void RunOne(string path, HostPaths paths, Func<string, bool> removeRoute, TimeSpan patience, List<string> done, List<JournalOwner> living, List<string> left)
    {
        try
        {
            (JournalOwner? owner, List<JournalEntry> standing) = Read(path);
            if (owner is not null && !HasEnded(owner, patience))
            {
                living.Add(owner);
                return;
            }
            // Held by an owner whose PID namespace isn't ours, or by another undoer; until it is ours nothing is done.
            using FileStream held = Hold(path, patience);
            int leftBefore = left.Count;
            foreach (JournalEntry entry in Enumerable.Reverse(standing))
                UndoOne(entry, standing, owner, paths, removeRoute, done, left);
            if (left.Count == leftBefore) HostJournal.DeleteFile(path);
        }
        catch (FileNotFoundException)
        {
            // Another undoer was faster.
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            if (Read(path).Owner is { } owner) living.Add(owner);
            else left.Add($"'{path}' can't be read: {error.Message}");
        }
    }

    // An undoer that was killed holds it until it has ended altogether, as an owner does.
    private static FileStream Hold(string path, TimeSpan patience)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException error) when (error is not FileNotFoundException && Stopwatch.GetElapsedTime(start) < patience)
            {
                Thread.Sleep(Look);
            }
        }
    }

    private static bool HasEnded(JournalOwner owner, TimeSpan patience) =>
        // In another PID namespace the lock tells.
        !owner.IsOfThisPidNamespace || !owner.IsRunning || (ProcessEnd.Wait(owner.ProcessId, patience) && !owner.IsRunning);

    private static void UndoOne(JournalEntry entry, List<JournalEntry> standing, JournalOwner? owner, HostPaths paths, Func<string, bool> removeRoute, List<string> done, List<string> left)
    {
        string? why = null;
        string what = "";
        switch (entry)
        {
            case { Replaced: { } file }:
                what = $"{file.Path} is as it was";
                // openresolv's record goes first: what it writes then belongs into the original.
                why = IsSame(FileIdentity.OfTarget(Path.GetDirectoryName(file.Path)!), file.Folder, owner)
                    ? RemoveOpenresolvRecord(standing, file, paths, owner) ?? FrontFile.PutBack(file)
                    : Elsewhere(file.Path);
                break;
            case { Written: { } file }:
                what = $"{file.Path} is as it was";
                why = IsSame(FileIdentity.OfTarget(file.Path), file.File, owner) ? MountedFileResolver.PutBack(file) : Elsewhere(file.Path);
                break;
            case { Record: { } record }:
                what = $"resolvconf has forgotten {record.Name}";
                why = IsSame(FileIdentity.OfTarget(paths.ResolvconfState), record.Folder, owner)
                    ? ResolvconfPrograms.Remove(record, paths, record.IsOpenresolv ? paths.ResolvConf : null)
                    : Elsewhere(paths.ResolvconfState);
                break;
            case { Link: { } link }:
                what = $"systemd-resolved has forgotten {link.Name}";
                using (IResolvedLinkCalls? calls = ResolvedResolver.Open(paths))
                    why = ResolvedResolver.PutBack(new(link.Name, link.Index), calls);
                break;
            case { Route: { } route }:
                what = $"route {route} is gone";
                why = removeRoute(route) ? null : $"The route {route} can't be removed.";
                break;
        }
        if (why is null) done.Add(what);
        else left.Add(why);
    }

    private static string? RemoveOpenresolvRecord(List<JournalEntry> standing, ReplacedFile file, HostPaths paths, JournalOwner? owner)
    {
        ResolvconfRecord? record = standing.Select(entry => entry.Record).FirstOrDefault(record => record is { IsOpenresolv: true });
        return record is null || !IsSame(FileIdentity.OfTarget(paths.ResolvconfState), record.Folder, owner) ? null : ResolvconfPrograms.Remove(record, paths, file.Beside);
    }

    // Device numbers may be others after a restart.
    private static bool IsSame(FileIdentity? there, FileIdentity journaled, JournalOwner? owner) =>
        there is { } found && found.Inode == journaled.Inode && (found.Device == journaled.Device || owner is not { IsOfThisBoot: true });

    private static string Elsewhere(string path) => string.Create(CultureInfo.InvariantCulture, $"'{path}' was changed in another mount namespace (a container?): run 'telelaunch restore --host' there.");

    private static (JournalOwner? Owner, List<JournalEntry> Standing) Read(string path)
    {
        JournalOwner? owner = null;
        var changes = new SortedDictionary<int, JournalEntry>();
        using var file = new FileStream(HostPath.OpenUnlocked(path), FileAccess.Read);
        using var lines = new StreamReader(file);
        while (lines.ReadLine() is { } text)
        {
            JournalLine? line;
            try
            {
                line = JsonSerializer.Deserialize(text, JournalJson.Default.JournalLine);
            }
            catch (JsonException)
            {
                // Cut off: the change wasn't made.
                continue;
            }
            owner ??= line?.Owner;
            if (line is { Number: { } number, Change: { } change }) changes[number] = change;
            if (line is { Undone: { } undone }) changes.Remove(undone);
        }
        return (owner, [.. changes.Values]);
    }
}
