using Telelaunch.Cli.Options;

namespace Telelaunch.Cli.Output;

/// <summary>Chooses how a start is shown.</summary>
internal static class ProgressDisplays
{
    private const int StandardError = 2;

    /// <param name="isLogging">A log goes to standard error too, and a live line would be torn by it.</param>
    public static IProgressDisplay Choose(ProgressStyle style, Screen screen, bool isLogging, TimeProvider time) => style switch
    {
        ProgressStyle.Json => new JsonProgress(screen),
        ProgressStyle.Quiet => new QuietProgress(screen),
        ProgressStyle.Auto when !isLogging && Terminal.IsTerminal(StandardError) && Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb")
            => new LiveProgress(LiveProgress.ConsoleOn(screen, StandardError), time),
        _ => new PlainProgress(screen),
    };
}
