using System.Runtime.InteropServices;

namespace Telelaunch.Targets.Dotnet;

/// <summary>Where shared frameworks are installed.</summary>
/// <param name="Source">What named it: <c>DOTNET_ROOT</c>, <c>/etc/dotnet/install_location</c>, <c>the default place</c>.</param>
public sealed record DotnetRoot(string Path, string Source)
{
    private const int LongestLocation = 4096;
    private static readonly string Architecture = RuntimeInformation.ProcessArchitecture == System.Runtime.InteropServices.Architecture.Arm64 ? "arm64" : "x64";

    public bool HasHost => Directory.Exists(System.IO.Path.Combine(Path, "host", "fxr"));

    /// <summary>Where an application's own host looks, in its order: a variable counts if its folder is there, even if nothing is in it (fxr_resolver.cpp); a file if it names anything.</summary>
    public static DotnetRoot Find(Func<string, string?> variable)
    {
        ArgumentNullException.ThrowIfNull(variable);
        foreach (var name in (string[])[$"DOTNET_ROOT_{Architecture.ToUpperInvariant()}", "DOTNET_ROOT"])
        {
            if (variable(name) is { Length: > 0 } named && Directory.Exists(named)) return new(named, name);
        }
        foreach (var file in (string[])[$"/etc/dotnet/install_location_{Architecture}", "/etc/dotnet/install_location"])
        {
            if (ReadLocation(file) is { } registered) return new(registered, file);
        }
        // The second is the default of Ubuntu's and Fedora's own packages.
        const string usual = "/usr/share/dotnet", distribution = "/usr/lib/dotnet";
        return new(!Directory.Exists(usual) && Directory.Exists(distribution) ? distribution : usual, "the default place");
    }

    /// <summary>The installation that a muxer belongs to: its own folder, links followed. Null where the file is no muxer.</summary>
    public static DotnetRoot? OfMuxer(string executable)
    {
        if (RealPath.Of(executable) is not { } real || System.IO.Path.GetFileName(real) != "dotnet") return null;
        var root = new DotnetRoot(System.IO.Path.GetDirectoryName(real)!, "the muxer's folder");
        return root.HasHost ? root : null;
    }

    /// <summary>The versions of a shared framework that are there, lowest first.</summary>
    public IReadOnlyList<RuntimeVersion> VersionsOf(string framework)
    {
        // The name comes out of a file: it must not lead elsewhere.
        if (framework.Contains('/') || framework is "." or "..") return [];
        try
        {
            return [.. new DirectoryInfo(System.IO.Path.Combine(Path, "shared", framework)).EnumerateDirectories()
                .Select(folder => RuntimeVersion.TryParse(folder.Name, out var version) ? version : (RuntimeVersion?)null).OfType<RuntimeVersion>().Order()];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static string? ReadLocation(string file)
    {
        try
        {
            using var handle = File.OpenHandle(file);
            var text = System.Text.Encoding.UTF8.GetString(ElfImage.ReadBytes(handle, 0, LongestLocation));
            return text.Split('\n')[0].Trim() is { Length: > 0 } path ? path : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
