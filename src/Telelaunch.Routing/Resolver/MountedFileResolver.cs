using System.Text;
using Telelaunch.Linux;
using Telelaunch.Net;
using Telelaunch.Routing.Journal;

namespace Telelaunch.Routing.Resolver;

/// <summary>/etc/resolv.conf is mounted by itself, as container engines do: it can't be replaced (EBUSY), only written.</summary>
internal sealed class MountedFileResolver : HostResolver
{
    private readonly Lock _following = new();
    private PathWatch? _watch;
    private HostJournal? _journal;
    private SplitNames? _names;
    private WrittenFile? _written;
    private int _number;
    private byte[] _ours = [];

    public MountedFileResolver(HostPaths paths) : base(paths, ResolvConf.Parse(FileResolver.Read(paths.ResolvConf)).Upstreams)
    {
    }

    public override string Name => $"{Paths.ResolvConf} (mounted)";

    public override IReadOnlyList<string> Describe(SplitNames names, ResolverLink link) =>
    [
        $"write {Paths.ResolvConf} in place:",
        .. ResolvConf.Parse(FileResolver.Read(Paths.ResolvConf)).InFront(names, "this process", FileResolver.HostName(Paths)).TrimEnd().Split('\n').Select(line => "  " + line),
    ];

    /// <summary>Whether the path is a mount by itself.</summary>
    public static bool IsMounted(HostPaths paths) =>
        // proc_pid_mountinfo(5): the fifth field is the mount point.
        FileResolver.Read(paths.MountInfo).Split('\n').Any(line => line.Split(' ') is { Length: > 5 } fields && fields[4] == "/etc/resolv.conf");

    /// <summary>Writes the original bytes again where ours still are.</summary>
    /// <returns>Null, or why something was left.</returns>
    public static string? PutBack(WrittenFile file)
    {
        try
        {
            if (ResolvConf.IsOurs(FileResolver.Read(file.Path)))
            {
                Write(file.Path, file.Original);
                File.SetLastWriteTimeUtc(file.Path, file.Modified);
            }
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return $"'{file.Path}' can't be put back: {error.Message}";
        }
    }

    private protected override void ApplyCore(SplitNames names, ResolverLink link, HostJournal journal)
    {
        _names = names;
        _journal = journal;
        _watch = new PathWatch(_ => Follow());
        _ = _watch.Add(Paths.ResolvConf);
        lock (_following)
        {
            try
            {
                Take(File.ReadAllBytes(Paths.ResolvConf));
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new HostException("resolver-file-read-only", $"'{Paths.ResolvConf}' is mounted by itself and can't be written: {error.Message}", "Mount it writable (docker run without --read-only; no ':ro' behind it), or run Telelaunch where it is.", error);
            }
        }
    }

    private protected override void UndoCore()
    {
        _watch?.Dispose();
        _watch = null;
        if (_written is null) return;
        if (PutBack(_written) is { } left) Tell(left);
        else _journal!.Remove(_number);
        _written = null;
    }

    private void Follow()
    {
        lock (_following)
        {
            try
            {
                byte[] there = File.ReadAllBytes(Paths.ResolvConf);
                if (_written is null || there.AsSpan().SequenceEqual(_ours) || there.AsSpan().SequenceEqual(_written.Original)) return;
                if (ResolvConf.IsOurs(Encoding.UTF8.GetString(there))) there = _written.Original;
                Take(there);
                Tell($"{Paths.ResolvConf} was rewritten: what it says is asked for all but the cluster's names, and will be put back at the end.");
                NameCache.Clear(Paths);
                if (ResolvConf.Parse(Encoding.UTF8.GetString(there)).Upstreams is { Count: > 0 } upstreams) SetUpstreams(upstreams);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException or HostException)
            {
                Tell($"{Paths.ResolvConf} was rewritten, and can't be followed: {error.Message}");
            }
        }
    }

    private void Take(byte[] original)
    {
        DateTime modified = _written is not null && original == _written.Original ? _written.Modified : File.GetLastWriteTimeUtc(Paths.ResolvConf);
        var written = new WrittenFile(Paths.ResolvConf, FileIdentity.OfTarget(Paths.ResolvConf) ?? default, original, modified);
        int before = _number;
        _number = _journal!.Add(new() { Written = written });
        _journal.Remove(before);
        _written = written;
        string text = ResolvConf.Parse(Encoding.UTF8.GetString(original)).InFront(_names!, _journal.Owner.ToString(), FileResolver.HostName(Paths));
        // Never shorter than what was there, and what goes beyond it is a comment wherever it is cut: so a reader who comes between writing and cutting reads nothing wrong.
        _ours = Encoding.UTF8.GetBytes(text + new string('#', Math.Max(0, original.Length - Encoding.UTF8.GetByteCount(text))) + "\n");
        Write(Paths.ResolvConf, _ours);
    }

    // One write over the old bytes, then the length: there is no moment at which the file is empty.
    private static void Write(string path, byte[] bytes)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
        RandomAccess.Write(file, bytes, 0);
        RandomAccess.SetLength(file, bytes.Length);
        RandomAccess.FlushToDisk(file);
    }
}
