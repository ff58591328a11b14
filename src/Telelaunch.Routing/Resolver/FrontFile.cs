using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Telelaunch.Linux;
using Telelaunch.Net;
using Telelaunch.Routing.Journal;

namespace Telelaunch.Routing.Resolver;

/// <summary>A file that stands under another's name for a while; what was there (a file with all its attributes, or a symbolic link) lies beside it, untouched.</summary>
/// <remarks>
/// The two change names in one moment (renameat2(2), RENAME_EXCHANGE), so nobody ever finds nothing, and nothing that somebody puts there is lost: what the
/// exchange has brought aside is looked at, not what was there before it. File systems that can't exchange (EINVAL) get a second name for the original, link(2), and a
/// rename over the first: just as seamless, but who writes in between is overwritten. Going back is one rename of the original over ours.
/// </remarks>
internal sealed class FrontFile
{
    private const int ENOSYS = 38;
    private const UnixFileMode Readable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private readonly ReplacedFile _file;
    private readonly HostJournal _journal;
    private readonly Func<string, string, int> _exchange;
    private int _number;
    private FileIdentity? _ours;

    // While it is open nothing else gets its inode: a file that is made anew after ours was removed isn't taken for ours rewritten.
    private SafeFileHandle? _held;
    private string _text = "";

    public FrontFile(string path, HostJournal journal) : this(path, journal, HostPath.Exchange)
    {
    }

    /// <param name="exchange">renameat2(2): the errno.</param>
    internal FrontFile(string path, HostJournal journal, Func<string, string, int> exchange)
    {
        _exchange = exchange;
        string folder = Path.GetDirectoryName(path)!;
        string beside = Path.Combine(folder, $".{Path.GetFileName(path)}.telelaunch-{journal.Owner.ProcessId}");
        _file = new(path, beside, beside + "-next", FileIdentity.OfTarget(folder) ?? default, WasAbsent: FileIdentity.Of(path) is null);
        _journal = journal;
    }

    /// <summary>The names in the folder whose change matters.</summary>
    public IReadOnlyList<string> Names => [Path.GetFileName(_file.Path), Path.GetFileName(_file.Beside)];

    /// <summary>The original's path while ours is in front.</summary>
    public string Original => _file.Beside;

    /// <summary>Puts a file with this text in front.</summary>
    /// <exception cref="HostException">It can't be done; nothing was changed.</exception>
    public void Place(string text)
    {
        _number = _journal.Add(new() { Replaced = _file });
        int errno;
        try
        {
            SafeFileHandle ours = Write(_file.Beside, text);
            Hold(ours, FileIdentity.Of(_file.Beside));
            errno = _file.WasAbsent ? HostPath.TryRename(_file.Beside, _file.Path) : Swap(_file.Beside);
            // After a rename ours is where it should be; after an exchange it is the only one there that isn't a stranger.
            if (errno == 0) HostPath.Flush(Path.GetDirectoryName(_file.Path)!);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            TakeOut();
            throw Refused(error.Message, error);
        }
        if (errno != 0)
        {
            TakeOut();
            throw errno == Errno.EPERM
                ? new HostException("resolver-file-immutable", $"'{_file.Path}' may not be replaced (EPERM): it has probably been made immutable.", $"sudo chattr -i {_file.Path}")
                : Refused(Errno.NameOf(errno), null);
        }
        _text = text;
    }

    /// <summary>Puts ours in front again where somebody has replaced or rewritten it, and theirs becomes the original; ours follows the original's text.</summary>
    /// <param name="build">Our text for an original's.</param>
    /// <returns>Whether something of somebody else's had to be brought aside.</returns>
    /// <exception cref="IOException">It can't be done.</exception>
    public bool Settle(Func<string, string> build)
    {
        bool hasTaken = false;
        // What isn't there is about to be made: its writer hasn't finished. Its next event comes.
        while (FileIdentity.Of(_file.Path) is { } now)
        {
            string? there = TryRead(_file.Path);
            bool isOurs = now == _ours && there == _text;
            if (isOurs && build(TryRead(_file.Beside) ?? "") == _text) break;
            // Rewritten in place, and not finished: its close comes.
            if (now == _ours && !isOurs && IsOpenForWriting(_file.Path)) break;
            string text = build((isOurs || ResolvConf.IsOurs(there ?? "") ? TryRead(_file.Beside) : there) ?? "");
            SafeFileHandle next = Write(_file.Next, text);
            FileIdentity? nextOurs = FileIdentity.Of(_file.Next);
            int errno = Swap(_file.Next);
            if (errno != 0)
            {
                next.Dispose();
                File.Delete(_file.Next);
                throw new IOException($"'{_file.Path}' can't be replaced: {Errno.NameOf(errno)}");
            }
            hasTaken |= KeepAside();
            Hold(next, nextOurs);
            _text = text;
        }
        return hasTaken;
    }

