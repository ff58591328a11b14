namespace Telelaunch.Targets.Dotnet;

/// <summary>How the startup hook gets into a program.</summary>
public enum HookMethod
{
    /// <summary>The runtime runs it.</summary>
    AsItIs,

    /// <summary>The runtime runs it once the shim has handed out a runtimeconfig.json in which hooks are switched on, in memory.</summary>
    AfterRepair,

    /// <summary>Not at all: the shim carries the traffic all the same, and nothing of managed code is seen.</summary>
    None,
}

/// <summary>How the startup hook gets into a program, or why it doesn't.</summary>
/// <param name="Code">Stable, kebab-case.</param>
/// <param name="Reason">One sentence.</param>
/// <param name="Remedy">What would let it in; null where nothing has to be done, or nothing can.</param>
public sealed record HookPlan(HookMethod Method, string Code, string Reason, string? Remedy)
{
    public static HookPlan Of(DotnetProgram program)
    {
        ArgumentNullException.ThrowIfNull(program);
        if (program.Kind == DotnetKind.NativeAot)
            return new(HookMethod.None, "hook-native-aot", "It was compiled ahead of time (NativeAOT): there is no runtime that could load a hook.", "For a managed trace start a build without PublishAot, such as dotnet run.");
        if (program.Kind == DotnetKind.Sdk) return OfSdk(program);
        if (!program.CanCallHooks)
            return new(HookMethod.None, "hook-trimmed-away", "It is trimmed, and the code that runs startup hooks was trimmed away.", "For a managed trace publish it with StartupHookSupport=true, or without PublishTrimmed.");
        if (program.Config is not { HasStartupHooks: false } config) return new(HookMethod.AsItIs, "hook-as-it-is", $"Startup hooks are on.{EventNote(program)}", null);
        if (program.ConfigPlace == ConfigPlace.Bundle)
            return new(HookMethod.None, "hook-off-in-bundle", "Startup hooks are switched off in the runtimeconfig.json inside the single file, where it can't be repaired.",
                "For a managed trace publish it with StartupHookSupport=true, or without PublishSingleFile.");
        return new(HookMethod.AfterRepair, "hook-after-repair",
            $"Startup hooks are switched off in {Path.GetFileName(program.ConfigPath)}, as {Cause(config)}; the process is given a copy in which they are on, the file stays as it is.", null);
    }

    private static HookPlan OfSdk(DotnetProgram program)
    {
        if (!program.Sdk!.StartsPrograms) return new(HookMethod.None, "hook-not-in-tools", "It is a tool of the SDK, which stays outside of the cluster; it starts no application.", null);
        var off = program.Config is { } built ? (built.HasStartupHooks ? null : Cause(built)) : program.Project?.HookSwitch is { } name ? $"{name} leaves it" : null;
        var unknown = program.Config is null ? program.Project is null ? "the project isn't known before it runs" : program.Project.Unknown : null;
        return off is null
            ? new(HookMethod.AsItIs, "hook-as-it-is", $"The application gets the hook, the SDK doesn't{(unknown is null ? "" : $" ({unknown}; should hooks be switched off, they are switched on in memory)")}.{EventNote(program)}", null)
            : new(HookMethod.AfterRepair, "hook-after-repair", $"Startup hooks will be switched off in the application's runtimeconfig.json, as {off}; the application is given a copy in which they are on.", null);
    }

    // What else the SDK writes for PublishAot and for PublishTrimmed, Debug builds included, and for neither alone.
    private static string Cause(RuntimeConfig config) => config.Properties.GetValueOrDefault("System.Runtime.CompilerServices.RuntimeFeature.IsDynamicCodeSupported") switch
    {
        "false" => "PublishAot=true in the project leaves it",
        "true" => "PublishTrimmed=true in the project leaves it",
        _ => "StartupHookSupport=false in the project leaves it",
    };

    private static string EventNote(DotnetProgram program) => (program.Config, program.ConfigPlace) switch
    {
        ({ HasEventSources: false }, ConfigPlace.Bundle) => " Event sources are off (EventSourceSupport=false), inside the single file: the hook runs and hears nothing of HTTP, DNS and TLS.",
        ({ HasEventSources: false }, _) => " Event sources are off (EventSourceSupport=false); the process is given a copy of runtimeconfig.json in which they are on.",
        _ => "",
    };
}
