using System.Text.Json.Nodes;

namespace Telelaunch.Playground.Store;

public enum WatchEventType
{
    Added,
    Modified,
    Deleted,
}

/// <summary>One change of one object.</summary>
/// <param name="Object">The object after the change; of a deletion its last state with the resourceVersion of the deletion.</param>
/// <param name="Previous">The object before the change; null for an Added.</param>
/// <param name="Version">The resourceVersion that the change made.</param>
public sealed record WatchEvent(WatchEventType Type, ResourceKind Kind, JsonObject Object, JsonObject? Previous, long Version);
