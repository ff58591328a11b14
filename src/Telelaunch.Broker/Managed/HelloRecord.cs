namespace Telelaunch.Broker.Managed;

/// <summary>Who says that a process is in the session, or isn't any more.</summary>
public enum HelloSource : byte
{
    /// <summary>The startup hook of a .NET application.</summary>
    StartupHook = 1,

    /// <summary>The shim, brought into a process that runs.</summary>
    ShimAttached = 2,

    /// <summary>The shim, leaving such a process.</summary>
    ShimDetached = 3,
}

/// <summary>A process of the session that has said what it is.</summary>
/// <param name="ProcessName">comm of /proc, or empty.</param>
/// <param name="Errno">0, or why the shim couldn't do what it was asked.</param>
/// <param name="Slots">Calls that the shim patched; 0 for the startup hook.</param>
/// <param name="Runtime">What the runtime calls itself: ".NET 10.0.12"; empty for the shim.</param>
/// <param name="Application">The entry assembly's name; empty for the shim.</param>
public sealed record HelloRecord(
    DateTimeOffset Time,
    HelloSource Source,
    int ProcessId,
    string ProcessName,
    int Errno,
    int Slots,
    string Runtime,
    string Application) : BrokerRecord(Time);
