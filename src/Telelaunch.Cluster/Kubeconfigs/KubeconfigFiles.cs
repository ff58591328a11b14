using Telelaunch.Net;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Telelaunch.Cluster;

/// <summary>The kubeconfig files of this user merged into one, as kubectl does.</summary>
/// <remarks>
/// Rules from "Organizing Cluster Access Using kubeconfig Files": <c>--kubeconfig</c> alone if given; else the files of
/// <c>KUBECONFIG</c>, of which missing ones are skipped; else ~/.kube/config. The first file to set a name or the current
/// context wins, whole entries at a time.
/// </remarks>
internal sealed class KubeconfigFiles
{
    private readonly Dictionary<string, KubeconfigNode> _clusters = [];
    private readonly Dictionary<string, KubeconfigNode> _contexts = [];
    private readonly Dictionary<string, KubeconfigNode> _users = [];

    /// <summary>The files that were read, in order; empty when there is none.</summary>
    public List<string> Read { get; } = [];

    /// <summary>The files that were looked for.</summary>
    public List<string> Wanted { get; } = [];

    public string? CurrentContext { get; private set; }

    public IReadOnlyDictionary<string, KubeconfigNode> Clusters => _clusters;

    public IReadOnlyDictionary<string, KubeconfigNode> Contexts => _contexts;

    public IReadOnlyDictionary<string, KubeconfigNode> Users => _users;

    public static KubeconfigFiles Load(string? explicitPath, KubeconfigSurroundings surroundings)
    {
        var files = new KubeconfigFiles();
        if (explicitPath is not null)
        {
            var path = Path.GetFullPath(explicitPath);
            files.Wanted.Add(path);
            if (!File.Exists(path))
                throw new ClusterException("kubeconfig-not-found", $"The kubeconfig {path} (--kubeconfig) doesn't exist.", "Name a file that exists, or leave --kubeconfig out.");
            files.Add(path);
            return files;
        }

        var listed = surroundings.Variable("KUBECONFIG");
        files.Wanted.AddRange(string.IsNullOrEmpty(listed)
            ? [Path.Combine(surroundings.HomeDirectory, ".kube", "config")]
            : listed.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).Select(Path.GetFullPath).Distinct());
        foreach (var path in files.Wanted.Where(File.Exists))
            files.Add(path);
        return files;
    }

    private void Add(string path)
    {
        var root = ReadRoot(path);
        Read.Add(path);
        if (root is null)
            return;
        CurrentContext ??= root.Text("current-context");
        AddNamed(root, "clusters", "cluster", _clusters);
        AddNamed(root, "contexts", "context", _contexts);
        AddNamed(root, "users", "user", _users);
    }

    private static void AddNamed(KubeconfigNode root, string listKey, string itemKey, Dictionary<string, KubeconfigNode> into)
    {
        foreach (var item in root.Mappings(listKey))
        {
            var name = item.Text("name") ?? throw item.Malformed($"an item of {listKey} has no name");
            var value = item.Mapping(itemKey) ?? new KubeconfigNode(root.File, []);
            into.TryAdd(name, value);
        }
    }

    private static KubeconfigNode? ReadRoot(string path)
    {
        var yaml = new YamlStream();
        BoundedYamlParser? parser = null;
        try
        {
            using var reader = new StringReader(File.ReadAllText(path));
            parser = new(new Parser(reader));
            yaml.Load(parser);
        }
        catch (YamlException error)
        {
            // The message of a scanner error quotes no values, but the innermost one is the shortest.
            throw KubeconfigNode.Malformed(path, error.Start.Line, "it isn't valid YAML (" + error.GetBaseException().Message.TrimEnd('.') + ")", error);
        }
        catch (Exception error) when (error is InvalidOperationException or ArgumentException)
        {
            // What the parser throws for some faults of brackets and quotes.
            throw KubeconfigNode.Malformed(path, parser?.Current?.End.Line ?? 1, "it isn't valid YAML", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ClusterException("kubeconfig-unreadable", $"The kubeconfig {path} can't be read: {error.Message}", "Make the file readable for this user, or name another one with --kubeconfig.", error);
        }

        return yaml.Documents.FirstOrDefault()?.RootNode switch
        {
            null => null,
            YamlScalarNode scalar when KubeconfigNode.IsNull(scalar) => null,
            YamlMappingNode mapping => new(path, mapping),
            var other => throw KubeconfigNode.Malformed(path, other.Start.Line, "a mapping with clusters, contexts and users is expected"),
        };
    }
}
