using System.Reflection;

namespace Telelaunch.StartupHook.Tests;

/// <summary>A runtime to start programs on: this machine's, or an older one put together from NuGet's runtime packs.</summary>
internal static class DotNetRuntime
{
    private static readonly Lock Building = new();

    /// <summary>Major versions.</summary>
    public static TheoryData<int> All => [8, 9, 10];

    /// <returns>The DOTNET_ROOT.</returns>
    public static string Root(int major)
    {
        if (major == Environment.Version.Major)
            return Metadata("DotNetRoot");
        lock (Building)
            return Build(major);
    }

    private static string Build(int major)
    {
        string version = Metadata($"Runtime{major}");
        string root = Path.Combine(AppContext.BaseDirectory, "runtimes", version);
        string program = Path.Combine(root, "dotnet");
        if (File.Exists(program))
            return root;
        foreach (string framework in (string[])["Microsoft.NETCore.App", "Microsoft.AspNetCore.App"])
        {
            string pack = Path.Combine(Pack($"{framework.ToLowerInvariant()}.runtime.linux-x64"), version, "runtimes", "linux-x64");
            string shared = Directory.CreateDirectory(Path.Combine(root, "shared", framework, version)).FullName;
            Copy(Path.Combine(pack, "lib", $"net{major}.0"), shared);
            if (Directory.Exists(Path.Combine(pack, "native")))
                Copy(Path.Combine(pack, "native"), shared);
        }

        string host = Directory.CreateDirectory(Path.Combine(root, "host", "fxr", version)).FullName;
        File.Copy(Path.Combine(root, "shared", "Microsoft.NETCore.App", version, "libhostfxr.so"), Path.Combine(host, "libhostfxr.so"), overwrite: true);
        // Last: it says that the rest is there. The muxer looks for hostfxr beside itself, so a link won't do.
        File.Copy(Path.Combine(Metadata("DotNetRoot"), "dotnet"), program);
        return root;
    }

    private static void Copy(string from, string to)
    {
        foreach (string file in Directory.EnumerateFiles(from))
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)), overwrite: true);
    }

    private static string Pack(string name) => Path.Combine(Metadata("PackageRoot"), name);

    private static string Metadata(string key) =>
        typeof(DotNetRuntime).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(metadata => metadata.Key == key).Value!;
}
