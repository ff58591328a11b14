using System.Text.Json.Nodes;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Node.Images;

/// <summary>One image of an unpacked archive.</summary>
/// <param name="Layers">Files, lowest first; plain or gzip.</param>
internal sealed record OciArchive(string Name, string ConfigDigest, JsonObject Config, IReadOnlyList<string> Layers)
{
    /// <exception cref="InvalidDataException">Not an image, or one without a name.</exception>
    public static OciArchive Open(string directory) =>
        File.Exists(directory + "/index.json") ? OpenLayout(directory)
        : File.Exists(directory + "/manifest.json") ? OpenDocker(directory)
        : throw new InvalidDataException("neither index.json nor manifest.json is in it.");

    private static OciArchive OpenLayout(string directory)
    {
        var index = Read(directory + "/index.json");
        var entry = index["manifests"].Items().FirstOrDefault() ?? throw new InvalidDataException("index.json names no manifest.");
        var name = entry.At("annotations", "io.containerd.image.name")?.Text() ?? entry.At("annotations", "org.opencontainers.image.ref.name")?.Text()
            ?? throw new InvalidDataException("index.json gives the image no name (org.opencontainers.image.ref.name).");
        var manifest = Read(Blob(directory, entry["digest"].Text()));
        if (manifest["manifests"].IsFilled())
        {
            var own = manifest["manifests"].Items().FirstOrDefault(m => m.At("platform", "os").Text() == "linux" && m.At("platform", "architecture").Text() == Architecture)
                ?? throw new InvalidDataException($"it has no image for linux/{Architecture}.");
            manifest = Read(Blob(directory, own["digest"].Text()));
        }
        var config = manifest.At("config", "digest").Text();
        return new(name, config, Read(Blob(directory, config)), [.. manifest["layers"].Items().Select(l => Blob(directory, l["digest"].Text()))]);
    }

    private static OciArchive OpenDocker(string directory)
    {
        var entry = (JsonNode.Parse(File.ReadAllText(directory + "/manifest.json")) as JsonArray)?.Items().FirstOrDefault() ?? throw new InvalidDataException("manifest.json is empty.");
        var name = (entry["RepoTags"] as JsonArray)?.FirstOrDefault()?.Text() ?? throw new InvalidDataException("manifest.json gives the image no tag.");
        var config = entry[nameof(Config)].Text();
        return new(name, "sha256:" + Path.GetFileNameWithoutExtension(config), Read(Path.Combine(directory, config)),
            [.. (entry[nameof(Layers)] as JsonArray ?? []).Select(l => Path.Combine(directory, l.Text()))]);
    }

    private static string Architecture => System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture == System.Runtime.InteropServices.Architecture.Arm64 ? "arm64" : "amd64";

    private static string Blob(string directory, string digest) => $"{directory}/blobs/{digest.Replace(':', '/')}";

    private static JsonObject Read(string file) => JsonNode.Parse(File.ReadAllText(file)) as JsonObject ?? throw new InvalidDataException($"{Path.GetFileName(file)} is no JSON object.");
}
