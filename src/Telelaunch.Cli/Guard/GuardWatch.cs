using System.Text.Json;
using Telelaunch.Linux;

namespace Telelaunch.Cli.Guard;

/// <summary>The guard's side: reads what there is until the launcher ends, then cleans up, unless the launcher said that it had.</summary>
/// <param name="end">How each thing is removed; apart from the watching, so that it can be watched.</param>
internal sealed class GuardWatch(Func<GuardedSession, ProcessHandle?, CancellationToken, Task> end)
{
    public async Task RunAsync(TextReader told, CancellationToken cancellationToken)
    {
        GuardedSession? session = null;
        ProcessHandle? command = null;
        try
        {
            while (await told.ReadLineAsync(cancellationToken) is { } line)
            {
                session = Read(line) ?? session;
                // While the launcher lives it hasn't reaped the command, so the number can't be another process's yet.
                if (command is null && session is { CommandId: > 0 }) command = ProcessHandle.Open(session.CommandId);
            }
            if (session is { Done: false }) await end(session, command, cancellationToken);
        }
        finally
        {
            command?.Dispose();
        }
    }

    // A launcher that is killed in the middle of a line leaves half of one; what it said before holds.
    private static GuardedSession? Read(string line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, GuardJson.Default.GuardedSession);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
