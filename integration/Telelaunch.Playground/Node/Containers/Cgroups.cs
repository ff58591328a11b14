namespace Telelaunch.Playground.Node.Containers;

/// <summary>The directories that containers leave in the cgroup tree when their runtime was killed.</summary>
internal static class Cgroups
{
    private const string Root = "/sys/fs/cgroup";

    /// <summary>Removes a cgroup with all below it, in every hierarchy. One with living processes stays.</summary>
    public static Task RemoveAsync(string name, CancellationToken cancellation) => Task.Run(() =>
    {
        if (!Directory.Exists(Root))
            return;
        foreach (var hierarchy in Directory.EnumerateDirectories(Root).Append(Root))
        {
            foreach (var found in Found(hierarchy, name))
                Remove(found);
        }
    }, cancellation);

    // At the top, or where runc put it: below the cgroup of the daemon.
    private static IEnumerable<string> Found(string hierarchy, string name) =>
        Directory.Exists(Path.Combine(hierarchy, name)) ? [Path.Combine(hierarchy, name)] : [];

    private static void Remove(string directory)
    {
        try
        {
            foreach (var below in Directory.EnumerateDirectories(directory))
                Remove(below);
            Directory.Delete(directory); // rmdir(2): its files are the kernel's.
        }
        catch (IOException)
        {
            // Still in use.
        }
    }
}
