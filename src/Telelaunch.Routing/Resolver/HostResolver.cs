using System.Net;
using Telelaunch.Net;
using Telelaunch.Routing.Journal;

namespace Telelaunch.Routing.Resolver;

/// <summary>How this machine resolves names, with the split DNS server put into it for a while and taken out again.</summary>
/// <remarks>Found by <see cref="HostResolverSearch"/>. Events come on a thread of the resolver's own, one at a time; a handler must not undo or dispose.</remarks>
public abstract class HostResolver : IDisposable
{
    private readonly Lock _gate = new();
    private IReadOnlyList<IPAddress> _upstreams;
    private bool _isApplied;

    private protected HostResolver(HostPaths paths, IReadOnlyList<IPAddress> upstreams)
    {
        Paths = paths;
        _upstreams = upstreams;
    }

    /// <summary>Another server answers for what isn't the cluster's now: the network has changed.</summary>
    public event Action<IReadOnlyList<IPAddress>>? UpstreamsChanged;

    /// <summary>Something that a person should know: one line.</summary>
    public event Action<string>? Told;

    /// <summary>What it is, for people: <c>systemd-resolved</c>, <c>openresolv</c>, <c>/etc/resolv.conf</c>.</summary>
    public abstract string Name { get; }

    /// <summary>The servers that answer for everything that isn't the cluster's, in the machine's order, port 53; none of them is the split DNS server.</summary>
    public IReadOnlyList<IPAddress> Upstreams
    {
        get { lock (_gate) return _upstreams; }
    }

    private protected HostPaths Paths { get; }

    /// <summary>What <see cref="Apply"/> will do, a line each, as commands that a person could give.</summary>
    public abstract IReadOnlyList<string> Describe(SplitNames names, ResolverLink link);

    /// <summary>Puts the split DNS server in front; it must answer already.</summary>
    /// <param name="journal">Is told of each change before it is made.</param>
    /// <exception cref="HostException">It can't be done; everything is as before.</exception>
    public void Apply(SplitNames names, ResolverLink link, HostJournal journal)
    {
        if (_isApplied) throw new InvalidOperationException("Applied already.");
        _isApplied = true;
        try
        {
            ApplyCore(names, link, journal);
        }
        catch (Exception error)
        {
            Undo();
            if (error is HostException) throw;
            if (error is not (IOException or UnauthorizedAccessException or System.ComponentModel.Win32Exception)) throw;
            throw new HostException("resolver-not-changed", $"This machine's name resolution ({Name}) can't be changed: {error.Message}", "Everything is as before. Look at what the message names; with a container, at its read-only mounts.", error);
        }
        NameCache.Clear(Paths);
    }

    /// <summary>Takes it out again: everything is as it would be had we never been there. Nothing happens when it isn't in. Never throws; what couldn't be undone stays in the journal.</summary>
    public void Undo()
    {
        if (!_isApplied) return;
        _isApplied = false;
        UndoCore();
        NameCache.Clear(Paths);
    }

    /// <summary><see cref="Undo"/>, and nothing is watched any more.</summary>
    public void Dispose()
    {
        Undo();
        GC.SuppressFinalize(this);
    }

    private protected abstract void ApplyCore(SplitNames names, ResolverLink link, HostJournal journal);

    /// <summary>May find only a part applied, or nothing.</summary>
    private protected abstract void UndoCore();

    private protected void SetUpstreams(IReadOnlyList<IPAddress> upstreams)
    {
        lock (_gate)
        {
            if (_upstreams.SequenceEqual(upstreams)) return;
            _upstreams = upstreams;
        }
        UpstreamsChanged?.Invoke(upstreams);
    }

    private protected void Tell(string line) => Told?.Invoke(line);
}
