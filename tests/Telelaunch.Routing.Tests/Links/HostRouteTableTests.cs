using System.Net;
using System.Text.Json;
using Telelaunch.Net;
using Telelaunch.Routing.Links;

namespace Telelaunch.Routing.Tests.Links;

public class HostRouteTableTests
{
    // Two links with routes of all sorts.
    private const string Routes = """
        link add east type veth peer name west
        link set east up
        link set west up
        address add 192.0.2.1/24 dev east
        address add 2001:db8::1/64 dev east nodad
        route add default via 192.0.2.254 dev east proto dhcp src 192.0.2.1 metric 100
        route add 198.51.100.0/24 via 192.0.2.7 dev east table 1234
        route add unreachable 203.0.113.0/24
        route add 10.9.0.0/16 nexthop via 192.0.2.8 dev east nexthop via 192.0.2.9 dev east
        route add 10.8.0.0/16 via inet6 2001:db8::8 dev east
        route add 2001:db8:1::/48 via 2001:db8::7 dev east
        """;

    [Fact]
    public void Read_FindsWhatIpFinds()
    {
        using NetworkNamespace here = WithRoutes();
        using HostRouteTable table = here.Run(HostRouteTable.Open);

        IReadOnlyList<HostRoute> routes = table.Read();

        Assert.Equal(Lines(here), routes.Select(Line).Order(StringComparer.Ordinal));
        Assert.Contains(routes, route => route is { Type: RouteType.Unicast, Table: RouteTable.Main, Protocol: 16, Range.PrefixLength: 0, Interface: "east" } && route.PreferredSource!.Equals(IPAddress.Parse("192.0.2.1")));
        Assert.Equal(2, routes.Count(route => route.Range == AddressRange.Parse("10.9.0.0/16")));
        Assert.Contains(routes, route => route.Type == RouteType.Unreachable && route.Range == AddressRange.Parse("203.0.113.0/24"));
        Assert.Contains(routes, route => route.Table == (RouteTable)1234 && route.Gateway!.Equals(IPAddress.Parse("192.0.2.7")));
        Assert.Contains(routes, route => route.Range == AddressRange.Parse("10.8.0.0/16") && route.Gateway!.Equals(IPAddress.Parse("2001:db8::8")));
    }

    [Fact]
    public void RouteTo_IsTheKernelsChoice()
    {
        using NetworkNamespace here = WithRoutes();
        using HostRouteTable table = here.Run(HostRouteTable.Open);
        here.Check("ip", "rule", "add", "to", "198.51.100.0/24", "lookup", "1234");
        int east = table.IndexOf("east");

        Assert.Equal(new RouteAnswer(RouteType.Unicast, "east", east, IPAddress.Parse("192.0.2.254"), IPAddress.Parse("192.0.2.1")), table.RouteTo(IPAddress.Parse("8.8.8.8")));
        Assert.Equal(IPAddress.Parse("192.0.2.7"), table.RouteTo(IPAddress.Parse("198.51.100.1"))!.Gateway);
        Assert.Equal(new RouteAnswer(RouteType.Unicast, "east", east, null, IPAddress.Parse("2001:db8::1")), table.RouteTo(IPAddress.Parse("2001:db8::99")));
        Assert.Equal(RouteType.Local, table.RouteTo(IPAddress.Parse("192.0.2.1"))!.Type);
        Assert.Null(table.RouteTo(IPAddress.Parse("203.0.113.5")));
        Assert.Null(table.RouteTo(IPAddress.Parse("2001:db9::1")));
    }

    [Theory]
    [InlineData("10.96.0.0/12", "192.0.2.7")]
    [InlineData("fd00:10:96::/108", "2001:db8::7")]
    public void GatewayRoute_IsMadeOnce_AndRemoved(string text, string address)
    {
        using NetworkNamespace here = WithRoutes();
        using HostRouteTable table = here.Run(HostRouteTable.Open);
        string before = here.Snapshot();
        AddressRange range = AddressRange.Parse(text);
        IPAddress gateway = IPAddress.Parse(address);
        int east = table.IndexOf("east");

        table.AddGatewayRoute(range, gateway, east);
        Assert.Contains($"{range} via {gateway} dev east proto 200", here.Snapshot(), StringComparison.Ordinal);
        Assert.Equal(HostRouteTable.Protocol, Assert.Single(table.Read(), route => route.Range == range).Protocol);
        Assert.Equal("route-exists", Assert.Throws<HostException>(() => table.AddGatewayRoute(range, gateway, east)).Code);
        Assert.True(table.RemoveGatewayRoute(range, gateway, east));
        Assert.Equal(before, here.Snapshot());
        Assert.False(table.RemoveGatewayRoute(range, gateway, east));
    }

