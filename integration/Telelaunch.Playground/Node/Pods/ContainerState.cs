using System.Text.Json.Nodes;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Node.Pods;

/// <summary>What the status of a pod says of one container; changed only by its worker.</summary>
internal sealed class ContainerState(string name, string image)
{
    public string Name { get; } = name;

    public string Image { get; set; } = image;

    public string ImageId { get; set; } = "";

    public string ContainerId { get; set; } = "";

    public int RestartCount { get; set; }

    public bool Started { get; set; }

    public bool Ready { get; set; }

    /// <summary>containerStatuses[].state: one of waiting, running, terminated.</summary>
    public JsonObject Current { get; private set; } = new() { ["waiting"] = new JsonObject { ["reason"] = "ContainerCreating" } };

    public JsonObject Last { get; private set; } = [];

    /// <summary>Null unless terminated for good or for now.</summary>
    public long? ExitCode => Current.At("terminated", "exitCode") is { } code ? code.Number() : null;

    public bool IsRunning => Current["running"] is not null;

    public void Wait(string reason, string? message = null)
    {
        if (Current["terminated"] is not null)
            Last = Current.Clone();
        var waiting = new JsonObject { ["reason"] = reason };
        if (message is not null)
            waiting["message"] = message;
        Current = new() { ["waiting"] = waiting };
        Ready = Started = false;
    }

    public void Run(DateTimeOffset now)
    {
        if (Current["terminated"] is not null)
            Last = Current.Clone();
        Current = new() { ["running"] = new JsonObject { ["startedAt"] = ObjectJson.Time(now) } };
    }

    public void Terminate(int exitCode, DateTimeOffset now, string? reason = null, string? message = null)
    {
        var terminated = new JsonObject { ["exitCode"] = exitCode, ["reason"] = reason ?? (exitCode == 0 ? "Completed" : "Error") };
        if (message is not null)
            terminated["message"] = message;
        terminated["startedAt"] = Current.At("running", "startedAt")?.Text() ?? "1970-01-01T00:00:00Z";
        terminated["finishedAt"] = ObjectJson.Time(now);
        terminated["containerID"] = ContainerId;
        Current = new() { ["terminated"] = terminated };
        Ready = Started = false;
    }

    /// <summary>Its entry in containerStatuses.</summary>
    public JsonObject ToStatus(JsonObject container)
    {
        var status = new JsonObject
        {
            ["name"] = Name,
            ["state"] = Current.Clone(),
            ["lastState"] = Last.Clone(),
            ["ready"] = Ready,
            ["restartCount"] = RestartCount,
            ["image"] = Image,
            ["imageID"] = ImageId,
        };
        if (ContainerId.Length > 0)
            status["containerID"] = ContainerId;
        status["started"] = Started;
        var mounts = new JsonArray();
        foreach (var mount in container["volumeMounts"].Items())
        {
            var entry = new JsonObject { ["name"] = mount["name"].Text(), ["mountPath"] = mount["mountPath"].Text() };
            if (mount["readOnly"].IsTrue())
                (entry["readOnly"], entry["recursiveReadOnly"]) = (true, "Disabled");
            mounts.Add((JsonNode)entry);
        }
        if (mounts.Count > 0)
            status["volumeMounts"] = mounts;
        return status;
    }
}
