using System.Text.Json.Serialization;
using Telelaunch.Cli.Attach;
using Telelaunch.Cli.Output;
using Telelaunch.Linux;
using Telelaunch.Net;

namespace Telelaunch.Cli.Commands;

/// <summary><c>telelaunch leave PID</c>: ends the session that a process is attached to. Needs no cluster.</summary>
internal static class LeaveProcessCommand
{
    /// <summary>Detaching and putting back take seconds; a launcher that takes longer is stuck.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static async Task<int> RunAsync(Surroundings surroundings, int processId, OutputFormat format, CancellationToken cancellationToken)
    {
        var found = Find(processId) ?? throw new UsageException("attach-not-attached", $"No session of yours has the process {processId} attached.", "telelaunch ps tells which are. A workload whose name is a number: telelaunch leave deployment/NAME.");
        using var launcher = ProcessHandle.Open(found.Session.OwnerId);
        // The handle is the launcher's only if it still ran after the handle was there.
        if (launcher is not null && Find(processId) == found)
        {
            launcher.Terminate();
            await WaitAsync(launcher, found, surroundings.Time, cancellationToken);
        }
        Report.Write(surroundings.Screen, format, new LeftProcess(processId, found.Session.OwnerId), LeaveJson.Default.LeftProcess, left => $"process {left.ProcessId} is out; its session (process {left.Launcher}) has ended\n");
        return ExitCodes.Success;
    }

    private static AttachedSession? Find(int processId) => AttachedSession.List().FirstOrDefault(session => session.Process.ProcessId == processId);

    private static async Task WaitAsync(ProcessHandle launcher, AttachedSession session, TimeProvider time, CancellationToken cancellationToken)
    {
        using var late = new CancellationTokenSource(Patience, time);
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            await launcher.WaitForEndAsync(bound.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new HostException("session-not-ended", $"The session (process {session.Session.OwnerId}) was asked to end and hasn't within {Patience.TotalSeconds} s.",
                $"Look at what it says; kill -9 {session.Session.OwnerId} ends it all the same, and its guard puts things back.");
        }
    }
}

/// <param name="Launcher">The process that had it attached.</param>
internal sealed record LeftProcess(int ProcessId, int Launcher);

/// <summary>Serialization without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(LeftProcess))]
internal sealed partial class LeaveJson : JsonSerializerContext;
