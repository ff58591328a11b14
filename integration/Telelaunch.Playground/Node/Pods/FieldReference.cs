using System.Globalization;
using System.Text.Json.Nodes;
using Telelaunch.Playground.Node.Network;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Node.Pods;

/// <summary>Values of the downward API.</summary>
internal static class FieldReference
{
    /// <summary>The pod's field at a path such as <c>metadata.labels['app']</c>.</summary>
    public static string Field(JsonObject pod, string podIp, string path)
    {
        var bracket = path.IndexOf('[', StringComparison.Ordinal);
        if (bracket > 0)
            return pod.At("metadata", path["metadata.".Length..bracket], path[(bracket + 1)..^1].Trim('\'', '"')).Text();
        return path switch
        {
            "metadata.name" => pod.Name,
            "metadata.namespace" => pod.Namespace,
            "metadata.uid" => pod.Uid,
            "metadata.labels" or "metadata.annotations" => Lines(pod.At("metadata", path["metadata.".Length..])),
            "spec.nodeName" => pod.At("spec", "nodeName").Text(),
            "spec.serviceAccountName" => pod.At("spec", "serviceAccountName").Text(),
            "status.podIP" or "status.podIPs" => podIp,
            "status.hostIP" or "status.hostIPs" => PodNetwork.NodeAddress.ToString(),
            _ => "",
        };
    }

    /// <summary>A request or limit of a container, in units of the divisor, rounded up.</summary>
    public static string Resource(JsonObject container, string resource, string divisor)
    {
        var (list, name) = resource.Split('.', 2) is [var l, var n] ? (l, n) : ("", "");
        var text = container.At("resources", list, name).Text();
        var amount = text.Length == 0 ? name == "cpu" ? Environment.ProcessorCount : GC.GetGCMemoryInfo().TotalAvailableMemoryBytes : Quantity(text);
        return Math.Ceiling(amount / (divisor is "" or "0" ? 1 : Quantity(divisor))).ToString("0", CultureInfo.InvariantCulture);
    }

    private static decimal Quantity(string text)
    {
        (string Suffix, decimal Factor)[] suffixes =
        [
            ("Ki", 1L << 10), ("Mi", 1L << 20), ("Gi", 1L << 30), ("Ti", 1L << 40),
            ("m", 0.001m), ("k", 1_000), ("M", 1_000_000), ("G", 1_000_000_000), ("T", 1_000_000_000_000),
        ];
        foreach (var (suffix, factor) in suffixes)
        {
            if (text.EndsWith(suffix, StringComparison.Ordinal))
                return decimal.Parse(text[..^suffix.Length], CultureInfo.InvariantCulture) * factor;
        }
        return decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : 0;
    }

    private static string Lines(JsonNode? map) => string.Join('\n', map.Strings().OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => $"{p.Key}=\"{p.Value}\""));
}
