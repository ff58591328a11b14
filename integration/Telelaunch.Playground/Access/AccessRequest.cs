namespace Telelaunch.Playground.Access;

/// <summary>What a request wants to do, in RBAC's terms: either to a resource, or, with <see cref="Path"/>, to a path.</summary>
/// <param name="Namespace">"" for cluster scope.</param>
/// <param name="Name">"" for all objects.</param>
public sealed record AccessRequest(string Verb, string Group, string Resource, string Subresource, string Namespace, string Name)
{
    public string? Path { get; init; }

    public string ResourceWithSubresource => Subresource.Length == 0 ? Resource : $"{Resource}/{Subresource}";

    /// <summary>The words of the real server: <c>cannot get resource "pods" in API group "" in the namespace "play"</c>.</summary>
    public string Describe(string user) => Path is not null
        ? $"User \"{user}\" cannot {Verb} path \"{Path}\""
        : $"User \"{user}\" cannot {Verb} resource \"{ResourceWithSubresource}\" in API group \"{Group}\" "
            + (Namespace.Length == 0 ? "at the cluster scope" : $"in the namespace \"{Namespace}\"");
}

/// <param name="Reason">Which binding allowed it, or what went wrong while looking.</param>
public sealed record AccessDecision(bool Allowed, string Reason);
