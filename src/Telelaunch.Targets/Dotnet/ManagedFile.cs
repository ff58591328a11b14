using System.Collections.Immutable;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Telelaunch.Targets.Dotnet;

/// <summary>What the metadata of an assembly tells (ECMA-335).</summary>
/// <remarks>
/// Read by System.Reflection.Metadata, which checks each bound and fails in one way only; Mono.Cecil, which rewrites assemblies elsewhere here, trusts what it reads.
/// </remarks>
/// <param name="Name">The assembly's simple name.</param>
/// <param name="TargetFramework">As a project spells it: <c>net10.0</c>, <c>netstandard2.0</c>; null where the attribute is missing.</param>
/// <param name="IsReadyToRun">Native code lies beside the IL.</param>
internal sealed record ManagedFile(string Name, string? TargetFramework, bool IsReadyToRun)
{
    /// <summary>The longest that is read, in bytes: System.Private.CoreLib has some 16 MB.</summary>
    public const int Longest = 1 << 26;

    /// <summary>Understands an assembly; null where it isn't one.</summary>
    public static ManagedFile? Parse(ImmutableArray<byte> image) => Read(image, (pe, metadata) => new ManagedFile(
        metadata.GetString(metadata.GetAssemblyDefinition().Name), FindTargetFramework(metadata), pe.PEHeaders.CorHeader!.ManagedNativeHeaderDirectory.Size > 0));

    /// <summary>What a System.Private.CoreLib tells about trimming; null where it isn't one.</summary>
    public static CoreLibrary? ParseCoreLibrary(ImmutableArray<byte> image) => Read(image, (_, metadata) =>
    {
        HashSet<string> names = [];
        var callsHooks = false;
        foreach (var handle in metadata.TypeDefinitions)
        {
            var type = metadata.GetTypeDefinition(handle);
            var name = $"{metadata.GetString(type.Namespace)}.{metadata.GetString(type.Name)}";
            names.Add(name);
            callsHooks |= name == CoreLibrary.HookType && type.GetMethods().Any(method => metadata.GetString(metadata.GetMethodDefinition(method).Name) == CoreLibrary.HookMethod);
        }
        return names.Contains("System.Object") ? new CoreLibrary(!CoreLibrary.AlwaysThere.All(names.Contains), callsHooks) : null;
    });

    private static T? Read<T>(ImmutableArray<byte> image, Func<PEReader, MetadataReader, T?> read)
        where T : class
    {
        try
        {
            using var pe = new PEReader(image);
            if (!pe.HasMetadata) return null;
            var metadata = pe.GetMetadataReader();
            return metadata.IsAssembly ? read(pe, metadata) : null;
        }
        // Documented for images that aren't what their headers say.
        catch (Exception error) when (error is BadImageFormatException or InvalidOperationException or ArgumentException or OverflowException)
        {
            return null;
        }
    }

    // The attribute's only argument is "FRAMEWORK,Version=vN.N": ECMA-335 II.23.3, prolog 0x0001, then a counted string.
    private static string? FindTargetFramework(MetadataReader metadata)
    {
        foreach (var handle in metadata.GetAssemblyDefinition().GetCustomAttributes())
        {
            var attribute = metadata.GetCustomAttribute(handle);
            if (attribute.Constructor.Kind != HandleKind.MemberReference) continue;
            var parent = metadata.GetMemberReference((MemberReferenceHandle)attribute.Constructor).Parent;
            if (parent.Kind != HandleKind.TypeReference) continue;
            if (metadata.GetString(metadata.GetTypeReference((TypeReferenceHandle)parent).Name) != "TargetFrameworkAttribute") continue;
            var value = metadata.GetBlobReader(attribute.Value);
            return value.Length > 2 && value.ReadUInt16() == 1 ? ShortName(value.ReadSerializedString()) : null;
        }
        return null;
    }

    /// <summary><c>.NETCoreApp,Version=v10.0</c> as a project spells it: <c>net10.0</c>.</summary>
    internal static string? ShortName(string? framework)
    {
        if (framework?.Split(",Version=v") is not [var name, var version] || version.Length == 0) return framework;
        return name switch
        {
            ".NETCoreApp" => (Version.TryParse(version, out var number) && number.Major < 5 ? "netcoreapp" : "net") + version,
            ".NETStandard" => "netstandard" + version,
            ".NETFramework" => "net" + version.Replace(".", "", StringComparison.Ordinal),
            _ => framework,
        };
    }
}

/// <summary>What an application's own System.Private.CoreLib tells.</summary>
/// <param name="IsTrimmed">Public types are missing: the linker was here.</param>
/// <param name="CallsHooks">The code that runs startup hooks is still there.</param>
internal sealed record CoreLibrary(bool IsTrimmed, bool CallsHooks)
{
    public const string FileName = "System.Private.CoreLib.dll";
    public const string HookType = "System.StartupHookProvider";

    // Runs what DOTNET_STARTUP_HOOKS names, in .NET 3 to 10; with the switch off the linker removes it.
    public const string HookMethod = "ProcessStartupHooks";

    /// <summary>Public types that every .NET from 5 to 10 has and hardly a program uses: one missing is proof of trimming.</summary>
    public static readonly string[] AlwaysThere =
    [
        "System.AppDomainUnloadedException", "System.ContextMarshalException", "System.Globalization.ISOWeek", "System.Runtime.MemoryFailPoint",
        "System.Runtime.InteropServices.ComTypes.ITypeLib2", "System.Text.UTF7Encoding",
    ];
}
