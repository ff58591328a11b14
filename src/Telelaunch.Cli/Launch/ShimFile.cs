using Telelaunch.Net;

namespace Telelaunch.Cli.Launch;

/// <summary>The shim as a file that LD_PRELOAD can name.</summary>
internal static class ShimFile
{
    private static readonly PlacedFile File = new("libtelelaunch.so", "shim", "shim");

    /// <summary>The shim that came with this executable.</summary>
    public static string Shipped => File.Shipped;

    public static bool IsShim(string library) => File.IsPlaced(library);

    /// <summary>Copies it to a folder named by its content, where it stays for the next run; does nothing where it is there.</summary>
    /// <returns>The copy's path.</returns>
    /// <exception cref="HostException">It isn't beside the executable, or there is no place for the copy.</exception>
    public static string Install() => Install(Shipped, PlacedFile.CacheFolders());

    internal static string Install(string shipped, IEnumerable<string> caches) => File.Install(shipped, caches);
}
