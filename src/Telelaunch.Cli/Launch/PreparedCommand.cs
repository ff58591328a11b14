using Telelaunch.Cli.Options;
using Telelaunch.Cli.Output;
using Telelaunch.Net;
using Telelaunch.Targets;
using Telelaunch.Targets.Dotnet;

namespace Telelaunch.Cli.Launch;

/// <summary>A command that was found and looked at, before anything is made in the cluster.</summary>
/// <param name="Path">The file to execute.</param>
/// <param name="Warnings">What won't be caught of it, for a person; empty where all will.</param>
internal sealed record PreparedCommand(string Path, IReadOnlyList<byte[]> Arguments, IReadOnlyList<string> Warnings)
{
    // The build's shim is for the machine that this executable is for: ELF e_machine of x86-64 and AArch64.
    private static readonly ushort[] ShimMachines =
        [(ushort)(System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture == System.Runtime.InteropServices.Architecture.Arm64 ? 183 : 62)];

    public const string NotCatchable = "program-not-catchable";

    /// <summary>Finds the command as execvp(3) would, and says what the shim can do for it.</summary>
    /// <remarks>
    /// A program of which nothing would be caught (static, privileged, of another architecture) is refused: started all the same it would silently talk to the
    /// machine's own network. <see cref="CatchMethod.Shim"/> starts it with a warning, for a program whose children matter. One that is caught in part is started with a warning.
    /// </remarks>
    /// <param name="trace">Whether managed code is to be traced: then it is said where that can't be.</param>
    /// <exception cref="UsageException">Not found, not executable, or nothing would be caught.</exception>
    public static PreparedCommand Find(CommandWords words, CatchMethod method, bool trace)
    {
        var (path, program) = Look(words);
        var dotnet = trace ? DotnetProgram.Inspect(program, words.Texts, DotnetPlace.OfThisProcess()) : null;
        // What is caught for the machine is caught of every program.
        if (method is CatchMethod.VpnTcp or CatchMethod.Route)
            return new(path, words.Arguments, dotnet is null ? [] : ["--trace shows connections and nothing of managed code: without the shim in the process no startup hook gets into it."]);
        var reach = ReachOf(program);
        if (reach.Reach == Reach.None && method != CatchMethod.Shim)
            throw new UsageException(NotCatchable, reach.Cause, $"{reach.Remedy} To start it all the same: --method shim.");
        List<string> warnings = reach.Reach == Reach.Full ? [] : [reach.Cause];
        if (dotnet is not null && HookPlan.Of(dotnet) is { Method: HookMethod.None } plan) warnings.Add($"--trace shows connections and nothing of managed code: {plan.Reason}");
        return new(path, words.Arguments, warnings);
    }

    /// <summary>What the shim catches of it.</summary>
    public static ShimReach ReachOf(TargetProgram program) => ShimReach.Of(program, ShimMachines);

    /// <summary>Finds the command as execvp(3) would, and reads what it is.</summary>
    /// <exception cref="UsageException">Not found, or not executable.</exception>
    public static (string Path, TargetProgram Program) Look(CommandWords words)
    {
        var searchPath = Environment.GetEnvironmentVariable("PATH");
        var found = CommandSearch.Find(words.Name, searchPath);
        if (found.Status == CommandSearchStatus.NotFound)
            throw new UsageException(Failure.CommandNotFound, $"The command '{words.Name}' {found.Reason}.", "Check its spelling and PATH, or write its path.");
        if (found.Status == CommandSearchStatus.NotExecutable)
            throw NotExecutable($"'{found.Path}' {found.Reason}.", found.Reason.StartsWith("has no", StringComparison.Ordinal) ? $"Make it executable: chmod +x {found.Path}" : "Name a program.");

        var program = TargetProgram.Inspect(found.Path, searchPath);
        if (program.Obstacle is { } obstacle) throw NotExecutable($"'{found.Path}' {obstacle}.", "Install what is missing, or use a build for this machine.");
        return (found.Path, program);
    }

    /// <summary>What execve(2) said in the end, should it differ from what was found.</summary>
    public UsageException ExplainErrno(int errno)
    {
        const int noSuchFile = 2;
        return errno == noSuchFile
            ? new UsageException(Failure.CommandNotFound, $"'{Path}' is gone.", "Check its path.")
            : NotExecutable($"'{Path}' can't be executed: {Errno.NameOf(errno)}.", "Look at its permissions, its format and the mount that it lies on (noexec).");
    }

    private static UsageException NotExecutable(string cause, string remedy) => new(Failure.CommandNotExecutable, cause, remedy);
}
