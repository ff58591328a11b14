using System.Text.Json.Nodes;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Api;

/// <summary>A field selector: <c>metadata.name=x,status.phase!=Running</c>. Only the fields that the real server indexes.</summary>
public sealed class FieldSelector
{
    private static readonly Dictionary<string, string[]> Supported = new()
    {
        ["pods"] = ["spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork", "status.phase", "status.podIP", "status.podIPs", "status.nominatedNodeName"],
        ["services"] = ["spec.clusterIP", "spec.type"],
        ["namespaces"] = ["status.phase"],
        ["nodes"] = ["spec.unschedulable"],
        ["secrets"] = ["type"],
        ["replicasets"] = ["status.replicas"],
        ["jobs"] = ["status.successful"],
        ["events"] = ["involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid", "involvedObject.apiVersion", "involvedObject.resourceVersion",
            "involvedObject.fieldPath", "reason", "reportingComponent", "source", "type"],
    };

    private readonly List<(string Field, string Value, bool Equal)> _terms = [];

    public bool IsEmpty => _terms.Count == 0;

    public bool Matches(JsonObject obj) => _terms.All(t => (ValueOf(obj, t.Field) == t.Value) == t.Equal);

    /// <exception cref="StatusException">400: the field isn't indexed, or the text is no selector.</exception>
    public static FieldSelector Parse(ResourceKind kind, string text)
    {
        var selector = new FieldSelector();
        foreach (var (field, value, equal) in Terms(text))
        {
            if (field is not ("metadata.name" or "metadata.namespace") && !(Supported.TryGetValue(kind.Plural, out var fields) && fields.Contains(field)))
                throw StatusException.BadRequest($"field label not supported: {field}");
            selector._terms.Add((field, value, equal));
        }
        return selector;
    }

    /// <summary>The name that a selector asks for, or "": RBAC's <c>resourceNames</c> then also hold for lists and watches.</summary>
    internal static string ExactName(string text)
    {
        foreach (var part in text.Split(','))
        {
            if (part.StartsWith("metadata.name=", StringComparison.Ordinal))
                return part["metadata.name=".Length..].TrimStart('=');
        }
        return "";
    }

    private static IEnumerable<(string, string, bool)> Terms(string text)
    {
        foreach (var part in text.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var at = part.IndexOf('=', StringComparison.Ordinal);
            if (at <= 0)
                throw StatusException.BadRequest($"invalid selector: '{part}'; can't understand '{part}'");
            var equal = part[at - 1] != '!';
            yield return (part[..(equal ? at : at - 1)].Trim(), part[(at + 1)..].TrimStart('=').Trim(), equal);
        }
    }

    private static string ValueOf(JsonObject obj, string field)
    {
        var value = field == "source" ? obj.At("source", "component") : obj.At(field.Split('.'));
        return value switch
        {
            null => field.EndsWith("hostNetwork", StringComparison.Ordinal) || field.EndsWith("unschedulable", StringComparison.Ordinal) ? "false" : "",
            JsonValue scalar when scalar.Text() is { Length: > 0 } text => text,
            _ => value.ToString(),
        };
    }
}
