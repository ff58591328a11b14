using System.Globalization;
using System.Text.Json.Nodes;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Access;

/// <summary>ResourceQuota and LimitRange for pods: their number, and the CPU and memory they ask for.</summary>
public static class PodQuota
{
    private static readonly string[] Counted = ["limits.cpu", "limits.memory", "requests.cpu", "requests.memory", "cpu", "memory", "pods", "count/pods"];

    /// <summary>Refuses a new pod that a quota of its namespace doesn't allow.</summary>
    /// <exception cref="StatusException">403, in the words of the real server.</exception>
    public static void Check(ObjectStore store, JsonObject pod)
    {
        foreach (var quota in store.List(ResourceKinds.ResourceQuotas, pod.Namespace))
        {
            var hard = quota.At("spec", "hard").Strings().Where(h => Counted.Contains(h.Key)).OrderBy(h => h.Key, StringComparer.Ordinal).ToList();
            CheckSpecified(quota.Name, hard.Select(h => h.Key), pod);
            var present = store.List(ResourceKinds.Pods, pod.Namespace).Where(p => p.At("status", "phase").Text() is not ("Succeeded" or "Failed")).ToList();
            var over = hard.Where(h => present.Sum(p => Use(p, h.Key)) + Use(pod, h.Key) > Quantity.Parse(h.Value)).ToList();
            if (over.Count == 0)
                continue;
            string List(Func<string, string> amount) => string.Join(',', over.Select(h => $"{h.Key}={amount(h.Key)}"));
            throw Forbidden(pod.Name, $"exceeded quota: {quota.Name}, requested: {List(k => Quantity.Format(k, Use(pod, k)))}, "
                + $"used: {List(k => Quantity.Format(k, present.Sum(p => Use(p, k))))}, limited: {List(k => hard.First(h => h.Key == k).Value)}");
        }
    }

    /// <summary>How much of each quota is used: <c>status</c> of a ResourceQuota.</summary>
    public static JsonObject Status(JsonObject quota, IEnumerable<JsonObject> pods)
    {
        var counted = pods.Where(p => p.At("status", "phase").Text() is not ("Succeeded" or "Failed")).ToList();
        var used = new JsonObject();
        foreach (var key in quota.At("spec", "hard").Strings().Select(h => h.Key).Where(k => Counted.Contains(k)))
            used[key] = Quantity.Format(key, counted.Sum(p => Use(p, key)));
        return new() { ["hard"] = quota.At("spec", "hard")?.DeepClone() ?? new JsonObject(), ["used"] = used };
    }

    /// <summary>Fills in a namespace's LimitRange defaults and refuses what is over its maximum.</summary>
    public static void ApplyLimitRanges(ObjectStore store, JsonObject pod)
    {
        foreach (var limit in store.List(ResourceKinds.LimitRanges, pod.Namespace).SelectMany(r => r.At("spec", "limits").Items()).Where(l => l["type"].Text() == "Container"))
        {
            foreach (var container in pod.At("spec", "containers").Items())
            {
                foreach (var (from, to) in ((string, string)[])[("default", "limits"), ("defaultRequest", "requests")])
                {
                    foreach (var (resource, amount) in limit[from].Strings())
                        container.Object("resources").Object(to).Default(resource, amount);
                }
                foreach (var (resource, maximum) in limit["max"].Strings())
                {
                    var set = container.At("resources", "limits", resource).Text();
                    if (set.Length > 0 && Quantity.Parse(set) > Quantity.Parse(maximum))
                        throw Forbidden(pod.Name, $"maximum {resource} usage per Container is {maximum}, but limit is {set}");
                }
            }
        }
    }

    private static void CheckSpecified(string quota, IEnumerable<string> keys, JsonObject pod)
    {
        foreach (var key in keys.Where(k => k is not ("pods" or "count/pods")))
        {
            var without = pod.At("spec", "containers").Items().Where(c => Amount(c, key).Length == 0).Select(c => c["name"].Text()).ToList();
            if (without.Count > 0)
                throw Forbidden(pod.Name, $"failed quota: {quota}: must specify {key} for: {string.Join(',', without)}");
        }
    }

    private static decimal Use(JsonObject pod, string key) =>
        key is "pods" or "count/pods" ? 1 : pod.At("spec", "containers").Items().Sum(c => Amount(c, key) is { Length: > 0 } amount ? Quantity.Parse(amount) : 0);

    private static string Amount(JsonObject container, string key)
    {
        var parts = key.Split('.');
        return parts.Length == 2 ? container.At("resources", parts[0], parts[1]).Text() : container.At("resources", "requests", key).Text();
    }

    private static StatusException Forbidden(string pod, string why) =>
        new(403, "Forbidden", $"pods \"{pod}\" is forbidden: {why}", StatusException.DetailsOf(ResourceKinds.Pods, pod));
}

/// <summary>resource.Quantity: <c>100m</c>, <c>64Mi</c>, <c>1.5</c>.</summary>
public static class Quantity
{
    private static readonly (string Suffix, decimal Factor)[] Suffixes =
    [
        ("Ki", 1024m), ("Mi", 1048576m), ("Gi", 1073741824m), ("Ti", 1099511627776m), ("m", 0.001m), ("k", 1000m), ("M", 1000000m), ("G", 1000000000m), ("T", 1000000000000m),
    ];

    /// <summary>The amount in whole units (cores, bytes); 0 for text that is no quantity.</summary>
    public static decimal Parse(string text)
    {
        foreach (var (suffix, factor) in Suffixes)
        {
            if (text.EndsWith(suffix, StringComparison.Ordinal) && decimal.TryParse(text[..^suffix.Length], CultureInfo.InvariantCulture, out var scaled))
                return scaled * factor;
        }
        return decimal.TryParse(text, CultureInfo.InvariantCulture, out var plain) ? plain : 0;
    }

    internal static string Format(string key, decimal amount)
    {
        if (key.EndsWith("cpu", StringComparison.Ordinal) && amount != Math.Floor(amount))
            return $"{(amount * 1000).ToString("0", CultureInfo.InvariantCulture)}m";
        foreach (var (suffix, factor) in Suffixes.Take(3).Reverse())
        {
            if (key.EndsWith("memory", StringComparison.Ordinal) && amount >= factor && amount % factor == 0)
                return $"{(amount / factor).ToString("0", CultureInfo.InvariantCulture)}{suffix}";
        }
        return amount.ToString("0.###", CultureInfo.InvariantCulture);
    }
}
