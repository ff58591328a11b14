namespace Telelaunch.Targets.Dotnet;

/// <summary>How a .NET program is made, which decides who starts it.</summary>
public enum DotnetKind
{
    /// <summary><c>dotnet app.dll</c>, <c>dotnet exec app.dll</c>: the muxer starts it on a shared framework.</summary>
    Muxer,

    /// <summary>A host of its own beside the assembly, on a shared framework.</summary>
    AppHost,

    /// <summary>A host of its own, with the runtime beside it.</summary>
    SelfContained,

    /// <summary>Host and assemblies in one file, on a shared framework.</summary>
    SingleFile,

    /// <summary>Host, runtime and assemblies in one file.</summary>
    SelfContainedSingleFile,

    /// <summary>Compiled to machine code: there is no IL, and no runtime that could load any.</summary>
    NativeAot,

    /// <summary>A command of the SDK: <c>dotnet run</c>, <c>watch</c>, <c>test</c>, <c>build</c>…</summary>
    Sdk,
}

/// <summary>Where a program's runtimeconfig.json is.</summary>
public enum ConfigPlace
{
    /// <summary>There is none, or it can't be understood.</summary>
    Absent,

    /// <summary>A file.</summary>
    File,

    /// <summary>In the single file.</summary>
    Bundle,
}

/// <summary>A shared framework that is asked for, and which installed version will be used.</summary>
/// <param name="Version">Null where none that is installed will do.</param>
/// <param name="Installed">What there is of it.</param>
public sealed record ChosenFramework(FrameworkReference Asked, RuntimeVersion? Version, IReadOnlyList<RuntimeVersion> Installed);

/// <summary>What a .NET program is, read from its files alone: nothing of it was run.</summary>
public sealed record DotnetProgram
{
    public required DotnetKind Kind { get; init; }

    /// <summary>The file whose image is loaded: the muxer, the application's host, the single file.</summary>
    public required string Executable { get; init; }

    /// <summary>The application's assembly: a path, or its name within a bundle; null where there is none or none is known.</summary>
    public string? Assembly { get; init; }

    /// <summary><c>net10.0</c>; null where nothing tells it.</summary>
    public string? TargetFramework { get; init; }

    /// <summary>Native code beside the IL.</summary>
    public bool IsReadyToRun { get; init; }

    public ConfigPlace ConfigPlace { get; init; }

    /// <summary>The file, or the single file that it lies in; null where it is absent.</summary>
    public string? ConfigPath { get; init; }

    /// <summary>Null where it is absent.</summary>
    public RuntimeConfig? Config { get; init; }

    /// <summary>Where shared frameworks are looked for; null where none is needed.</summary>
    public DotnetRoot? Root { get; init; }

    public IReadOnlyList<ChosenFramework> Frameworks { get; init; } = [];

    /// <summary>True where the linker took code away for sure; false where not, or where nothing tells.</summary>
    public bool IsTrimmed { get; init; }

    /// <summary>False where the runtime that comes along has lost the code that runs startup hooks.</summary>
    public bool CanCallHooks { get; init; } = true;

    /// <summary>The SDK's command; null for an application.</summary>
    public SdkCommand? Sdk { get; init; }

    /// <summary>What the SDK's command leads to; null where it isn't known.</summary>
    public ProjectText? Project { get; init; }

    /// <summary>Why it won't start, and what to do about it; null where nothing speaks against it.</summary>
    public DotnetFault? Fault { get; init; }

    public bool IsSingleFile => Kind is DotnetKind.SingleFile or DotnetKind.SelfContainedSingleFile;

    /// <summary>Looks at a program and at what it would start; null where it isn't .NET.</summary>
    /// <param name="words">The command line, its first word included.</param>
    public static DotnetProgram? Inspect(TargetProgram program, IReadOnlyList<string> words, DotnetPlace place) => new DotnetInspection(place).Inspect(program, words);
}

/// <summary>What a program's start depends on besides its files.</summary>
/// <param name="Variable">The environment that it will get.</param>
/// <param name="CurrentDirectory">An absolute path.</param>
public sealed record DotnetPlace(Func<string, string?> Variable, string CurrentDirectory)
{
    public static DotnetPlace OfThisProcess() => new(Environment.GetEnvironmentVariable, Environment.CurrentDirectory);
}

/// <summary>Why a program won't start.</summary>
/// <param name="Code">Stable, kebab-case.</param>
public sealed record DotnetFault(string Code, string Cause, string Remedy);
