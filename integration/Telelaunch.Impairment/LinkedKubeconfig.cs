using System.Globalization;
using System.Net;
using YamlDotNet.RepresentationModel;

namespace Telelaunch.Impairment;

/// <summary>A kubeconfig file of our own, whose current context reaches its API server by way of another endpoint.</summary>
internal sealed class LinkedKubeconfig : IDisposable
{
    // These name files relative to the kubeconfig that they stand in ("Organizing Cluster Access Using kubeconfig Files").
    private static readonly string[] PathKeys = ["certificate-authority", "client-certificate", "client-key", "tokenFile"];

    private readonly DirectoryInfo _directory;

    private LinkedKubeconfig(DirectoryInfo directory) => _directory = directory;

    public string Path => System.IO.Path.Combine(_directory.FullName, "kubeconfig");

    /// <summary>Host and port of the API server of the current context.</summary>
    public static DnsEndPoint ServerOf(string path)
    {
        Uri server = Server(Cluster(Load(path)));
        return new DnsEndPoint(server.IdnHost, server.Port);
    }

    public static LinkedKubeconfig Write(string path, IPEndPoint by)
    {
        YamlMappingNode root = Load(path);
        YamlMappingNode cluster = Cluster(root);
        if (cluster.Children.ContainsKey("proxy-url"))
            throw new InvalidOperationException($"{path} reaches the API server through a proxy-url; a link can't stand in between.");
        Uri server = Server(cluster);
        cluster.Children["server"] = new UriBuilder(server) { Host = by.Address.ToString(), Port = by.Port }.Uri.AbsoluteUri.TrimEnd('/');
        if (server.Scheme == Uri.UriSchemeHttps && !cluster.Children.ContainsKey("tls-server-name"))
            cluster.Children["tls-server-name"] = server.IdnHost;
        MakePathsAbsolute(root, System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!);

        // 0700, as mkdtemp(3) makes it.
        var linked = new LinkedKubeconfig(Directory.CreateTempSubdirectory("telelaunch-link-"));
        using var file = new StreamWriter(linked.Path, new FileStreamOptions
        {
            Access = FileAccess.Write,
            Mode = FileMode.CreateNew,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        new YamlStream(new YamlDocument(root)).Save(file, assignAnchors: false);
        return linked;
    }

    public void Dispose() => _directory.Delete(recursive: true);

    private static YamlMappingNode Load(string path)
    {
        var yaml = new YamlStream();
        using var reader = new StreamReader(path);
        yaml.Load(reader);
        return yaml.Documents is [var document, ..] && document.RootNode is YamlMappingNode root
            ? root
            : throw new InvalidOperationException($"{path} isn't a kubeconfig.");
    }

    private static YamlMappingNode Cluster(YamlMappingNode root)
    {
        string context = Text(root, "current-context");
        return Entry(root, "clusters", "cluster", Text(Entry(root, "contexts", "context", context), "cluster"));
    }

    private static Uri Server(YamlMappingNode cluster)
    {
        string server = Text(cluster, "server");
        // As client-go: a server without a scheme is reached over TLS.
        return new Uri(server.Contains("://", StringComparison.Ordinal) ? server : "https://" + server);
    }

    private static YamlMappingNode Entry(YamlMappingNode root, string list, string item, string name)
    {
        foreach (YamlMappingNode entry in Mappings(root, list))
        {
            if (Text(entry, "name") == name && entry.Children[item] is YamlMappingNode value)
                return value;
        }

        throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"The kubeconfig has no {item} '{name}'."));
    }

    private static IEnumerable<YamlMappingNode> Mappings(YamlMappingNode root, string list) =>
        root.Children.TryGetValue(list, out YamlNode? node) && node is YamlSequenceNode items ? items.OfType<YamlMappingNode>() : [];

    private static string Text(YamlMappingNode node, string key) =>
        node.Children.TryGetValue(key, out YamlNode? value) && value is YamlScalarNode { Value: { Length: > 0 } text }
            ? text
            : throw new InvalidOperationException($"The kubeconfig lacks '{key}'.");

    private static void MakePathsAbsolute(YamlMappingNode root, string directory)
    {
        IEnumerable<YamlNode> entries = [.. Mappings(root, "clusters").Select(entry => entry.Children["cluster"]), .. Mappings(root, "users").Select(entry => entry.Children["user"])];
        foreach (YamlMappingNode entry in entries.OfType<YamlMappingNode>())
        {
            foreach (string key in PathKeys)
                MakeAbsolute(entry, key);
            // A command with a slash is a path; one without is looked for in PATH.
            if (entry.Children.TryGetValue("exec", out YamlNode? exec) && exec is YamlMappingNode plugin && Text(plugin, "command").Contains('/', StringComparison.Ordinal))
                MakeAbsolute(plugin, "command");
        }

        void MakeAbsolute(YamlMappingNode entry, string key)
        {
            if (entry.Children.TryGetValue(key, out YamlNode? value) && value is YamlScalarNode { Value: { Length: > 0 } path } scalar)
                scalar.Value = System.IO.Path.Combine(directory, path);
        }
    }
}
