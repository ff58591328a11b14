namespace Telelaunch.Cluster;

/// <summary>What was asked of the API server when it failed; the words of the message.</summary>
/// <param name="Verb">Kubernetes verb: create, get, watch…</param>
/// <param name="Resource">Plural name, with the subresource after a slash: <c>pods/portforward</c>.</param>
/// <param name="Namespace">Null for what is cluster-scoped.</param>
internal readonly record struct ApiCall(string Verb, string Resource, string? Namespace)
{
    public override string ToString() => Namespace is null ? $"{Verb} {Resource}" : $"{Verb} {Resource} in the namespace {Namespace}";
}