    [Fact]
    public void UnreachableGateway_IsRefusedWithTheKernelsWords()
    {
        using NetworkNamespace here = WithRoutes();
        using HostRouteTable table = here.Run(HostRouteTable.Open);

        HostException error = Assert.Throws<HostException>(() => table.AddGatewayRoute(AddressRange.Parse("10.96.0.0/12"), IPAddress.Parse("10.1.1.1"), table.IndexOf("east")));

        Assert.Equal("route-refused", error.Code);
        Assert.Contains("ENETUNREACH, Nexthop has invalid gateway", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-4 route add 10.7.0.0/16 dev lo")]
    [InlineData("-6 route add 2001:db8::/48 dev lo")]
    [InlineData("link set lo down")]
    public async Task Watch_TellsOfAChange(string change)
    {
        using var here = new NetworkNamespace();
        var changed = new TaskCompletionSource();
        using RouteWatch watch = here.Run(() => new RouteWatch(() => changed.TrySetResult()));
        Assert.False(changed.Task.IsCompleted);

        here.Check("ip", change.Split(' '));

        await changed.Task.WaitAsync(TimeSpan.FromSeconds(30));
    }

    private static NetworkNamespace WithRoutes()
    {
        var here = new NetworkNamespace();
        try
        {
            foreach (string line in Routes.Split('\n'))
                here.Check("ip", [.. line.Contains("2001:db8:1::", StringComparison.Ordinal) ? new[] { "-6" } : [], .. line.Split(' ')]);
            return here;
        }
        catch
        {
            here.Dispose();
            throw;
        }
    }

    private static string Line(HostRoute route)
    {
        string table = route.Table switch { RouteTable.Main => "main", RouteTable.Local => "local", RouteTable.Default => "default", _ => $"{(uint)route.Table}" };
#pragma warning disable CA1308 // The kernel's own spelling.
        return $"{route.Type.ToString().ToLowerInvariant()} {route.Range} table {table} dev {route.Interface} via {route.Gateway} src {route.PreferredSource}";
#pragma warning restore CA1308
    }

    private static IEnumerable<string> Lines(NetworkNamespace here)
    {
        var lines = new List<string>();
        foreach (string family in new[] { "-4", "-6" })
        {
            using var document = JsonDocument.Parse(here.Check("ip", "-j", "-N", family, "route", "show", "table", "all"));
            foreach (JsonElement route in document.RootElement.EnumerateArray())
            {
                string Text(JsonElement from, string name) => from.TryGetProperty(name, out JsonElement value) ? value.ToString() : "";
                string destination = Text(route, "dst");
                AddressRange range = AddressRange.Parse(destination == "default" ? (family == "-4" ? "0.0.0.0/0" : "::/0") : destination);
                string type = Text(route, "type") switch { "" or "1" => "unicast", "2" => "local", "3" => "broadcast", "4" => "anycast", "5" => "multicast", "7" => "unreachable", var other => other };
                string table = Text(route, "table") switch { "" or "254" => "main", "255" => "local", var other => other };
                JsonElement[] hops = route.TryGetProperty("nexthops", out JsonElement all) ? [.. all.EnumerateArray()] : [route];
                foreach (JsonElement hop in hops)
                {
                    string gateway = hop.TryGetProperty("via", out JsonElement via) ? Text(via, "host") : Text(hop, "gateway");
                    string device = Text(hop, "dev");
                    lines.Add($"{type} {range} table {table} dev {device} via {gateway} src {Text(route, "prefsrc")}");
                }
            }
        }

        return lines.Order(StringComparer.Ordinal);
    }
}
