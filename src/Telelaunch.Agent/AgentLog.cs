using Telelaunch.Net;

namespace Telelaunch.Agent;

/// <summary>The pod's log: one line an event on standard output. Sizes and addresses, never payload, keys or tokens.</summary>
internal static class AgentLog
{
    private static readonly Lock s_gate = new();

    public static void Write(string line)
    {
        lock (s_gate)
            Console.Out.WriteLine($"telelaunch-agent: {line}");
    }

    /// <summary>A failure: its cause, and what to do about it.</summary>
    public static void Write(TelelaunchException error)
    {
        Write($"error: {error.Code}: {error.Message}");
        Write($"       {error.Remedy}");
    }
}