    /// <summary>Puts the original back.</summary>
    /// <returns>Null, or why something was left.</returns>
    public string? TakeOut()
    {
        _held?.Dispose();
        string? left = PutBack(_file);
        if (left is null) _journal.Remove(_number);
        return left;
    }

    /// <summary>Puts the original back from whatever state somebody's death has left. What isn't ours any more stays.</summary>
    /// <returns>Null, or why something was left.</returns>
    public static string? PutBack(ReplacedFile file)
    {
        try
        {
            // Theirs that was brought aside and hasn't become the original yet is the newer one.
            string? original = new[] { file.Next, file.Beside }.FirstOrDefault(path => FileIdentity.Of(path) is not null && !IsOurs(path));
            bool isAbsent = FileIdentity.Of(file.Path) is null;
            if (isAbsent || IsOurs(file.Path))
            {
                if (original is not null) HostPath.Rename(original, file.Path);
                else if (file.WasAbsent) File.Delete(file.Path);
                else if (!isAbsent) return $"'{file.Path}' is Telelaunch's, and what was there before is gone: write it anew.";
            }
            File.Delete(file.Beside);
            File.Delete(file.Next);
            HostPath.Flush(Path.GetDirectoryName(file.Path)!);
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return $"'{file.Path}' can't be put back: {error.Message}";
        }
    }

    // What was in our place lies under the name of Next now: ours of before, ours that somebody has written into, or another file.
    private bool KeepAside()
    {
        bool isOurFile = FileIdentity.Of(_file.Next) == _ours;
        string? there = TryRead(_file.Next);
        if ((isOurFile && there == _text) || IsOurs(_file.Next))
        {
            File.Delete(_file.Next);
            return there != _text;
        }
        if (isOurFile)
        {
            // Who writes into a file in place would have done so with the original, through a link too.
            File.WriteAllText(_file.Beside, there);
            File.Delete(_file.Next);
        }
        else
        {
            HostPath.Rename(_file.Next, _file.Beside);
        }
        return true;
    }

    /// <summary>Puts what lies at <paramref name="aside"/> in place, and what was in place there.</summary>
    private int Swap(string aside)
    {
        int errno = _exchange(aside, _file.Path);
        if (errno is not (Errno.EINVAL or ENOSYS)) return errno;
        string second = aside + "-link";
        File.Delete(second);
        errno = HostPath.TryLink(_file.Path, second);
        if (errno != 0) return errno;
        errno = HostPath.TryRename(aside, _file.Path);
        // The two names of one file: rename(2) would do nothing.
        if (errno != 0) File.Delete(second);
        return errno != 0 ? errno : HostPath.TryRename(second, aside);
    }

    private void Hold(SafeFileHandle file, FileIdentity? identity)
    {
        _held?.Dispose();
        _held = file;
        _ours = identity;
    }

    /// <returns>The file, open for reading.</returns>
    private static SafeFileHandle Write(string path, string text)
    {
        File.Delete(path);
        using var file = new FileStream(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = Readable });
        // The umask of whoever started us has no say in who may resolve names.
        File.SetUnixFileMode(file.SafeFileHandle, Readable);
        using (var writer = new StreamWriter(file, leaveOpen: true)) writer.Write(text);
        file.Flush(flushToDisk: true);
        return HostPath.OpenUnlocked(path);
    }

    private static bool IsOurs(string path) => FileIdentity.Of(path) is { IsLink: false } && ResolvConf.IsOurs(TryRead(path) ?? "");

    private static string? TryRead(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static bool IsOpenForWriting(string path)
    {
        try
        {
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            // Some file systems know no leases; what can't be known is taken for finished.
            return HostPath.IsOpenForWriting(file) && Marshal.GetLastPInvokeError() == Errno.EAGAIN;
        }
        catch (IOException)
        {
            return true;
        }
    }

    private HostException Refused(string why, Exception? inner) =>
        new("resolver-file-not-replaced", $"'{_file.Path}' can't be replaced: {why}.", "Make its folder writable (a read-only root, ProtectSystem= of a systemd unit, a container's read-only file system), or run without --vpn-tcp.", inner);
}
