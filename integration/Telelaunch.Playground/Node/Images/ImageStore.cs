using System.Formats.Tar;
using System.Text.Json.Nodes;
using Telelaunch.Net;
using Telelaunch.Playground.Node.Containers;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Node.Images;

// STATE/images/NAME/           NAME percent-encoded; one image
//   image.json                 reference, id, and the image's configuration
//   rootfs/                    its layers, one over the other

/// <summary>Images loaded from archives, and those built in.</summary>
internal sealed class ImageStore(string stateDirectory)
{
    private string Root => Path.Combine(stateDirectory, "images");

    /// <summary>References of the loaded images.</summary>
    public IEnumerable<string> Loaded => Directory.Exists(Root) ? Directory.EnumerateDirectories(Root).Where(d => File.Exists(d + "/image.json")).Select(d => Uri.UnescapeDataString(Path.GetFileName(d))) : [];

    /// <summary>The image of that name, or null if it isn't on the node.</summary>
    public ContainerImage? Find(string name)
    {
        var normalized = ImageReference.Normalize(name);
        var directory = Path.Combine(Root, Uri.EscapeDataString(normalized));
        if (!File.Exists(directory + "/image.json"))
            return BuiltInImages.Find(normalized);
        var image = (JsonObject)JsonNode.Parse(File.ReadAllText(directory + "/image.json"))!;
        var config = image["config"];
        return new(normalized, image["id"].Text(), directory + "/rootfs")
        {
            Entrypoint = Texts(config.At("Entrypoint")),
            Command = Texts(config.At("Cmd")),
            Environment = [.. Texts(config.At("Env")).Select(e => e.Split('=', 2)).Select(p => KeyValuePair.Create(p[0], p.ElementAtOrDefault(1) ?? ""))],
            WorkingDirectory = config.At("WorkingDir").Text(),
            User = config.At("User").Text(),
            StopSignal = config.At("StopSignal").Text(),
        };
    }

    /// <summary>Unpacks an archive: OCI layout or <c>docker save</c>.</summary>
    /// <returns>The image's name in full.</returns>
    /// <exception cref="HostException">It is no such archive, or has no name.</exception>
    public async Task<string> LoadAsync(string archive, CancellationToken cancellation)
    {
        Directory.CreateDirectory(Root);
        var blobs = Directory.CreateTempSubdirectory("telelaunch-image-").FullName;
        var staging = Path.Combine(Root, ".loading-" + Guid.NewGuid());
        try
        {
            await TarFile.ExtractToDirectoryAsync(archive, blobs, overwriteFiles: true, cancellation);
            var source = OciArchive.Open(blobs);
            Directory.CreateDirectory(staging + "/rootfs");
            foreach (var layer in source.Layers)
                await LayerFiles.ApplyAsync(layer, staging + "/rootfs", cancellation);
            var name = ImageReference.Normalize(source.Name);
            var image = new JsonObject { ["name"] = name, ["id"] = source.ConfigDigest, ["config"] = source.Config["config"]?.DeepClone() };
            await File.WriteAllTextAsync(staging + "/image.json", image.ToJsonString(), cancellation);
            var target = Path.Combine(Root, Uri.EscapeDataString(name));
            if (Directory.Exists(target))
                Directory.Delete(target, recursive: true);
            Directory.Move(staging, target);
            return name;
        }
        catch (Exception error) when (error is InvalidDataException or FileNotFoundException or System.Text.Json.JsonException)
        {
            throw new HostException("image-archive-unreadable", $"{archive} is no image archive: {error.Message}", "Give an OCI layout or the output of docker save, as .tar.");
        }
        finally
        {
            Directory.Delete(blobs, recursive: true);
            if (Directory.Exists(staging))
                Directory.Delete(staging, recursive: true);
        }
    }

    private static string[] Texts(JsonNode? list) => [.. (list as JsonArray ?? []).Select(t => t.Text())];
}
