namespace Telelaunch.StartupHook;

/// <summary>How a connection of HttpClient came about. Durations are microseconds, -1 where there was none.</summary>
internal sealed class HttpConnectionTrace
{
    /// <summary>Whose connection it is: the server's, or a proxy's.</summary>
    internal string Host { get; set; } = "";

    /// <summary>0: it is a proxy's. -1: not known.</summary>
    internal int Port { get; set; } = -1;

    /// <summary>Where it leads instead of to <see cref="Host"/>; null where it leads there, or isn't known to lead elsewhere.</summary>
    internal string? Elsewhere
    {
        get
        {
            if (Port == 0)
                return $"the proxy {Host} ({Remote})";
            if (Port > 0 && LookedUp is not null && !string.Equals(LookedUp.TrimEnd('.'), Host.TrimEnd('.'), System.StringComparison.OrdinalIgnoreCase))
                return $"{LookedUp} ({Remote})";
            return null;
        }
    }

    /// <summary>The name that was looked up for it; null: none was.</summary>
    internal string? LookedUp { get; set; }

    /// <summary>The endpoint that it was connected to, the last that was tried; null: no socket was seen.</summary>
    internal string? Remote { get; set; }

    /// <summary>The HTTP version, once it stands.</summary>
    internal string? Version { get; set; }

    internal long Lookup { get; set; } = -1;

    internal long Connect { get; set; } = -1;

    internal long Handshake { get; set; } = -1;

    /// <summary>A request has been sent over it.</summary>
    internal bool IsUsed { get; set; }

    /// <summary>When the phase began that is under way.</summary>
    internal long Stamp { get; set; }
}
