using System.Net;
using Telelaunch.Net;

namespace Telelaunch.Routing.Resolver;

/// <summary>Finds out how this machine resolves names.</summary>
public static class HostResolverSearch
{
    private static readonly IPAddress[] ResolvedStubs = [IPAddress.Parse("127.0.0.53"), IPAddress.Parse("127.0.0.54")];

    /// <summary>Reads, and changes nothing.</summary>
    /// <exception cref="HostException"><c>/etc/resolv.conf</c> is still that of a session that has ended (<see cref="Journal.HostUndo"/> comes first), or of one that runs.</exception>
    public static HostResolver Find(HostPaths paths, TimeProvider time) => Find(paths, time, ResolvedResolver.Open);

    /// <param name="openResolved">The way to systemd-resolved; null from it where it doesn't answer.</param>
    internal static HostResolver Find(HostPaths paths, TimeProvider time, Func<HostPaths, IResolvedLinkCalls?> openResolved)
    {
        string text = FileResolver.Read(paths.ResolvConf);
        if (ResolvConf.IsOurs(text))
            throw new HostException("resolver-is-telelaunch", $"'{paths.ResolvConf}' names Telelaunch's own server: another session runs, or one has ended without putting it back.", "End the other session, or: sudo telelaunch restore --host");

        // Where the file names other servers and the C library doesn't ask resolved itself, programs go past a resolved that runs.
        if (ResolvConf.Parse(text).Servers.Any(ResolvedStubs.Contains) || AsksResolved(paths))
        {
            using IResolvedLinkCalls? calls = openResolved(paths);
            if (calls is not null) return new ResolvedResolver(paths, openResolved);
        }
        if (MountedFileResolver.IsMounted(paths)) return new MountedFileResolver(paths);
        return ResolvconfResolver.TryFind(paths, time, text) ?? (HostResolver)new FileResolver(paths, time);
    }

    // nsswitch.conf(5): "hosts: files resolve [!UNAVAIL=return] dns"; nss-resolve(8).
    private static bool AsksResolved(HostPaths paths) =>
        FileResolver.Read(paths.Nsswitch).Split('\n').Select(line => line.Split('#')[0].Trim()).Any(line =>
            line.StartsWith("hosts:", StringComparison.Ordinal) && line.Split([' ', '\t', ':'], StringSplitOptions.RemoveEmptyEntries).Contains("resolve"));
}
