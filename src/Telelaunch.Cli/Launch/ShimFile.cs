using System.Security.Cryptography;
using Telelaunch.Net;

namespace Telelaunch.Cli.Launch;

/// <summary>The shim as a file that LD_PRELOAD can name: its path has no blank and no colon, and it isn't replaced under a program that runs.</summary>
internal static class ShimFile
{
    private const string Name = "libtelelaunch.so";
    private const string Folder = "telelaunch";

    /// <summary>The shim that came with this executable.</summary>
    public static string Shipped => Path.Combine(AppContext.BaseDirectory, Name);

    public static bool IsShim(string library) => Path.GetFileName(library) == Name && library.Contains($"/{Folder}", StringComparison.Ordinal);

    /// <summary>Copies it to a folder named by its content, where it stays for the next run; does nothing where it is there.</summary>
    /// <returns>The copy's path.</returns>
    /// <exception cref="HostException">It isn't beside the executable, or there is no place for the copy.</exception>
    public static string Install() => Install(Shipped, CacheFolders());

    internal static string Install(string shipped, IEnumerable<string> caches)
    {
        byte[] content;
        try
        {
            content = File.ReadAllBytes(shipped);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new HostException("shim-missing", $"The shim '{shipped}' can't be read: {error.Message}", "Keep libtelelaunch.so beside the telelaunch executable; make build puts both into artifacts/.", error);
        }
        var version = Convert.ToHexStringLower(SHA256.HashData(content).AsSpan(0, 8));
        Exception? last = null;
        foreach (var cache in caches.Where(folder => folder.AsSpan().IndexOfAny(' ', ':', '\t') < 0 && Path.IsPathRooted(folder)))
        {
            try
            {
                return Place(content, Directory.CreateDirectory(Path.Combine(cache, "shim", version)).FullName);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                last = error;
            }
        }
        throw new HostException("shim-not-placed", $"There is no folder to put the shim into{(last is null ? "" : $": {last.Message}")}",
            "Set XDG_CACHE_HOME to a folder of your own whose path has no blank and no colon.", last);
    }

    private static string Place(byte[] content, string folder)
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

    private static IEnumerable<string> CacheFolders() =>
        [Path.Combine(UserFolders.Cache, Folder), Path.Combine(UserFolders.Temporary(), "cache")];
}
