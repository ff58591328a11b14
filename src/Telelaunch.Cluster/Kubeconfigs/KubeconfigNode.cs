using Telelaunch.Net;
using YamlDotNet.RepresentationModel;

namespace Telelaunch.Cluster;

/// <summary>A mapping of a kubeconfig, together with the file it stands in, so that every complaint can name file and line.</summary>
internal sealed class KubeconfigNode(string file, YamlMappingNode node)
{
    /// <summary>Full path of the file.</summary>
    public string File { get; } = file;

    public YamlMappingNode Node { get; } = node;

    /// <summary>1-based line on which the mapping starts.</summary>
    public long Line => Node.Start.Line;

    /// <summary>The value as text; null where it is absent, empty or null.</summary>
    public string? Text(string key)
    {
        var value = Find(key);
        if (value is null)
            return null;
        if (value is not YamlScalarNode scalar)
            throw Malformed(value, $"{key} must be text");
        return string.IsNullOrEmpty(scalar.Value) || IsNull(scalar) ? null : scalar.Value;
    }

    /// <summary>True only for <c>true</c>; anything that is no boolean is refused.</summary>
    public bool Flag(string key) => Text(key) switch
    {
        null or "false" or "False" or "FALSE" => false,
        "true" or "True" or "TRUE" => true,
        _ => throw Malformed(Find(key)!, $"{key} must be true or false"),
    };

    /// <summary>The bytes of a base64 value (the <c>…-data</c> keys).</summary>
    public byte[]? Base64(string key)
    {
        if (Text(key) is not { } text)
            return null;
        try
        {
            return Convert.FromBase64String(text);
        }
        catch (FormatException)
        {
            throw Malformed(Find(key)!, $"{key} isn't base64");
        }
    }

    /// <summary>The file that a path names, relative to the directory of this kubeconfig.</summary>
    public string? FilePath(string key) => Text(key) is { } path ? Resolve(path) : null;

    public string Resolve(string path) => Path.GetFullPath(path, Path.GetDirectoryName(File)!);

    public KubeconfigNode? Mapping(string key) => Find(key) switch
    {
        null => null,
        YamlScalarNode scalar when IsNull(scalar) => null,
        YamlMappingNode mapping => new(File, mapping),
        var other => throw Malformed(other, $"{key} must be a mapping"),
    };

    public IEnumerable<YamlNode> List(string key) => Find(key) switch
    {
        null => [],
        YamlScalarNode scalar when IsNull(scalar) => [],
        YamlSequenceNode sequence => sequence.Children,
        var other => throw Malformed(other, $"{key} must be a list"),
    };

    public IEnumerable<KubeconfigNode> Mappings(string key) => List(key).Select(item => item is YamlMappingNode mapping
        ? new KubeconfigNode(File, mapping)
        : throw Malformed(item, $"an item of {key} must be a mapping"));

    public IReadOnlyList<string> Texts(string key) =>
        [.. List(key).Select(item => (item as YamlScalarNode)?.Value ?? throw Malformed(item, $"an item of {key} must be text"))];

    public ClusterException Malformed(string what) => Malformed(Node, what);

    public YamlNode? Find(string key) => Node.Children.TryGetValue(new YamlScalarNode(key), out var value) ? value : null;

    public static bool IsNull(YamlScalarNode scalar) =>
        scalar.Style == YamlDotNet.Core.ScalarStyle.Plain && scalar.Value is null or "" or "~" or "null";

    private ClusterException Malformed(YamlNode at, string what) => Malformed(File, at.Start.Line, what);

    /// <summary>A kubeconfig that can't be understood; <paramref name="what"/> never holds a value of it, which may be secret.</summary>
    public static ClusterException Malformed(string file, long line, string what, Exception? inner = null) => new(
        "kubeconfig-malformed",
        $"The kubeconfig {file} is malformed at line {line}: {what}.",
        "Correct the file, or name another one with --kubeconfig; `kubectl config view` shows how kubectl reads it.",
        inner);
}
