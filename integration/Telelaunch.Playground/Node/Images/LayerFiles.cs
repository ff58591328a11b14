using System.Formats.Tar;
using System.IO.Compression;
using Telelaunch.Playground.Node.Containers;

namespace Telelaunch.Playground.Node.Images;

/// <summary>Puts a layer over the ones below it (OCI image specification, "Layer Filesystem Changeset").</summary>
internal static class LayerFiles
{
    private const string Whiteout = ".wh.", Opaque = ".wh..wh..opq";

    public static async Task ApplyAsync(string layer, string root, CancellationToken cancellation)
    {
        await using var file = File.OpenRead(layer);
        var magic = new byte[2];
        await file.ReadAtLeastAsync(magic, 2, throwOnEndOfStream: false, cancellation);
        file.Position = 0;
        await using Stream source = magic is [0x1f, 0x8b] ? new GZipStream(file, CompressionMode.Decompress) : file;
        await using var reader = new TarReader(source);
        while (await reader.GetNextEntryAsync(copyData: false, cancellation) is { } entry)
            await ApplyAsync(entry, root, cancellation);
    }

    private static async Task ApplyAsync(TarEntry entry, string root, CancellationToken cancellation)
    {
        var path = PathIn(root, entry.Name);
        if (path == root)
            return;
        var (parent, name) = (Path.GetDirectoryName(path)!, Path.GetFileName(path));
        Directory.CreateDirectory(parent);
        if (name == Opaque)
        {
            foreach (var below in Directory.EnumerateFileSystemEntries(parent).ToList())
                Remove(below);
            return;
        }
        if (name.StartsWith(Whiteout, StringComparison.Ordinal))
        {
            Remove(Path.Combine(parent, name[Whiteout.Length..]));
            return;
        }
        if (entry.EntryType != TarEntryType.Directory || !Directory.Exists(path) || new FileInfo(path).LinkTarget is not null)
            Remove(path);
        switch (entry.EntryType)
        {
            case TarEntryType.Directory:
                Directory.CreateDirectory(path);
                break;
            case TarEntryType.SymbolicLink:
                File.CreateSymbolicLink(path, entry.LinkName);
                break;
            case TarEntryType.HardLink:
                // A copy serves: nobody writes to an image.
                File.Copy(PathIn(root, entry.LinkName), path);
                break;
            case TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile:
                await entry.ExtractToFileAsync(path, overwrite: true, cancellation);
                break;
            default:
                return; // Devices: the runtime makes those of /dev.
        }
        Runc.Own(path, entry.Uid, entry.Gid);
        // After the owner, since a change of owner takes setuid away.
        if (entry.EntryType != TarEntryType.SymbolicLink)
            File.SetUnixFileMode(path, entry.Mode);
    }

    /// <summary>The path below <paramref name="root"/>.</summary>
    /// <exception cref="InvalidDataException">It leads out of it: by "..", or through a link of a layer below.</exception>
    private static string PathIn(string root, string name)
    {
        var path = Path.GetFullPath(Path.Combine(root, name.TrimStart('/').TrimEnd('/')));
        if (path != root && !path.StartsWith(root + "/", StringComparison.Ordinal))
            throw new InvalidDataException($"a layer names the file {name}.");
        for (var above = Path.GetDirectoryName(path)!; above.Length > root.Length; above = Path.GetDirectoryName(above)!)
        {
            // Merged-usr images link /lib to usr/lib, and a later layer may name /lib/x.
            if (new FileInfo(above).LinkTarget is { } link)
                return PathIn(root, Path.GetRelativePath(root, Path.GetFullPath(link.StartsWith('/') ? root + link : Path.Combine(Path.GetDirectoryName(above)!, link)) + path[above.Length..]));
        }
        return path;
    }

    private static void Remove(string path)
    {
        if (Directory.Exists(path) && new FileInfo(path).LinkTarget is null)
            Directory.Delete(path, recursive: true);
        else
            File.Delete(path);
    }
}
