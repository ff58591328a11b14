using Telelaunch.Cli.Launch;
using Telelaunch.Cli.Options;
using Telelaunch.Net;
using Telelaunch.Targets;
using Telelaunch.Targets.Dotnet;

namespace Telelaunch.Cli.Commands;

/// <summary>What <c>doctor</c> says of a program: what it is, what is caught of it, and how the startup hook gets into it. Nothing is run.</summary>
internal sealed record ProgramExamination(ProgramFindings? Findings, IReadOnlyList<DoctorCheck> Checks)
{
    public static ProgramExamination Of(CommandWords words, CatchMethod method)
    {
        TargetProgram program;
        try
        {
            program = PreparedCommand.Look(words).Program;
        }
        catch (TelelaunchException error)
        {
            return new(null, [new("program", DoctorStatus.Fail, error.Message, error.Remedy)]);
        }
        var dotnet = DotnetProgram.Inspect(program, words.Texts, DotnetPlace.OfThisProcess());
        List<DoctorCheck> checks = [new("program", DoctorStatus.Ok, dotnet is null ? DescribeNative(program) : Describe(dotnet), null), CheckReach(program, method)];
        if (dotnet is null) return new(ProgramFindings.Of(program), checks);

        if (dotnet.Fault is { } fault) checks.Add(new("runtime", DoctorStatus.Fail, fault.Cause, fault.Remedy));
        else if (DescribeRuntime(dotnet) is { } runtime) checks.Add(new("runtime", DoctorStatus.Ok, runtime, null));
        if (DescribeConfig(dotnet) is { } config) checks.Add(new("config", DoctorStatus.Ok, config, null));
        var hook = HookPlan.Of(dotnet);
        // What can't be traced works all the same, and a tool isn't to be traced at all.
        var isLost = hook.Method == HookMethod.None && dotnet.Kind != DotnetKind.Sdk;
        checks.Add(new("hook", isLost ? DoctorStatus.Warn : DoctorStatus.Ok, $"{MethodText(hook)} {hook.Reason}", hook.Remedy));
        var attach = AttachPlan.Of(dotnet, Environment.GetEnvironmentVariable);
        checks.Add(new("attach", DoctorStatus.Ok, $"{(attach.IsPossible ? "possible" : "not possible")}: {attach.Reason}", attach.Remedy));
        return new(ProgramFindings.Of(program, dotnet, hook, attach), checks);
    }

    private static DoctorCheck CheckReach(TargetProgram program, CatchMethod method)
    {
        if (method is CatchMethod.VpnTcp or CatchMethod.Route) return new("traffic", DoctorStatus.Ok, "caught for the whole machine, whatever the program is", null);
        var reach = PreparedCommand.ReachOf(program);
        return reach.Reach switch
        {
            Reach.Full => new("traffic", DoctorStatus.Ok, "all of it goes through the shim", null),
            Reach.Partial => new("traffic", DoctorStatus.Warn, reach.Cause, reach.Remedy),
            _ => new("traffic", DoctorStatus.Fail, reach.Cause, reach.Remedy),
        };
    }

    private static string MethodText(HookPlan plan) => plan.Method switch
    {
        HookMethod.AsItIs => "as it is:",
        HookMethod.AfterRepair => "after a repair in memory:",
        _ => "none, the traffic is carried all the same and nothing of managed code is traced:",
    };

    private static string DescribeNative(TargetProgram program)
    {
        var image = program.Image switch
        {
            null => "no ELF image, or it can't be read",
            { IsGo: true } go => $"Go, {go.MachineName}",
            { Interpreter: null } still => $"static, {still.MachineName}",
            var linked => $"{linked.CLibrary}, {linked.MachineName}",
        };
        return program.Interpreters.Count == 0
            ? $"{program.Executable}: not .NET ({image})"
            : $"{program.Command}: a script for {program.Executable} ({image}); what it starts is judged when it starts";
    }

