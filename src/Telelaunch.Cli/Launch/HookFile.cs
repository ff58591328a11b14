using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using Telelaunch.Net;

namespace Telelaunch.Cli.Launch;

/// <summary>The startup hook as a file that DOTNET_STARTUP_HOOKS can name. A session works without it: less is told of .NET applications then.</summary>
/// <param name="Path">The copy; null where there is none that may be passed on.</param>
/// <param name="Obstacle">Why not, for a person; null where there is one.</param>
internal readonly record struct HookFile(string? Path, string? Obstacle)
{
    // The oldest runtime that is still served; a hook built for a newer one aborts the application before Main.
    private const int NewestFramework = 8;

    private static readonly PlacedFile File = new("Telelaunch.StartupHook.dll", "hook", "hook");

    /// <summary>Copies the hook that came with this executable to where it stays, once it has been looked at.</summary>
    public static HookFile Install() => Install(File.Shipped, PlacedFile.CacheFolders);

    internal static HookFile Install(string shipped, Func<IEnumerable<string>> caches)
    {
        try
        {
            // What is looked at is the copy: what is beside the executable may be replaced meanwhile.
            var path = File.Install(shipped, caches());
            return Judge(TargetFramework(path)) is { } fault
                ? new(null, $".NET applications run without the startup hook: '{shipped}' {fault}")
                : new(path, null);
        }
        catch (Exception error) when (error is HostException or IOException or UnauthorizedAccessException or BadImageFormatException)
        {
            return new(null, $".NET applications run without the startup hook: {error.Message}");
        }
    }

    /// <returns>What is wrong with it; null where every runtime that is served loads it.</returns>
    internal static string? Judge(string? framework)
    {
        if (framework is null) return "doesn't say what it is built for";
        if (framework is ".NETStandard,Version=v2.0" or ".NETStandard,Version=v2.1") return null;
        const string core = ".NETCoreApp,Version=v";
        return framework.StartsWith(core, StringComparison.Ordinal) && Version.TryParse(framework[core.Length..], out var version) && version.Major <= NewestFramework
            ? null
            : $"is built for {framework}, which would abort applications on older runtimes";
    }

    /// <summary>What TargetFrameworkAttribute says of an assembly; null where it has none.</summary>
    /// <exception cref="BadImageFormatException">It isn't an assembly.</exception>
    private static string? TargetFramework(string path)
    {
        using var image = new PEReader(new MemoryStream(System.IO.File.ReadAllBytes(path)));
        if (!image.HasMetadata) throw new BadImageFormatException($"'{path}' is no .NET assembly.");
        var metadata = image.GetMetadataReader();
        foreach (var handle in metadata.GetAssemblyDefinition().GetCustomAttributes())
        {
            var attribute = metadata.GetCustomAttribute(handle);
            if (attribute.Constructor.Kind != HandleKind.MemberReference) continue;
            var parent = metadata.GetMemberReference((MemberReferenceHandle)attribute.Constructor).Parent;
            if (parent.Kind != HandleKind.TypeReference || !metadata.StringComparer.Equals(metadata.GetTypeReference((TypeReferenceHandle)parent).Name, "TargetFrameworkAttribute")) continue;
            // ECMA-335 §II.23.3: prolog 0x0001, then the one string.
            var value = metadata.GetBlobReader(attribute.Value);
            return value.ReadUInt16() == 1 ? value.ReadSerializedString() : null;
        }
        return null;
    }
}
