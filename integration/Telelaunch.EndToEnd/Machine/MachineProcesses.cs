using System.Globalization;
using Xunit;

namespace Telelaunch.EndToEnd.Machine;

/// <summary>The processes that a session on a machine consists of, as the kernel knows them at one moment.</summary>
/// <param name="Launcher">The one that was started.</param>
/// <param name="Helper">Null where there is none yet, or none any more.</param>
/// <param name="Guard">What puts back what a killed helper left.</param>
/// <param name="Command">What the launcher was given behind "--".</param>
internal sealed record MachineProcesses(int Launcher, int? Helper, int? Guard, int? Command)
{
    /// <summary>All that the launcher has started, and what that has started.</summary>
    /// <param name="command">The first word of the command.</param>
    public static MachineProcesses Of(VpnSession session, string? command = null) => Of(session.Run.Id, command);

    /// <inheritdoc cref="Of(VpnSession, string?)"/>
    public static MachineProcesses Of(int launcher, string? command = null)
    {
        var helper = Find("routing", Children(launcher));
        return new(
            launcher,
            helper,
            helper is { } parent ? Find("routing-guard", Children(parent)) : null,
            command is null ? null : Children(launcher).Where(child => Words(child) is [var word, ..] && word == command).Cast<int?>().FirstOrDefault());
    }

    /// <summary>Ends some of them without a chance to do anything, all in one kill(2) after the other.</summary>
    public static async Task KillAsync(params IEnumerable<int?> processes)
    {
        await using var run = await ProcessRun.CompleteAsync("kill", ["-KILL", .. processes.OfType<int>().Select(id => id.ToString(CultureInfo.InvariantCulture))]);
        Assert.True(run.ExitCode == 0, run.ToString());
    }

    // One that has ended meanwhile has neither children nor words.
    private static int? Find(string word, IEnumerable<int> processes) =>
        processes.Where(id => Words(id) is [_, var second, ..] && second == word).Cast<int?>().FirstOrDefault();

    private static string[] Words(int process) => Read($"/proc/{process}/cmdline").Split('\0', StringSplitOptions.RemoveEmptyEntries);

    private static IEnumerable<int> Children(int process)
    {
        // Of each thread its own (proc_pid_task(5)).
        string[] threads = Directory.Exists($"/proc/{process}/task") ? Directory.GetDirectories($"/proc/{process}/task") : [];
        return threads.SelectMany(thread => Read(Path.Combine(thread, "children")).Split(' ', StringSplitOptions.RemoveEmptyEntries)).Select(id => int.Parse(id, CultureInfo.InvariantCulture));
    }

    private static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            return "";
        }
    }
}
