using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Telelaunch.Targets.Dotnet;

/// <summary>Reads the files of a program as its host would, one kind after the other.</summary>
internal sealed class DotnetInspection(DotnetPlace place)
{
    private const string HostPolicy = "libhostpolicy.so";

    /// <summary>Null where the program isn't .NET.</summary>
    public DotnetProgram? Inspect(TargetProgram program, IReadOnlyList<string> words)
    {
        if (DotnetRoot.OfMuxer(program.Executable) is { } root) return OfMuxer(program, root, WordsForMuxer(program, words));
        if (program.Interpreters.Count > 0 || program.Image is null || RealPath.Of(program.Executable) is not { } real) return null;
        try
        {
            using var file = File.OpenHandle(real);
            return DotnetMarks.Read(file) switch
            {
                { IsNativeAot: true } => new DotnetProgram { Kind = DotnetKind.NativeAot, Executable = program.Executable },
                { BundleOffset: > 0 and var offset, BoundAssembly: var assembly } marks => OfBundle(program.Executable, file, Bundle.Read(file, offset), marks.HasRuntime, assembly),
                { BundleOffset: 0, BoundAssembly: var bound } => OfHost(program.Executable, real, bound),
                _ => null,
            };
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>What follows <c>dotnet</c>; for a script what its first line says, its own path, and its arguments.</summary>
    private static List<string> WordsForMuxer(TargetProgram program, IReadOnlyList<string> words)
    {
        if (program.Interpreters.Count == 0) return [.. words.Skip(1)];
        // #!/usr/bin/env dotnet, #!/usr/bin/env -S dotnet run, #!/usr/bin/dotnet run: one step only, for who writes more of them doesn't write C#.
        var line = ScriptLine.Read(program.Command)?.Argument?.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries) ?? [];
        var name = Array.FindIndex(line, word => Path.GetFileName(word) == "dotnet");
        return [.. line.Skip(name + 1), program.Command, .. words.Skip(1)];
    }

    private DotnetProgram OfMuxer(TargetProgram program, DotnetRoot root, List<string> words)
    {
        var command = MuxerCommand.Parse(words, place.CurrentDirectory);
        if (command.Assembly is { } assembly)
        {
            if (!File.Exists(assembly))
                return new() { Kind = DotnetKind.Muxer, Executable = program.Executable, Assembly = assembly, Root = root, Fault = new("dotnet-assembly-missing", $"'{assembly}' does not exist.", "Build it, or correct the path.") };
            return OfFiles(DotnetKind.Muxer, program.Executable, assembly, command.RuntimeConfig ?? Path.ChangeExtension(assembly, ".runtimeconfig.json"), root, command);
        }
        var sdk = SdkCommand.Parse(command.SdkWords, place.CurrentDirectory);
        var project = sdk.Project is null ? null : ProjectText.Read(sdk.Project, sdk.IsFile);
        // What was built last tells more than the project, as long as it was built for what is asked now.
        var framework = sdk.Framework ?? (project?.TargetFrameworks is [var only] ? only : null);
        var built = project is null || sdk.IsFile || framework is null ? null
            : Path.Combine(Path.GetDirectoryName(project.Path)!, "bin", sdk.Configuration, framework, project.AssemblyName + ".dll");
        if (built is not null && !File.Exists(built)) built = null;
        var config = built is null ? null : Path.ChangeExtension(built, ".runtimeconfig.json");
        return new()
        {
            Kind = DotnetKind.Sdk,
            Executable = program.Executable,
            Root = root,
            Sdk = sdk,
            Project = project,
            Assembly = built,
            TargetFramework = framework,
            Config = config is null ? null : ReadConfig(config),
            ConfigPlace = config is not null && File.Exists(config) ? ConfigPlace.File : ConfigPlace.Absent,
            ConfigPath = config is not null && File.Exists(config) ? config : null,
            Fault = Directory.Exists(Path.Combine(root.Path, "sdk")) ? null
                : new("dotnet-sdk-missing", $"'{string.Join(' ', command.SdkWords.Prepend("dotnet").Take(2))}' needs the .NET SDK, and {root.Path} has runtimes only.", "Install the SDK, or start the application itself: dotnet APP.dll."),
        };
    }

    private DotnetProgram OfHost(string executable, string real, string? bound)
    {
        var folder = Path.GetDirectoryName(real)!;
        // What was written into the host counts, not its name: it may have been renamed.
        var assembly = bound is null ? real + ".dll" : Path.GetFullPath(Path.Combine(folder, bound));
        if (!File.Exists(assembly))
            return new() { Kind = DotnetKind.AppHost, Executable = executable, Assembly = assembly, Fault = new("dotnet-assembly-missing", $"'{executable}' starts '{assembly}', which does not exist.", "Copy the whole folder of the application, not its executable alone.") };
        var config = Path.ChangeExtension(assembly, ".runtimeconfig.json");
        var isSelfContained = File.Exists(Path.Combine(Path.GetDirectoryName(assembly)!, HostPolicy));
        return OfFiles(isSelfContained ? DotnetKind.SelfContained : DotnetKind.AppHost, executable, assembly, config, isSelfContained ? null : DotnetRoot.Find(place.Variable), null);
    }

    private DotnetProgram OfFiles(DotnetKind kind, string executable, string assembly, string configPath, DotnetRoot? root, MuxerCommand? command)
    {
        var managed = SmallFile.Read(assembly, ManagedFile.Longest) is { } image ? ManagedFile.Parse(ImmutableCollectionsMarshal.AsImmutableArray(image)) : null;
        var config = ReadConfig(configPath);
        var core = kind == DotnetKind.SelfContained && SmallFile.Read(Path.Combine(Path.GetDirectoryName(assembly)!, CoreLibrary.FileName), ManagedFile.Longest) is { } library
            ? ManagedFile.ParseCoreLibrary(ImmutableCollectionsMarshal.AsImmutableArray(library)) : null;
        var found = Describe(kind, executable, assembly, managed, config is null ? null : (ConfigPlace.File, configPath, config), core);
        if (managed is null) return found with { Fault = new("dotnet-assembly-invalid", $"'{assembly}' is no .NET assembly.", "Build it again.") };
        if (config is null && File.Exists(configPath)) return found with { Fault = new("dotnet-config-invalid", $"'{configPath}' can't be understood.", "Build the application again.") };
        return root is null ? found : WithRuntime(found, root, command);
    }

    /// <summary>What the assembly, the configuration and, where the program brings it along, the core library say; null for each that isn't there or can't be understood.</summary>
    private static DotnetProgram Describe(
        DotnetKind kind, string executable, string? assembly, ManagedFile? managed, (ConfigPlace Place, string Path, RuntimeConfig Config)? config, CoreLibrary? core) => new()
        {
            Kind = kind,
            Executable = executable,
            Assembly = assembly,
            TargetFramework = managed?.TargetFramework ?? config?.Config.TargetFramework,
            IsReadyToRun = managed?.IsReadyToRun ?? false,
            ConfigPlace = config?.Place ?? ConfigPlace.Absent,
            ConfigPath = config?.Path,
            Config = config?.Config,
            IsTrimmed = core?.IsTrimmed ?? false,
            CanCallHooks = core?.CallsHooks ?? true,
        };

    private DotnetProgram OfBundle(string executable, SafeFileHandle file, Bundle? bundle, bool hasRuntime, string? bound)
    {
        var kind = hasRuntime ? DotnetKind.SelfContainedSingleFile : DotnetKind.SingleFile;
        if (bundle is null) return new() { Kind = kind, Executable = executable, Fault = new("dotnet-bundle-invalid", $"'{executable}' is a single-file program that is cut off or damaged.", "Copy or publish it again; strip(1) must not be run on it.") };
        var config = bundle.Find(BundledFileType.RuntimeConfigJson) is { } text && Bundle.Extract(file, text, RuntimeConfig.Longest) is { } json ? RuntimeConfig.Parse(json) : null;
        var assembly = Path.GetFileName(bound);
        var managed = assembly is null ? null : Extracted(assembly, ManagedFile.Parse);
        var core = Extracted(CoreLibrary.FileName, ManagedFile.ParseCoreLibrary);
        // A program that extracts itself first (IncludeAllContentForSelfExtract) carries the runtime as files.
        if (config?.IsSelfContained == true) kind = DotnetKind.SelfContainedSingleFile;
        var found = Describe(kind, executable, assembly, managed, config is null ? null : (ConfigPlace.Bundle, executable, config), core);
        return kind == DotnetKind.SelfContainedSingleFile ? found : WithRuntime(found, DotnetRoot.Find(place.Variable), null);

        T? Extracted<T>(string name, Func<ImmutableArray<byte>, T?> parse)
            where T : class =>
            bundle.Find(name) is { } entry && Bundle.Extract(file, entry, ManagedFile.Longest) is { } bytes ? parse(ImmutableCollectionsMarshal.AsImmutableArray(bytes)) : null;
    }

    private DotnetProgram WithRuntime(DotnetProgram program, DotnetRoot root, MuxerCommand? command)
    {
        if (!root.HasHost)
            return program with { Root = root, Fault = new("dotnet-runtime-missing", $"There is no .NET in {root.Path} ({root.Source}).", "Install the .NET runtime, or set DOTNET_ROOT to where it is.") };
        var rollForward = command?.RollForward ?? RuntimeConfig.ParseRollForward(place.Variable("DOTNET_ROLL_FORWARD")) ?? program.Config?.RollForward ?? RollForward.Minor;
        List<ChosenFramework> chosen = [];
        foreach (var framework in program.Config?.Frameworks ?? [])
        {
            var asked = RuntimeVersion.TryParse(command?.FrameworkVersion, out var exact) ? framework with { Version = exact } : framework;
            var installed = root.VersionsOf(framework.Name);
            chosen.Add(new(asked, asked.Choose(installed, command?.FrameworkVersion is null ? rollForward : RollForward.Disable), installed));
        }
        program = program with { Root = root, Frameworks = chosen };
        if (chosen.Find(framework => framework.Version is null) is not { } missing) return program;
        var there = missing.Installed.Count == 0 ? "none" : string.Join(", ", missing.Installed);
        return program with
        {
            Fault = new("dotnet-runtime-missing", $"It asks for {missing.Asked.Name} {missing.Asked.Version}; {root.Path} ({root.Source}) has {there}.",
                $"Install {missing.Asked.Name} {missing.Asked.Version.Major}.{missing.Asked.Version.Minor}, or try the next one that is there with DOTNET_ROLL_FORWARD=Major."),
        };
    }

    private static RuntimeConfig? ReadConfig(string path) => SmallFile.Read(path, RuntimeConfig.Longest) is { } json ? RuntimeConfig.Parse(json) : null;
}
