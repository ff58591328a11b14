using Telelaunch.Linux;
using Telelaunch.Net;
using Telelaunch.Targets.Dotnet;

namespace Telelaunch.Targets.Weaving;

/// <summary>A second folder for an application in which one file is changed and all others are links: the application's own folder stays as it is.</summary>
/// <remarks>What a host finds by its place (itself, assemblies, libraries, its JSON files) has to lie there under its own name, as a second name of the file or a copy; all else is a symbolic link,
/// so that whoever replaces a file of the application's replaces it here too.</remarks>
public static class ShadowFolder
{
    private const int MostFiles = 10_000;
    private static readonly string[] FoundByPlace = [".dll", ".exe", ".so", ".pdb", ".deps.json", ".runtimeconfig.json", ".runtimeconfig.dev.json"];

    /// <summary>Makes the folder for a program with its main assembly woven.</summary>
    /// <param name="folder">Doesn't exist yet; belongs to the caller, who removes it.</param>
    /// <returns>The file to start, or to hand to the muxer, in place of the program's own.</returns>
    /// <exception cref="UsageException">The program can't be woven; nothing is left behind.</exception>
    /// <exception cref="HostException">The folder can't be made; nothing is left behind.</exception>
    public static string Weave(DotnetProgram program, string folder)
    {
        Check(program);
        var assembly = program.Assembly!;
        try
        {
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            var source = Path.GetDirectoryName(assembly)!;
            var host = program.Kind == DotnetKind.Muxer ? null : RealPath.Of(program.Executable)!;
            string[] woven = [assembly, Path.ChangeExtension(assembly, ".pdb")];
            foreach (var entry in Directory.EnumerateFileSystemEntries(source).Take(MostFiles).Where(entry => !woven.Contains(entry))) Show(entry, Path.Combine(folder, Path.GetFileName(entry)), entry == host);
            var target = Path.Combine(folder, Path.GetFileName(assembly));
            HookWeaver.Weave(assembly, target, program.Frameworks.Where(framework => framework.Version is not null)
                .Select(framework => Path.Combine(program.Root!.Path, "shared", framework.Asked.Name, framework.Version.ToString()!)));
            // Symbols that don't match aren't rewritten, and do no harm.
            if (File.Exists(woven[1]) && !File.Exists(Path.ChangeExtension(target, ".pdb"))) Show(woven[1], Path.ChangeExtension(target, ".pdb"), isHost: false);
            return host is null ? target : Path.Combine(folder, Path.GetFileName(host));
        }
        catch (Exception error) when (error is UsageException or IOException or UnauthorizedAccessException)
        {
            if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
            if (error is UsageException) throw;
            throw new HostException("weave-folder", $"The folder '{folder}' for the woven copy can't be made: {error.Message}", "Start it without --weave, or see that the place has room and is yours.", error);
        }
    }

    /// <summary>Sees that a program is one that can be woven, as far as its kind tells.</summary>
    /// <exception cref="UsageException">It isn't.</exception>
    public static void Check(DotnetProgram program)
    {
        ArgumentNullException.ThrowIfNull(program);
        if (program is { Kind: DotnetKind.Muxer or DotnetKind.AppHost or DotnetKind.SelfContained, Fault: null, IsTrimmed: false })
        {
            if (program.Kind == DotnetKind.Muxer || Path.GetDirectoryName(RealPath.Of(program.Executable)) == Path.GetDirectoryName(program.Assembly)) return;
            throw new UsageException("weave-host-elsewhere", $"'{program.Executable}' lies in another folder than its assembly '{program.Assembly}'.", $"Start that: dotnet {program.Assembly}.");
        }
        var why = program switch
        {
            { Fault: { } fault } => fault.Cause,
            { Kind: DotnetKind.NativeAot } => "It was compiled ahead of time: there is no IL.",
            { Kind: DotnetKind.Sdk } => "A command of the SDK builds the application only when it runs.",
            { IsSingleFile: true } => "Its assemblies lie inside a single file.",
            _ => "It is trimmed: what the hook needs may be missing.",
        };
        throw new UsageException("weave-not-possible", $"'{program.Executable}' can't be woven. {why}", "Weave a build that isn't published so: dotnet APP.dll.");
    }

    private static void Show(string path, string shown, bool isHost)
    {
        if (!isHost && !FoundByPlace.Any(ending => path.EndsWith(ending, StringComparison.OrdinalIgnoreCase)))
        {
            File.CreateSymbolicLink(shown, path);
            return;
        }
        // Of a link's target: a second name of the link would be one of the link itself. Another file system, or another owner's file: a copy.
        var real = RealPath.Of(path);
        if (real is null) return;
        if (HostPath.TryLink(real, shown) != 0) File.Copy(real, shown);
    }
}
