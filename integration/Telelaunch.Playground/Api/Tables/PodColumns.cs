using System.Text.Json.Nodes;
using Telelaunch.Playground.Store;
using static Telelaunch.Playground.Api.Tables.Table;

namespace Telelaunch.Playground.Api.Tables;

internal static class PodColumns
{
    public static Column[] All(Column name, Column age) =>
    [
        name,
        new("Ready", o => $"{Statuses(o).Count(s => s["ready"].IsTrue())}/{o.At("spec", "containers").Items().Count()}"),
        new("Status", Status),
        new("Restarts", o => Restarts(o)),
        age,
        new("IP", o => o.At("status", "podIP").Text() is { Length: > 0 } ip ? ip : "<none>", Wide: true),
        new("Node", o => o.At("spec", "nodeName").Text() is { Length: > 0 } node ? node : "<none>", Wide: true),
        new("Nominated Node", _ => "<none>", Wide: true),
        new("Readiness Gates", _ => "<none>", Wide: true),
    ];

    private static IEnumerable<JsonObject> Statuses(JsonObject pod) => pod.At("status", "containerStatuses").Items();

    private static string Restarts(JsonObject pod)
    {
        var count = Statuses(pod).Sum(s => s["restartCount"].Number());
        var last = Statuses(pod).Select(s => s.At("lastState", "terminated", "finishedAt").Text()).Max(StringComparer.Ordinal);
        return count == 0 || string.IsNullOrEmpty(last) ? $"{count}" : $"{count} ({Columns.Since(last)} ago)";
    }

    // What is worst: reason of the pod, then of an init container, then of the containers, the last one first.
    private static JsonNode Status(JsonObject pod)
    {
        var status = pod.At("status", "reason").Text() is { Length: > 0 } reason ? reason : pod.At("status", "phase").Text();
        if (pod.Condition("PodScheduled")?["reason"].Text() == "SchedulingGated")
            status = "SchedulingGated";
        var inits = pod.At("status", "initContainerStatuses").Items().ToList();
        var pending = inits.FindIndex(s => s.At("state", "terminated", "exitCode").Number(-1) != 0);
        if (pending >= 0)
            status = $"Init:{(Waiting(inits[pending]) is { Length: > 0 } why and not "PodInitializing" ? why : Ended(inits[pending]) is { Length: > 0 } end ? end : $"{pending}/{inits.Count}")}";
        else
        {
            foreach (var container in Statuses(pod).Reverse())
                status = Waiting(container) is { Length: > 0 } waiting ? waiting : Ended(container) is { Length: > 0 } ended ? ended : status;
            if (status == "Completed" && Statuses(pod).Any(s => s.At("state", "running") is not null))
                status = pod.Condition("Ready")?["status"].Text() == "True" ? "Running" : "NotReady";
        }
        return pod.IsTerminating && pod.At("status", "phase").Text() is not ("Succeeded" or "Failed") ? "Terminating" : status;
    }

    private static string Waiting(JsonObject container) => container.At("state", "waiting", "reason").Text();

    private static string Ended(JsonObject container) => container.At("state", "terminated") is not { } end ? ""
        : end.At("reason").Text() is { Length: > 0 } reason ? reason
        : end.At("signal").Number() is > 0 and var signal ? $"Signal:{signal}" : $"ExitCode:{end.At("exitCode").Number()}";
}
