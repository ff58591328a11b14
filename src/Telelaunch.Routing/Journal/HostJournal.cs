using System.Globalization;
using System.Text.Json;
using Telelaunch.Linux;
using Telelaunch.Net;
using Telelaunch.Routing.Resolver;

namespace Telelaunch.Routing.Journal;

/// <summary>What this process has changed of the machine and will undo, written down before each change so that others can undo it after our death.</summary>
/// <remarks>
/// A file per owner, a line of JSON per step, only ever appended to: a line that a loss of power has cut off tells of a change that wasn't made yet.
/// The open file is locked (flock(2)) for as long as the owner lives, by which other PID namespaces see that it does.
/// </remarks>
public sealed class HostJournal : IDisposable
{
    internal const string Extension = ".journal";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly Lock _gate = new();
    private readonly FileStream _file;
    private readonly HashSet<int> _standing = [];
    private int _lastNumber;

    private HostJournal(FileStream file, JournalOwner owner)
    {
        _file = file;
        Owner = owner;
    }

    /// <summary>This process.</summary>
    public JournalOwner Owner { get; }

    /// <summary>Opens this process's journal; the folder is made where there is none.</summary>
    /// <exception cref="HostException">It can't be written; then nothing may be changed.</exception>
    public static HostJournal Open(HostPaths paths, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(paths);
        var owner = JournalOwner.Current(time);
        string path = Path.Combine(paths.Journals, string.Create(CultureInfo.InvariantCulture, $"{owner.ProcessId}-{owner.StartTime}-{owner.PidNamespace}{Extension}"));
        try
        {
            FileStream file = Create(path);
            var journal = new HostJournal(file, owner);
            journal.Append(new() { Owner = owner });
            HostPath.Flush(paths.Journals);
            return journal;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new HostException("journal-not-written", $"What is changed of this machine can't be written down in '{paths.Journals}': {error.Message}", "Make it writable for root; nothing was changed.", error);
        }
    }

    /// <summary>Writes down a change that is about to be made; it is on the disk when this returns.</summary>
    /// <returns>Its number, for <see cref="Remove"/>.</returns>
    /// <exception cref="HostException">It can't be written; then the change may not be made.</exception>
    public int Add(JournalEntry change)
    {
        lock (_gate)
        {
            int number = ++_lastNumber;
            try
            {
                Append(new() { Number = number, Change = change });
            }
            catch (IOException error)
            {
                throw new HostException("journal-not-written", $"What is changed of this machine can't be written down in '{_file.Name}': {error.Message}", "Make room on that disk.", error);
            }
            _standing.Add(number);
            return number;
        }
    }

    /// <summary>The change is undone, or was never made. Nothing happens when it was said before.</summary>
    public void Remove(int number)
    {
        lock (_gate)
        {
            if (!_standing.Remove(number)) return;
            try
            {
                Append(new() { Undone = number });
            }
            catch (IOException)
            {
                // Undoing twice does no harm.
            }
        }
    }

    /// <summary>Ends the journal: the file goes unless a change still stands, which <see cref="HostUndo"/> then undoes.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_standing.Count == 0) DeleteFile(_file.Name);
            _file.Dispose();
        }
    }

    /// <summary>Removes a journal, and the folder with the last one.</summary>
    internal static void DeleteFile(string path)
    {
        File.Delete(path);
        try
        {
            Directory.Delete(Path.GetDirectoryName(path)!);
        }
        catch (IOException)
        {
            // There are others.
        }
    }

    private static FileStream Create(string path)
    {
        while (true)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!, OwnerOnly | UnixFileMode.UserExecute);
            try
            {
                // FileShare.None is flock(LOCK_EX).
                return new FileStream(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None, BufferSize = 0, UnixCreateMode = OwnerOnly });
            }
            catch (DirectoryNotFoundException)
            {
                // Another session's end has just removed it.
            }
        }
    }

    private void Append(JournalLine line)
    {
        _file.Write([.. JsonSerializer.SerializeToUtf8Bytes(line, JournalJson.Default.JournalLine), (byte)'\n']);
        _file.Flush(flushToDisk: true);
    }
}
