namespace Telelaunch.Cluster;

/// <summary>One verb on one resource, and what it is needed for.</summary>
/// <param name="Verb">Kubernetes verb.</param>
/// <param name="Group">API group; empty for the core group.</param>
/// <param name="Resource">Plural name, with the subresource after a slash.</param>
/// <param name="IsNamespaced">Asked for in the session's namespace; else cluster-wide.</param>
/// <param name="IsRequired">Without it no session starts; else only <paramref name="Purpose"/> is lost.</param>
/// <param name="Purpose">In words, for a table.</param>
public sealed record ClusterRight(string Verb, string Group, string Resource, bool IsNamespaced, bool IsRequired, string Purpose)
{
    /// <summary>The one object that it is about; null where it is about all of a kind.</summary>
    public string? Name { get; init; }

    /// <summary>The rule of a Role that gives it, in one line of YAML.</summary>
    public string RoleLine => $$"""- {apiGroups: ["{{Group}}"], resources: ["{{Resource}}"], verbs: ["{{Verb}}"]}""";

    /// <summary><c>create pods/portforward</c>, <c>list servicecidrs.networking.k8s.io</c>.</summary>
    public override string ToString() => $"{Verb} {Resource}{(Group.Length == 0 ? "" : "." + Group)}";
}
