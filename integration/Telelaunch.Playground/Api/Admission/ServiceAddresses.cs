using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Api.Admission;

/// <summary>Gives Services their ClusterIP and NodePorts, and refuses those that can't be given.</summary>
/// <remarks>A dry run checks less than a real create, and is the only one to tell the range: both as on a real server.</remarks>
public sealed class ServiceAddresses(ObjectStore store)
{
    public const string Range = "10.96.0.0/16";

    private const int FirstNodePort = 30000;
    private const int LastNodePort = 32767;

    private static readonly IPNetwork Network = IPNetwork.Parse(Range);

    /// <summary>Fills in <c>clusterIP</c>, <c>ipFamilies</c>, <c>nodePort</c> of a Service that is about to be stored.</summary>
    public void Assign(JsonObject service, bool dryRun)
    {
        var spec = service.Object("spec");
        var type = spec["type"].Text();
        var errors = new FieldErrors();
        if (type == "ExternalName")
        {
            foreach (var key in (string[])["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"])
                spec.Remove(key);
            return;
        }
        var asked = spec["clusterIP"].Text() is { Length: > 0 } one ? one : (spec["clusterIPs"] as JsonArray)?.FirstOrDefault().Text() ?? "";
        if (asked != "None")
            asked = ClusterIp(service, asked, dryRun, errors);
        spec["clusterIP"] = asked;
        spec["clusterIPs"] = new JsonArray(asked);
        spec.Default("ipFamilies", new JsonArray("IPv4"));
        spec.Default("ipFamilyPolicy", "SingleStack");
        NodePorts(service, spec, type, dryRun, errors);
        errors.ThrowIfAny(ResourceKinds.Services, service.Name);
    }

    /// <summary>Keeps an IPAddress object for each ClusterIP in use, as the real allocator does.</summary>
    public void Record(JsonObject service)
    {
        var address = service.At("spec", "clusterIP").Text();
        if (address is "" or "None" || store.Get(ResourceKinds.IpAddresses, "", address) is not null)
            return;
        store.Create(ResourceKinds.IpAddresses, new()
        {
            ["metadata"] = new JsonObject
            {
                ["name"] = address,
                ["labels"] = new JsonObject { ["ipaddress.kubernetes.io/ip-family"] = "IPv4", ["ipaddress.kubernetes.io/managed-by"] = "ipallocator.k8s.io" },
            },
            ["spec"] = new JsonObject { ["parentRef"] = new JsonObject { ["resource"] = "services", ["namespace"] = service.Namespace, ["name"] = service.Name } },
        });
    }

    private string ClusterIp(JsonObject service, string asked, bool dryRun, FieldErrors errors)
    {
        if (asked.Length == 0)
            return dryRun ? Network.BaseAddress.ToString() : Free();
        if (!IPAddress.TryParse(asked, out var address))
        {
            errors.Invalid("spec.clusterIPs[0]", asked, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
            return asked;
        }
        var failed = $"failed to allocate IP {asked}: ";
        if (!Network.Contains(address))
            errors.Invalid("spec.clusterIPs", new JsonArray(asked), failed + (dryRun ? $"the provided IP ({asked}) is not in the valid range. The range of valid IPs is {Range}"
                : "the provided network does not match the current range"));
        else if (!dryRun && store.List(ResourceKinds.Services).Any(s => s.Uid != service.Uid && s.At("spec", "clusterIP").Text() == asked))
            errors.Invalid("spec.clusterIPs", new JsonArray(asked), failed + "provided IP is already allocated");
        return asked;
    }

    private string Free()
    {
        var taken = store.List(ResourceKinds.Services).Select(s => s.At("spec", "clusterIP").Text()).ToHashSet();
        while (true)
        {
            // The lower 256 addresses are left to Services that ask for a certain one.
            var address = $"10.96.{RandomNumberGenerator.GetInt32(1, 256)}.{RandomNumberGenerator.GetInt32(1, 255)}";
            if (!taken.Contains(address))
                return address;
        }
    }

    private void NodePorts(JsonObject service, JsonObject spec, string type, bool dryRun, FieldErrors errors)
    {
        if (type is not ("NodePort" or "LoadBalancer"))
            return;
        var taken = store.List(ResourceKinds.Services).Where(s => s.Uid != service.Uid || s.Uid.Length == 0)
            .SelectMany(s => s.At("spec", "ports").Items()).Select(p => p["nodePort"].Number()).ToHashSet();
        foreach (var (at, port) in spec["ports"].Items().Index())
        {
            var asked = port["nodePort"].Number();
            if (asked == 0)
            {
                asked = Enumerable.Range(FirstNodePort, LastNodePort - FirstNodePort + 1).First(p => !taken.Contains(p));
                if (!dryRun)
                    port["nodePort"] = asked;
            }
            else if (asked is < FirstNodePort or > LastNodePort && !dryRun)
                errors.Invalid($"spec.ports[{at}].nodePort", asked, $"provided port is not in the valid range. The range of valid ports is {FirstNodePort}-{LastNodePort}");
            else if (taken.Contains(asked))
                errors.Invalid($"spec.ports[{at}].nodePort", asked, "provided port is already allocated");
            taken.Add(asked);
        }
    }
}
