using System.Net;
using Telelaunch.Net;
using Telelaunch.Routing.Journal;
using Telelaunch.Routing.Links;
using Telelaunch.Routing.Resolver;

namespace Telelaunch.Routing.Helper;

/// <summary>Puts back what dead sessions left on this machine, by their journals: for the guard, for the next session, and for <c>telelaunch restore --host</c>.</summary>
public static class HostRestore
{
    /// <summary>What a person, or the next session, waits for an owner that was killed a moment ago: a process ends some time after its signal.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <param name="patience">How long an owner that is ending may take.</param>
    public static HostUndoReport Run(HostPaths paths, TimeSpan patience) => HostUndo.Run(paths, RemoveRoute, patience);

    /// <summary>A route as it stands in the journal: <c>RANGE via GATEWAY dev LINK</c>.</summary>
    internal static string RouteText(AddressRange range, IPAddress gateway, string link) => $"{range} via {gateway} dev {link}";

    /// <returns>False: it stands still. One that somebody has removed, or that went with its link, is removed.</returns>
    private static bool RemoveRoute(string text)
    {
        if (text.Split(' ') is not [string destination, "via", string gateway, "dev", string link]
            || !AddressRange.TryParse(destination, out AddressRange range)
            || !IPAddress.TryParse(gateway, out IPAddress? address))
        {
            return false;
        }

        try
        {
            using HostRouteTable routes = HostRouteTable.Open();
            int index = routes.IndexOf(link);
            if (index != 0)
                routes.RemoveGatewayRoute(range, address, index);
            return true;
        }
        catch (HostException)
        {
            return false;
        }
    }
}
