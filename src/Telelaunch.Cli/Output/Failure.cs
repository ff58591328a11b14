using Telelaunch.Net;

namespace Telelaunch.Cli.Output;

/// <summary>A failure as it is shown: what happened, what to do about it, and how the program ends.</summary>
/// <param name="Code">Stable and kebab-case, for programs.</param>
internal sealed record Failure(string Code, string Cause, string Remedy, int ExitCode)
{
    /// <summary>The one place that says how a failure ends the program.</summary>
    /// <param name="ordinary">How the command at hand ends for a failure that has no code of its own: 125 for run and shell, else 1.</param>
    public static Failure Of(Exception error, int ordinary) => error switch
    {
        TelelaunchException { Code: CommandNotFound } known => Known(known, ExitCodes.NotFound),
        TelelaunchException { Code: CommandNotExecutable } known => Known(known, ExitCodes.NotExecutable),
        CommandLineException known => new(known.Code, known.Message, known.Remedy, ExitCodes.Usage),
        TelelaunchException known => Known(known, ordinary),
        _ => new("internal-error", $"{error.GetType().Name}: {error.Message}", "This is a defect of Telelaunch: run it again with -v --log-file F and report it with that file.", ordinary),
    };

    public const string CommandNotFound = "command-not-found";
    public const string CommandNotExecutable = "command-not-executable";

    private static Failure Known(TelelaunchException error, int exitCode) => new(error.Code, error.Message, error.Remedy, exitCode);
}

/// <summary>The command line can't be understood: exit code 2, whatever the command.</summary>
/// <remarks>Not <see cref="UsageException"/>, which a kubeconfig may cause too, and then the command line is in order.</remarks>
internal sealed class CommandLineException(string code, string cause, string remedy) : Exception(cause)
{
    public string Code { get; } = code;

    public string Remedy { get; } = remedy;
}
