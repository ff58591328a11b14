namespace Telelaunch.Cluster;

/// <summary>What the command line says about the way to the cluster; named as kubectl's options. Null means: as the kubeconfig says.</summary>
public sealed record KubeconfigOptions
{
    /// <summary><c>--kubeconfig</c>: the only file to read.</summary>
    public string? Path { get; init; }

    /// <summary><c>--context</c>.</summary>
    public string? Context { get; init; }

    /// <summary><c>-n/--namespace</c>.</summary>
    public string? Namespace { get; init; }

    /// <summary><c>--as</c>: the user to impersonate.</summary>
    public string? As { get; init; }

    /// <summary><c>--as-group</c>; meaningful with <see cref="As"/> only.</summary>
    public IReadOnlyList<string> AsGroups { get; init; } = [];

    /// <summary><c>--token</c>: a bearer token that wins over whatever the kubeconfig's user has.</summary>
    public string? Token { get; init; }
}