    private static string Describe(DotnetProgram program)
    {
        var kind = program.Kind switch
        {
            DotnetKind.Muxer => "framework-dependent, started by dotnet",
            DotnetKind.AppHost => "framework-dependent, with a host of its own",
            DotnetKind.SelfContained => "self-contained",
            DotnetKind.SingleFile => "single file, framework-dependent",
            DotnetKind.SelfContainedSingleFile => "single file, self-contained",
            DotnetKind.NativeAot => "compiled ahead of time (NativeAOT)",
            _ => DescribeSdk(program),
        };
        List<string> parts = [kind];
        if (program.TargetFramework is { } framework) parts.Add(framework);
        if (program.IsTrimmed) parts.Add("trimmed");
        if (program.IsReadyToRun) parts.Add("ReadyToRun");
        return $"{(program.Kind == DotnetKind.Muxer ? program.Assembly : program.Executable)}: {string.Join(", ", parts)}";
    }

    private static string DescribeSdk(DotnetProgram program)
    {
        var sdk = program.Sdk!;
        var verb = $"SDK command{(sdk.Verb.Length == 0 ? "" : $" '{sdk.Verb}'")}";
        if (program.Project is not { } project) return sdk.Project is null ? verb : $"{verb} of {sdk.Project}, which can't be read";
        var frameworks = project.TargetFrameworks;
        return $"{verb} of {project.Path}{(frameworks.Count > 1 ? $", for one of {string.Join(", ", frameworks)}" : "")}{(program.Assembly is { } built ? $", built last as {built}" : "")}{(project.Unknown is { } unknown ? $" (read as text: {unknown})" : "")}";
    }

    private static string? DescribeRuntime(DotnetProgram program)
    {
        if (program.Config is { IsSelfContained: true } own) return string.Join(", ", own.IncludedFrameworks.Select(framework => $"{framework.Name} {framework.Version}, its own"));
        if (program.Root is not { } root) return null;
        var versions = program.Frameworks.Select(framework => $"{framework.Asked.Name} {framework.Version} (asks for {framework.Asked.Version})");
        return string.Join(", ", versions.Append($"from {root.Path} ({root.Source})"));
    }

    private static string? DescribeConfig(DotnetProgram program) => program.ConfigPlace switch
    {
        ConfigPlace.File => program.ConfigPath,
        ConfigPlace.Bundle => $"inside {program.ConfigPath}",
        _ => program.Kind is DotnetKind.NativeAot or DotnetKind.Sdk ? null : "no runtimeconfig.json",
    };
}

/// <summary>The same for a program to read; null and missing where it isn't known or doesn't apply.</summary>
/// <param name="Kind">A <see cref="DotnetKind"/>, or <c>NotDotnet</c>.</param>
internal sealed record ProgramFindings(string Kind, string Executable)
{
    public string? Assembly { get; init; }

    public string? TargetFramework { get; init; }

    public bool? IsTrimmed { get; init; }

    public string? DotnetRoot { get; init; }

    public IReadOnlyList<string>? Runtime { get; init; }

    public ConfigPlace? ConfigPlace { get; init; }

    public string? ConfigPath { get; init; }

    public string? Project { get; init; }

    public HookMethod? HookMethod { get; init; }

    public string? HookCode { get; init; }

    public bool? CanAttach { get; init; }

    public string? FaultCode { get; init; }

    public static ProgramFindings Of(TargetProgram program) => new("NotDotnet", program.Executable);

    public static ProgramFindings Of(TargetProgram program, DotnetProgram dotnet, HookPlan hook, AttachPlan attach) => new(dotnet.Kind.ToString(), program.Executable)
    {
        Assembly = dotnet.Assembly,
        TargetFramework = dotnet.TargetFramework,
        IsTrimmed = dotnet.IsTrimmed,
        DotnetRoot = dotnet.Root?.Path,
        Runtime = dotnet.Config is { IsSelfContained: true } own
            ? [.. own.IncludedFrameworks.Select(framework => $"{framework.Name} {framework.Version}")]
            : [.. dotnet.Frameworks.Where(framework => framework.Version is not null).Select(framework => $"{framework.Asked.Name} {framework.Version}")],
        ConfigPlace = dotnet.ConfigPlace,
        ConfigPath = dotnet.ConfigPath,
        Project = dotnet.Sdk?.Project,
        HookMethod = hook.Method,
        HookCode = hook.Code,
        CanAttach = attach.IsPossible,
        FaultCode = dotnet.Fault?.Code,
    };
}
