namespace Telelaunch.Playground.Node.Containers;

/// <summary>What an image says of itself (OCI image configuration), and where its files are.</summary>
/// <param name="Name">Full reference: <c>docker.io/library/nginx:1.27</c>.</param>
/// <param name="Id">Digest of the configuration: <c>sha256:…</c>.</param>
/// <param name="RootDirectory">Directory with its files; never written to.</param>
internal sealed record ContainerImage(string Name, string Id, string RootDirectory)
{
    public IReadOnlyList<string> Entrypoint { get; init; } = [];

    public IReadOnlyList<string> Command { get; init; } = [];

    public IReadOnlyList<KeyValuePair<string, string>> Environment { get; init; } = [];

    public string WorkingDirectory { get; init; } = "";

    /// <summary>USER: empty, a name, a number, or either with a group after a colon.</summary>
    public string User { get; init; } = "";

    public string StopSignal { get; init; } = "";

    /// <summary>Files put over <see cref="RootDirectory"/>, as path → content; a path in <c>bin</c> is made executable.</summary>
    public IReadOnlyDictionary<string, string> Files { get; init; } = new Dictionary<string, string>();

    /// <summary>Directories that a container sees empty and writable instead of those of <see cref="RootDirectory"/>.</summary>
    public IReadOnlyList<string> EmptyDirectories { get; init; } = [];

    /// <summary>Directories of the image that a user without root writes to, as path → uid.</summary>
    public IReadOnlyDictionary<string, int> OwnedDirectories { get; init; } = new Dictionary<string, int>();
}
