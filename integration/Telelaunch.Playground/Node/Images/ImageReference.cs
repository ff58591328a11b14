namespace Telelaunch.Playground.Node.Images;

/// <summary>An image's name in full, as containerd writes it.</summary>
internal static class ImageReference
{
    /// <summary><c>nginx</c> → <c>docker.io/library/nginx:latest</c>; a digest is kept.</summary>
    public static string Normalize(string name)
    {
        var slash = name.IndexOf('/', StringComparison.Ordinal);
        var first = slash < 0 ? "" : name[..slash];
        var hasRegistry = first.Contains('.', StringComparison.Ordinal) || first.Contains(':', StringComparison.Ordinal) || first == "localhost";
        var full = hasRegistry ? name : slash < 0 ? "docker.io/library/" + name : "docker.io/" + name;
        return full.Contains('@', StringComparison.Ordinal) || full.LastIndexOf(':') > full.LastIndexOf('/') ? full : full + ":latest";
    }

    /// <summary>The name without tag and digest.</summary>
    public static string Repository(string normalized)
    {
        var end = normalized.IndexOf('@', StringComparison.Ordinal);
        var name = end < 0 ? normalized : normalized[..end];
        var colon = name.LastIndexOf(':');
        return colon > name.LastIndexOf('/') ? name[..colon] : name;
    }
}
