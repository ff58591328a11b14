using System.Net;

namespace Telelaunch.Routing.Resolver;

/// <summary>systemd-resolved by its own program, resolvectl(1).</summary>
internal sealed class ResolvectlProgram(string program) : IResolvedLinkCalls
{
    /// <summary>Null where the program isn't there, or the daemon doesn't answer it.</summary>
    public static ResolvectlProgram? Open(HostPaths paths)
    {
        // The daemon's own socket: the program would have D-Bus start a daemon that nobody uses.
        if (!File.Exists(paths.ResolvedUpstreams) || paths.FindProgram("resolvectl") is not { } program) return null;
        return HostProgram.Run(program, ["statistics"]).Code == 0 ? new(program) : null;
    }

    /// <summary>The arguments of resolvectl for each call, in order.</summary>
    public static IReadOnlyList<string[]> Commands(ResolverLink link, SplitNames names) =>
    [
        ["flush-caches"],
        .. NothingElse(link.Name),
        Domains(link.Name, names.SearchDomains, names.RoutingDomains),
        Server(link.Name, SplitDns.Address),
    ];

    public void SetServer(ResolverLink link, IPAddress server) => Run(Server(link.Name, server));

    public void SetDomains(ResolverLink link, IReadOnlyList<string> search, IReadOnlyList<string> routing) => Run(Domains(link.Name, search, routing));

    public void SetNothingElse(ResolverLink link)
    {
        // An old one doesn't know all of them.
        foreach (string[] arguments in NothingElse(link.Name)) _ = HostProgram.Run(program, arguments);
    }

    public void Revert(ResolverLink link) => Run("revert", link.Name);

    public void FlushCaches() => Run("flush-caches");

    public void Dispose()
    {
    }

    private static string[][] NothingElse(string link) =>
        [["default-route", link, "no"], ["dnssec", link, "no"], ["dnsovertls", link, "no"], ["llmnr", link, "no"], ["mdns", link, "no"]];

    private static string[] Domains(string link, IReadOnlyList<string> search, IReadOnlyList<string> routing) => ["domain", link, .. search, .. routing.Select(domain => "~" + domain)];

    private static string[] Server(string link, IPAddress server) => ["dns", link, server.ToString()];

    private void Run(params string[] arguments)
    {
        HostProgram.Result result = HostProgram.Run(program, arguments);
        if (result.Code != 0) throw new ResolvedException($"resolvectl {arguments[0]}", "", result.Error);
    }
}
