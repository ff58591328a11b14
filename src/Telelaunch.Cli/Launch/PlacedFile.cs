using System.Security.Cryptography;
using Telelaunch.Net;

namespace Telelaunch.Cli.Launch;

/// <summary>A file that came with this executable, copied to a folder named by its content: its path has no blank and no colon, and it isn't replaced under a program that runs.</summary>
/// <param name="Name">The file's name, the same in both places.</param>
/// <param name="Folder">The folder's name below that of all of ours.</param>
/// <param name="Noun">What it is, in an error's code: <c>NOUN-missing</c>, <c>NOUN-not-placed</c>.</param>
internal sealed record PlacedFile(string Name, string Folder, string Noun)
{
    private const string Product = "telelaunch";

    /// <summary>The one that came with this executable.</summary>
    public string Shipped => Path.Combine(AppContext.BaseDirectory, Name);

    public bool IsPlaced(string path) => Path.GetFileName(path) == Name && path.Contains($"/{Product}", StringComparison.Ordinal);

    /// <summary>Copies it to where it stays for the next run; does nothing where it is there.</summary>
    /// <param name="caches">Folders to try, the best first.</param>
    /// <returns>The copy's path.</returns>
    /// <exception cref="HostException">It can't be read, or there is no place for the copy.</exception>
    public string Install(string shipped, IEnumerable<string> caches)
    {
        byte[] content;
        try
        {
            content = File.ReadAllBytes(shipped);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new HostException($"{Noun}-missing", $"The {Noun} '{shipped}' can't be read: {error.Message}", $"Keep {Name} beside the telelaunch executable; make build puts both into artifacts/.", error);
        }
        var version = Convert.ToHexStringLower(SHA256.HashData(content).AsSpan(0, 8));
        Exception? last = null;
        foreach (var cache in caches.Where(folder => folder.AsSpan().IndexOfAny(' ', ':', '\t') < 0 && Path.IsPathRooted(folder)))
        {
            try
            {
                return Place(content, Directory.CreateDirectory(Path.Combine(cache, Folder, version)).FullName);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                last = error;
            }
        }
        throw new HostException($"{Noun}-not-placed", $"There is no folder to put the {Noun} into{(last is null ? "" : $": {last.Message}")}",
            "Set XDG_CACHE_HOME to a folder of your own whose path has no blank and no colon.", last);
    }

    /// <summary>Where copies go: the user's cache, else the temporary folder.</summary>
    public static IEnumerable<string> CacheFolders() =>
        [Path.Combine(UserFolders.Cache, Product), Path.Combine(UserFolders.Temporary(), "cache")];

    private string Place(byte[] content, string folder)
    {
        var path = Path.Combine(folder, Name);
        if (File.Exists(path) && File.ReadAllBytes(path).AsSpan().SequenceEqual(content)) return path;
        // Two launchers may do this at once: each writes a file of its own, and either may win.
        var own = Path.Combine(folder, $"{Name}.{Environment.ProcessId}");
        File.WriteAllBytes(own, content);
        File.SetUnixFileMode(own, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        File.Move(own, path, overwrite: true);
        return path;
    }
}
