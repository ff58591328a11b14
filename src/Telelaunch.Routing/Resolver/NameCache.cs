namespace Telelaunch.Routing.Resolver;

/// <summary>nscd(8), which keeps answers of the C library's for all processes.</summary>
internal static class NameCache
{
    /// <summary>Has it forget what it knows of hosts, where it runs. Failing is no failure: its entries end by themselves.</summary>
    public static void Clear(HostPaths paths)
    {
        if (File.Exists(paths.NameCacheSocket) && paths.FindProgram("nscd") is { } program)
            _ = HostProgram.Run(program, ["-i", "hosts"]);
    }
}
