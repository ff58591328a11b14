using Telelaunch.Net;

namespace Telelaunch.Cluster;

/// <summary>The environment of a container that runs: also what its image defines, which no manifest tells.</summary>
/// <param name="Block">Entries, each ended by NUL, as in /proc/PID/environ (proc(5)); null where it couldn't be read.</param>
/// <param name="Reason">Why it couldn't be read, as the end of a sentence; empty where it was.</param>
/// <remarks>It holds secrets: it is never shown and never logged.</remarks>
public sealed record RunningEnvironment(byte[]? Block, string Reason)
{
    // execve(2) takes 6 MiB of arguments and environment at the most.
    private const int MostBytes = 6 * 1024 * 1024;

    /// <summary>What tells the environment, in the order in which it is tried. What is executed in a container gets the container's environment.</summary>
    private static readonly string[][] Commands = [["cat", "/proc/self/environ"], ["env", "-0"]];

    /// <summary>Reads it by commands of the container's own image. That the image has none, or that this user may not execute in it, is no failure.</summary>
    /// <exception cref="ClusterException">The API server can't be reached, or doesn't accept the credentials.</exception>
    public static async Task<RunningEnvironment> ReadAsync(
        ClusterConnection connection, string podNamespace, string podName, string container, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        try
        {
            foreach (var command in Commands)
            {
                var run = await ContainerCommand.RunAsync(connection, podNamespace, podName, container, command, MostBytes, cancellationToken);
                if (run.ExitCode == 0 && (run.Output is [] || run.Output[^1] == 0)) return new(run.Output, "");
            }
            return new(null, $"the container {container} of the pod {podName} has neither cat nor env that could tell it");
        }
        catch (ClusterException error) when (error.Code is "forbidden")
        {
            return new(null, $"you lack the rights get and create on pods/exec in the namespace {podNamespace}");
        }
        catch (ClusterException error) when (error.Code is "pod-not-found" or "exec-refused" or "exec-lost" or "exec-output-too-long")
        {
            return new(null, error.Message.TrimEnd('.'));
        }
    }
}
