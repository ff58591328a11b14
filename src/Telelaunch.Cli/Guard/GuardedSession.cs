using System.Text.Json.Serialization;

namespace Telelaunch.Cli.Guard;

/// <summary>What a guard has to clean up should its launcher die. Each line on the guard's standard input is one of these and replaces the one before.</summary>
/// <remarks>Holds no secret: the guard reads the kubeconfig itself. A session with <c>--token</c> therefore leaves its pod to the agent's own watchdog.</remarks>
internal sealed record GuardedSession
{
    public string? Kubeconfig { get; init; }

    public string? Context { get; init; }

    public string? Namespace { get; init; }

    public string? As { get; init; }

    /// <summary>Name of the agent's pod; null while there is none.</summary>
    public string? Pod { get; init; }

    /// <summary>The pod's namespace.</summary>
    public string? PodNamespace { get; init; }

    /// <summary>The workload that the session stands in for (<c>deployment/web</c>), in <see cref="PodNamespace"/>; null where there is none.</summary>
    public string? Workload { get; init; }

    /// <summary>The name of the Deployment and Service that the session made; null where it made none.</summary>
    public string? NewDeployment { get; init; }

    /// <summary>The session's id, by which its swap is told from others'.</summary>
    public string? Session { get; init; }

    /// <summary>The session has a Lease, named as its pod, which owns what was made.</summary>
    public bool HasLease { get; init; }

    /// <summary>The session's directory; null while there is none.</summary>
    public string? Directory { get; init; }

    /// <summary>Where volumes are fetched into; null where none are.</summary>
    public string? FetchedDirectory { get; init; }

    /// <summary>The command; 0 while it doesn't run.</summary>
    public int CommandId { get; init; }

    /// <summary>The process that is attached; null where none is.</summary>
    public GuardedProcess? Attached { get; init; }

    /// <summary>The launcher has cleaned up itself: nothing is left to do.</summary>
    public bool Done { get; init; }
}

/// <summary>A running process that the session was brought into.</summary>
/// <param name="StartTime">In clock ticks since boot: with the number it names the process for good.</param>
/// <param name="Shim">The file that was loaded into it.</param>
internal sealed record GuardedProcess(int ProcessId, long StartTime, string Shim);

/// <summary>Serialization without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(GuardedSession))]
internal sealed partial class GuardJson : JsonSerializerContext;
