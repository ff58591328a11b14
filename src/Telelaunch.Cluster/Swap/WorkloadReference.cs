using System.Text.RegularExpressions;

namespace Telelaunch.Cluster;

/// <summary>A workload that somebody has named, and the container in it; null where none was.</summary>
public sealed partial record WorkloadReference(WorkloadKind Kind, string Name, string? Container)
{
    /// <summary><c>NAME</c> or <c>NAME:CONTAINER</c>, a Deployment; or <c>TYPE/NAME</c>, <c>TYPE/NAME/container/CONTAINER</c>.</summary>
    /// <returns>Null where it is none of these, or a name can't be one (RFC 1123).</returns>
    public static WorkloadReference? TryParse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var parts = text.Split('/');
        var reference = parts switch
        {
            [var name] when name.Split(':') is [var plain] => new WorkloadReference(WorkloadKind.Deployment, plain, null),
            [var name] when name.Split(':') is [var plain, var container] => new(WorkloadKind.Deployment, plain, container),
            [var kind, var name] when WorkloadKinds.TryParse(kind) is { } known && name.Split(':') is [var plain, .. var rest] && rest.Length < 2 =>
                new(known, plain, rest.FirstOrDefault()),
            [var kind, var name, "container" or "containers" or "c", var container] when WorkloadKinds.TryParse(kind) is { } known => new(known, name, container),
            _ => null,
        };
        return reference is not null && SubdomainPattern().IsMatch(reference.Name) && (reference.Container is null || LabelPattern().IsMatch(reference.Container)) ? reference : null;
    }

    /// <summary><c>deployment/web</c>.</summary>
    public override string ToString() => $"{Kind.Singular()}/{Name}";

    [GeneratedRegex(@"^(?=.{1,253}\z)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*\z", RegexOptions.CultureInvariant)]
    private static partial Regex SubdomainPattern();

    [GeneratedRegex(@"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\z", RegexOptions.CultureInvariant)]
    private static partial Regex LabelPattern();
}
