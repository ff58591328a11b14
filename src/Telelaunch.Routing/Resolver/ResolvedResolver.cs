using System.Net;
using Telelaunch.Linux;
using Telelaunch.Net;
using Telelaunch.Routing.Journal;

namespace Telelaunch.Routing.Resolver;

/// <summary>systemd-resolved, which knows for each link which names belong to it: our link gets the cluster's, and all others never come near us.</summary>
/// <remarks>
/// It forgets a link's settings when the link is gone (RTM_DELLINK), so our death undoes them. A server on loopback is fine on a link of another name: resolved sends by the
/// routing table, not bound to the device, for addresses of 127.0.0.0/8; it refuses only its own 127.0.0.53 and 127.0.0.54. The link must be up and have an address, or it has no scope.
/// </remarks>
internal sealed class ResolvedResolver : HostResolver
{
    private readonly Func<HostPaths, IResolvedLinkCalls?> _open;
    private PathWatch? _watch;
    private HostJournal? _journal;
    private ResolverLink _link;
    private int _number;

    public ResolvedResolver(HostPaths paths, Func<HostPaths, IResolvedLinkCalls?> open) : base(paths, ReadUpstreams(paths)) => _open = open;

    public override string Name => "systemd-resolved";

    public override IReadOnlyList<string> Describe(SplitNames names, ResolverLink link) =>
        [.. ResolvectlProgram.Commands(link, names).Select(arguments => "resolvectl " + string.Join(' ', arguments))];

    /// <summary>The daemon, by D-Bus or by its program; null where it doesn't answer.</summary>
    public static IResolvedLinkCalls? Open(HostPaths paths) => (IResolvedLinkCalls?)ResolvedBus.Open() ?? ResolvectlProgram.Open(paths);

    /// <summary>Reverts the link, if it is still there, and has the daemon forget what it has heard.</summary>
    /// <returns>Null, or why something was left.</returns>
    public static string? PutBack(ResolverLink link, IResolvedLinkCalls? calls)
    {
        // A daemon that is gone has forgotten.
        if (calls is null) return null;
        try
        {
            calls.Revert(link);
        }
        catch (ResolvedException)
        {
            // The link is gone, and with it what was set.
        }
        try
        {
            calls.FlushCaches();
            return null;
        }
        catch (ResolvedException error)
        {
            return $"systemd-resolved keeps answers of the cluster's until they expire: {error.Message}";
        }
    }

    private protected override void ApplyCore(SplitNames names, ResolverLink link, HostJournal journal)
    {
        using IResolvedLinkCalls calls = _open(Paths) ?? throw new HostException("resolved-gone", "systemd-resolved doesn't answer any more.", "Look at 'systemctl status systemd-resolved' and start Telelaunch again.");
        _link = link;
        _journal = journal;
        _number = journal.Add(new() { Link = new(link.Name, link.Index) });
        try
        {
            // The server last: until then the link has no scope, and no name of somebody else's can be asked there.
            calls.SetNothingElse(link);
            calls.SetDomains(link, names.SearchDomains, names.RoutingDomains);
            calls.SetServer(link, SplitDns.Address);
            calls.FlushCaches();
        }
        catch (ResolvedException error)
        {
            throw new HostException("resolved-refused", $"systemd-resolved refused: {error.Message}", "Run as root; without it polkit must allow org.freedesktop.resolve1.set-dns-servers.", error);
        }
        _watch = new PathWatch(_ => SetUpstreams(ReadUpstreams(Paths)));
        _ = _watch.Add(Path.GetDirectoryName(Paths.ResolvedUpstreams)!);
        SetUpstreams(ReadUpstreams(Paths));
    }

    private protected override void UndoCore()
    {
        _watch?.Dispose();
        _watch = null;
        if (_journal is null) return;
        using IResolvedLinkCalls? calls = _open(Paths);
        if (PutBack(_link, calls) is { } left) Tell(left);
        _journal.Remove(_number);
        _journal = null;
    }

    private static IReadOnlyList<IPAddress> ReadUpstreams(HostPaths paths) =>
        // Without any it has none: it is not the machine's own, as an empty resolv.conf would mean.
        [.. ResolvConf.Parse(FileResolver.Read(paths.ResolvedUpstreams)).Servers.Where(server => !server.Equals(SplitDns.Address))];
}
