using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Telelaunch.Playground.Node.Containers;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Node.Pods;

/// <summary>The environment of a container: image, Services, envFrom, env; later ones win.</summary>
internal sealed class PodEnvironment(ObjectStore store)
{
    /// <exception cref="ContainerConfigException">A ConfigMap, Secret or key that isn't optional is missing.</exception>
    public IReadOnlyList<KeyValuePair<string, string>> Of(JsonObject pod, JsonObject container, ContainerImage image, string podIp, string hostName)
    {
        var services = Services(pod);
        var own = new Dictionary<string, string>();
        foreach (var source in container["envFrom"].Items())
            AddAll(pod, source, own);
        var known = new Dictionary<string, string>(services);
        foreach (var (name, value) in own)
            known[name] = value;
        foreach (var variable in container["env"].Items())
        {
            if (ValueOf(pod, container, variable, podIp, known) is { } value)
                own[variable["name"].Text()] = known[variable["name"].Text()] = value;
        }
        var all = new Dictionary<string, string>();
        foreach (var (name, value) in image.Environment)
            all[name] = value;
        all.TryAdd("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        all["HOSTNAME"] = hostName;
        foreach (var (name, value) in services.Concat(own))
            all[name] = value;
        return [.. all];
    }

    /// <summary>Replaces <c>$(NAME)</c> by known values; <c>$$</c> is a dollar, an unknown name stays.</summary>
    public static string Expand(string text, IReadOnlyDictionary<string, string> known)
    {
        var result = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '$' || i + 1 == text.Length)
            {
                result.Append(text[i]);
            }
            else if (text[i + 1] == '$')
            {
                result.Append('$');
                i++;
            }
            else if (text[i + 1] == '(' && text.IndexOf(')', i) is > 0 and var end)
            {
                result.Append(known.TryGetValue(text[(i + 2)..end], out var value) ? value : text[i..(end + 1)]);
                i = end;
            }
            else
            {
                result.Append('$');
            }
        }
        return result.ToString();
    }

    private void AddAll(JsonObject pod, JsonObject source, Dictionary<string, string> into)
    {
        var (kind, key) = source["secretRef"] is not null ? (ResourceKinds.Secrets, "secretRef") : (ResourceKinds.ConfigMaps, "configMapRef");
        var reference = source[key];
        var found = store.Get(kind, pod.Namespace, reference.At("name").Text());
        if (found is null && !reference.At("optional").IsTrue())
            throw new ContainerConfigException($"{kind.Singular} \"{reference.At("name").Text()}\" not found");
        foreach (var (name, value) in found?["data"].Strings() ?? [])
            into[source["prefix"].Text() + name] = kind == ResourceKinds.Secrets ? Decoded(value) : value;
    }

    private string? ValueOf(JsonObject pod, JsonObject container, JsonObject variable, string podIp, Dictionary<string, string> known)
    {
        if (variable["valueFrom"] is not JsonObject from)
            return Expand(variable["value"].Text(), known);
        if (from["fieldRef"] is { } field)
            return FieldReference.Field(pod, podIp, field.At("fieldPath").Text());
        if (from["resourceFieldRef"] is { } resource)
        {
            var named = resource.At("containerName").Text();
            var target = named.Length == 0 ? container : pod.At("spec", "containers").Items().First(c => c["name"].Text() == named);
            return FieldReference.Resource(target, resource.At("resource").Text(), resource.At("divisor").Text());
        }
        var (kind, key) = from["secretKeyRef"] is not null ? (ResourceKinds.Secrets, "secretKeyRef") : (ResourceKinds.ConfigMaps, "configMapKeyRef");
        var reference = from[key];
        var name = reference.At("name").Text();
        var found = store.Get(kind, pod.Namespace, name);
        var value = found.At("data", reference.At("key").Text());
        if (value is not null)
            return kind == ResourceKinds.Secrets ? Decoded(value.Text()) : value.Text();
        if (reference.At("optional").IsTrue())
            return null;
        throw new ContainerConfigException(found is null ? $"{kind.Singular} \"{name}\" not found"
            : $"couldn't find key {reference.At("key").Text()} in {kind.Kind} {pod.Namespace}/{name}");
    }

    // "Service links", as Docker's links once were. The API server's is always there.
    private Dictionary<string, string> Services(JsonObject pod)
    {
        var variables = new Dictionary<string, string>();
        var links = pod.At("spec", "enableServiceLinks") is not { } enabled || enabled.IsTrue();
        var services = links ? store.List(ResourceKinds.Services, pod.Namespace).ToList() : [];
        if (store.Get(ResourceKinds.Services, "default", "kubernetes") is { } kubernetes && !services.Exists(s => s.Name == "kubernetes"))
            services.Insert(0, kubernetes);
        foreach (var service in services)
            AddLinks(service, variables);
        return variables;
    }

    private static void AddLinks(JsonObject service, Dictionary<string, string> variables)
    {
        var ip = service.At("spec", "clusterIP").Text();
        var ports = service.At("spec", "ports").Items().ToList();
        if (!IPAddress.TryParse(ip, out _) || ports.Count == 0)
            return;
        var prefix = service.Name.ToUpperInvariant().Replace('-', '_');
        variables[prefix + "_SERVICE_HOST"] = ip;
        variables[prefix + "_SERVICE_PORT"] = ports[0]["port"].Number().ToString(CultureInfo.InvariantCulture);
        foreach (var port in ports)
        {
            var number = port["port"].Number().ToString(CultureInfo.InvariantCulture);
            var protocol = port["protocol"].Text() is { Length: > 0 } named ? named : "TCP";
            var url = $"{protocol.ToLowerInvariant()}://{ip}:{number}";
            if (port["name"].Text() is { Length: > 0 } name)
                variables[$"{prefix}_SERVICE_PORT_{name.ToUpperInvariant().Replace('-', '_')}"] = number;
            variables.TryAdd(prefix + "_PORT", url);
            var one = $"{prefix}_PORT_{number}_{protocol}";
            variables[one] = url;
            variables[one + "_PROTO"] = protocol.ToLowerInvariant();
            variables[one + "_PORT"] = number;
            variables[one + "_ADDR"] = ip;
        }
    }

    private static string Decoded(string base64) => Encoding.UTF8.GetString(Convert.FromBase64String(base64));
}
