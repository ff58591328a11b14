using System.Text.Json.Nodes;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Controllers;

/// <summary>Questions about pods and about who owns what.</summary>
internal static class Owned
{
    public static bool IsControlledBy(this JsonObject obj, JsonObject owner) => Controller(obj)?["uid"].Text() == owner.Uid;

    public static JsonObject? Controller(JsonObject obj) => obj.At("metadata", "ownerReferences").Items().FirstOrDefault(r => r["controller"].IsTrue());

    public static JsonObject Reference(ResourceKind kind, JsonObject owner) => new()
    {
        ["apiVersion"] = kind.ApiVersion,
        ["kind"] = kind.Kind,
        ["name"] = owner.Name,
        ["uid"] = owner.Uid,
        ["controller"] = true,
        ["blockOwnerDeletion"] = true,
    };

    /// <summary>True unless the pod is ending or has ended.</summary>
    public static bool IsActive(this JsonObject pod) => !pod.IsTerminating && !pod.HasEnded();

    public static bool HasEnded(this JsonObject pod) => pod.At("status", "phase").Text() is "Succeeded" or "Failed";

    public static bool IsReady(this JsonObject pod) => pod.Condition("Ready")?["status"].Text() == "True";

    /// <summary>Puts a condition into <c>status.conditions</c>; its transition time moves only with its status.</summary>
    public static void SetCondition(JsonObject status, string type, bool value, string reason, string message, DateTimeOffset now) =>
        SetCondition(status, type, value ? "True" : "False", reason, message, now);

    /// <param name="text">True, False or Unknown.</param>
    /// <inheritdoc cref="SetCondition(JsonObject, string, bool, string, string, DateTimeOffset)"/>
    public static void SetCondition(JsonObject status, string type, string text, string reason, string message, DateTimeOffset now)
    {
        var conditions = status.Array("conditions");
        var present = conditions.Items().FirstOrDefault(c => c["type"].Text() == type);
        if (present is not null && present["status"].Text() == text && present["reason"].Text() == reason && present["message"].Text() == message)
            return;
        var since = present?["status"].Text() == text ? present["lastTransitionTime"].Text() : ObjectJson.Time(now);
        if (present is not null)
            conditions.Remove(present);
        conditions.Add(new JsonObject
        {
            ["type"] = type,
            ["status"] = text,
            ["lastUpdateTime"] = ObjectJson.Time(now),
            ["lastTransitionTime"] = since,
            ["reason"] = reason,
            ["message"] = message,
        });
    }

    public static void RemoveCondition(JsonObject status, string type)
    {
        if (status["conditions"].Items().FirstOrDefault(c => c["type"].Text() == type) is { } found)
            status.Array("conditions").Remove(found);
    }

    /// <summary>Sets a count that Go would leave out when it is zero.</summary>
    public static void SetCount(JsonObject status, string key, long count)
    {
        if (count == 0)
            status.Remove(key);
        else
            status[key] = count;
    }

    /// <summary>A number, or a percentage of <paramref name="total"/>.</summary>
    public static long Scaled(JsonNode? value, long total, bool roundUp)
    {
        var text = value.Text();
        if (!text.EndsWith('%'))
            return value.Number();
        var exact = total * decimal.Parse(text[..^1], System.Globalization.CultureInfo.InvariantCulture) / 100;
        return (long)(roundUp ? Math.Ceiling(exact) : Math.Floor(exact));
    }
}
