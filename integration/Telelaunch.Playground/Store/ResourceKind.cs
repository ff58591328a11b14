namespace Telelaunch.Playground.Store;

/// <summary>One resource type that the server stores: <c>deployments</c> of <c>apps/v1</c>.</summary>
/// <param name="Group">API group, empty for the core group.</param>
/// <param name="Plural">Name in paths.</param>
/// <param name="Namespaced">False for cluster-scoped kinds, whose objects have the namespace <c>""</c> in the store.</param>
public sealed record ResourceKind(string Group, string Version, string Plural, string Kind, bool Namespaced)
{
    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    public string Singular { get; } = Kind.ToLowerInvariant();

    /// <summary>Names that a person may type for it: <c>deploy</c>.</summary>
    public IReadOnlyList<string> ShortNames { get; init; } = [];

    /// <summary>True if <c>kubectl get all</c> shows it.</summary>
    public bool InAll { get; init; }

    /// <summary>True if <c>metadata.generation</c> counts the changes of <c>spec</c>.</summary>
    public bool HasGeneration { get; init; }

    /// <summary>Names of the subresources, in alphabetical order.</summary>
    public IReadOnlyList<string> Subresources { get; init; } = [];

    /// <summary>Name used in messages and RBAC: <c>deployments.apps</c>, <c>pods</c>.</summary>
    public string QualifiedName => Group.Length == 0 ? Plural : $"{Plural}.{Group}";

    public bool HasSubresource(string name) => Subresources.Contains(name);

    public override string ToString() => QualifiedName;

    public bool Equals(ResourceKind? other) => other is not null && other.Group == Group && other.Plural == Plural;

    public override int GetHashCode() => HashCode.Combine(Group, Plural);
}
