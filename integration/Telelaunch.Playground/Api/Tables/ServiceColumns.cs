using System.Text.Json.Nodes;
using Telelaunch.Playground.Store;
using static Telelaunch.Playground.Api.Tables.Table;

namespace Telelaunch.Playground.Api.Tables;

internal static class ServiceColumns
{
    private const string None = "<none>";

    public static Column[] All(Column name, Column age) =>
    [
        name,
        new("Type", o => o.At("spec", "type").Text()),
        new("Cluster-IP", o => o.At("spec", "clusterIP").Text() is { Length: > 0 } ip ? ip : None),
        new("External-IP", o => o.At("spec", "externalName").Text() is { Length: > 0 } external ? external : o.At("spec", "type").Text() == "LoadBalancer" ? "<pending>" : None),
        new("Port(s)", Ports),
        age,
        new("Selector", o => o.At("spec", "selector").IsFilled() ? LabelSelector.OfMap(o.At("spec", "selector")).ToString() : None, Wide: true),
    ];

    internal static JsonNode EndpointsCell(JsonObject endpoints) => Joined(endpoints["subsets"].Items().SelectMany(s =>
        s["addresses"].Items().SelectMany(a => s["ports"].Items().Select(p => $"{a["ip"].Text()}:{p["port"].Number()}"))));

    /// <summary>The first three, and how many more there are.</summary>
    internal static string Joined(IEnumerable<string> values)
    {
        var all = values.ToList();
        return all.Count == 0 ? None : string.Join(',', all.Take(3)) + (all.Count > 3 ? $" + {all.Count - 3} more..." : "");
    }

    private static JsonNode Ports(JsonObject service)
    {
        var ports = service.At("spec", "ports").Items().Select(p =>
            $"{p["port"].Number()}{(p["nodePort"].Number() > 0 ? $":{p["nodePort"].Number()}" : "")}/{p["protocol"].Text()}").ToList();
        return ports.Count == 0 ? None : string.Join(',', ports);
    }
}
