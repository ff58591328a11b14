using System.Text.Json.Nodes;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Api.Patches;

/// <summary>Server-side apply: merges what one manager wants, removes what it no longer names, and refuses what another manager owns.</summary>
/// <remarks>Only managers that apply own fields here; on a real server every writer does.</remarks>
public static class ServerSideApply
{
    /// <returns>The object with its <c>metadata.managedFields</c>.</returns>
    /// <exception cref="StatusException">409: others own fields with other values and <paramref name="force"/> is false.</exception>
    public static JsonObject Apply(JsonObject present, JsonObject applied, string manager, bool force, DateTimeOffset now)
    {
        var wanted = FieldSet.Of(applied);
        var entries = present.At("metadata", "managedFields") is JsonArray kept ? (JsonArray)kept.DeepClone() : [];
        var own = entries.Items().FirstOrDefault(e => e["manager"].Text() == manager);
        var others = entries.Items().Where(e => e != own).ToList();
        TakeFrom(others, present, applied, wanted, force);

        var result = StrategicMergePatch.Apply(present, applied);
        if (applied.At("spec", "selector") is { } selector)
            result.Object("spec")["selector"] = selector.DeepClone();
        foreach (var path in FieldSet.Leaves(own?["fieldsV1"]).Where(p => !FieldSet.Has(wanted, p) && !others.Any(o => FieldSet.Has(o["fieldsV1"], p))).Reverse())
            FieldSet.Remove(result, path);

        var entry = new JsonObject
        {
            ["manager"] = manager,
            ["operation"] = "Apply",
            ["apiVersion"] = applied["apiVersion"]?.DeepClone(),
            ["time"] = own is not null && JsonNode.DeepEquals(own["fieldsV1"], wanted) ? own["time"]?.DeepClone() : ObjectJson.Time(now),
            ["fieldsType"] = "FieldsV1",
            ["fieldsV1"] = wanted,
        };
        if (own is null)
            entries.Add(entry);
        else
            entries[entries.IndexOf(own)] = entry;
        result.Metadata["managedFields"] = new JsonArray([.. entries.Items().Where(e => e["fieldsV1"].IsFilled()).Select(e => e.DeepClone())]);
        return result;
    }

    private static void TakeFrom(List<JsonObject> others, JsonObject present, JsonObject applied, JsonObject wanted, bool force)
    {
        var conflicts = new List<(string Manager, string[] Path)>();
        foreach (var path in FieldSet.Leaves(wanted).Where(p => p[^1] != "." && !JsonNode.DeepEquals(FieldSet.Value(present, p), FieldSet.Value(applied, p))))
            conflicts.AddRange(others.Where(o => FieldSet.Has(o["fieldsV1"], path)).Select(o => (o["manager"].Text(), path)));
        if (conflicts.Count > 0 && !force)
            throw Conflict(conflicts);
        foreach (var (manager, path) in conflicts)
            FieldSet.RemoveLeaf(others.First(o => o["manager"].Text() == manager).Object("fieldsV1"), path);
    }

    private static StatusException Conflict(List<(string Manager, string[] Path)> conflicts)
    {
        var causes = conflicts.Select(c => new JsonObject
        {
            ["reason"] = "FieldManagerConflict",
            ["message"] = $"conflict with \"{c.Manager}\"",
            ["field"] = FieldSet.Describe(c.Path),
        });
        var message = conflicts.Count == 1
            ? $"Apply failed with 1 conflict: conflict with \"{conflicts[0].Manager}\": {FieldSet.Describe(conflicts[0].Path)}"
            : $"Apply failed with {conflicts.Count} conflicts: " + string.Join("\n", conflicts.GroupBy(c => c.Manager)
                .Select(g => $"conflicts with \"{g.Key}\":\n{string.Join('\n', g.Select(c => $"- {FieldSet.Describe(c.Path)}"))}"));
        return new(409, "Conflict", message, new() { ["causes"] = new JsonArray([.. causes]) });
    }
}
