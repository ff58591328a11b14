using Telelaunch.Linux;
using Telelaunch.Net;
using Telelaunch.Routing.Journal;

namespace Telelaunch.Routing.Resolver;

/// <summary>Programs read /etc/resolv.conf, which somebody has written or somebody's program writes (a DHCP client, NetworkManager), or which is a link to such a file: ours stands in front of it.</summary>
/// <remarks>Who rewrites it meanwhile has written the original: theirs is kept, asked for what isn't the cluster's, and put back at the end.</remarks>
internal sealed class FileResolver : HostResolver
{
    /// <summary>How often within <see cref="Window"/> ours is put in front again before somebody else's is left there: two that fight leave no time for names.</summary>
    internal const int MaxTakings = 5;
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly TimeProvider _time;
    private readonly Queue<long> _takings = [];
    private PathWatch? _watch;
    private FrontFile? _front;
    private Func<string, string> _build = text => text;
    private string? _targetName;

    public FileResolver(HostPaths paths, TimeProvider time) : base(paths, ResolvConf.Parse(Read(paths.ResolvConf)).Upstreams) => _time = time;

    public override string Name => Paths.ResolvConf;

    public override IReadOnlyList<string> Describe(SplitNames names, ResolverLink link) =>
    [
        $"mv --exchange {Paths.ResolvConf}, with a file beside it that says:",
        .. ResolvConf.Parse(Read(Paths.ResolvConf)).InFront(names, "this process", HostName(Paths)).TrimEnd().Split('\n').Select(line => "  " + line),
    ];

    internal static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            // None at all, or a link to nowhere: then it is as an empty one (resolv.conf(5)).
            return "";
        }
    }

    internal static string HostName(HostPaths paths) => Read(paths.HostName).Trim();

    private protected override void ApplyCore(SplitNames names, ResolverLink link, HostJournal journal)
    {
        _build = original => ResolvConf.Parse(original).InFront(names, journal.Owner.ToString(), HostName(Paths));
        var front = new FrontFile(Paths.ResolvConf, journal);
        front.Place(_build(Read(Paths.ResolvConf)));
        _front = front;
        _watch = new PathWatch(Follow);
        _ = _watch.Add(Path.GetDirectoryName(Paths.ResolvConf)!);
        WatchTarget();
        // What has happened between reading and watching: as if it were told.
        Follow([null]);
    }

    private protected override void UndoCore()
    {
        _watch?.Dispose();
        _watch = null;
        if (_front?.TakeOut() is { } left) Tell(left);
        _front = null;
    }

    // On the watch's thread, and once at the start.
    private void Follow(HashSet<string?> names)
    {
        lock (_takings)
        {
            if (_front is not { } front) return;
            if (!names.Contains(null) && !names.Overlaps(front.Names) && !names.Contains(_targetName)) return;
            try
            {
                if (front.Settle(_build))
                {
                    NameCache.Clear(Paths);
                    if (HasTakenTooOften())
                    {
                        Tell($"Something keeps rewriting {Paths.ResolvConf}: it is left as it is, and the cluster's names resolve no more.");
                        if (front.TakeOut() is { } left) Tell(left);
                        _front = null;
                        return;
                    }
                    Tell($"{Paths.ResolvConf} was rewritten: the new one is asked for all but the cluster's names, and will be put back at the end.");
                }
                WatchTarget();
                if (ResolvConf.Parse(Read(front.Original)).Upstreams is { Count: > 0 } upstreams) SetUpstreams(upstreams);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException or HostException)
            {
                Tell($"{Paths.ResolvConf} was rewritten, and can't be followed: {error.Message}");
            }
        }
    }

    private bool HasTakenTooOften()
    {
        long now = _time.GetTimestamp();
        _takings.Enqueue(now);
        while (_time.GetElapsedTime(_takings.Peek(), now) > Window) _takings.Dequeue();
        return _takings.Count > MaxTakings;
    }

    // Where the original is a link, its writer writes elsewhere.
    private void WatchTarget()
    {
        _targetName = null;
        if (_front is null || FileIdentity.Of(_front.Original) is not { IsLink: true }) return;
        if (File.ResolveLinkTarget(_front.Original, returnFinalTarget: true)?.FullName is not { } target) return;
        _targetName = Path.GetFileName(target);
        _ = _watch?.Add(Path.GetDirectoryName(target)!);
    }
}
