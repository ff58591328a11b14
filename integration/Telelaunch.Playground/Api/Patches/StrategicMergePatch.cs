using System.Text.Json.Nodes;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Api.Patches;

/// <summary>Strategic merge patch: like a merge patch, but lists with a merge key are merged item by item.</summary>
/// <remarks>Source: "Strategic Merge Patch" in the Kubernetes API conventions, with its directives
/// <c>$patch</c>, <c>$setElementOrder</c>, <c>$deleteFromPrimitiveList</c> and <c>$retainKeys</c>.</remarks>
public static class StrategicMergePatch
{
    private const string Order = "$setElementOrder/";
    private const string DeleteFrom = "$deleteFromPrimitiveList/";

    public static JsonObject Apply(JsonObject target, JsonObject patch)
    {
        if (patch["$patch"].Text() == "replace")
        {
            var replaced = patch.Clone();
            replaced.Remove("$patch");
            return replaced;
        }
        var result = target.Clone();
        if (patch["$patch"].Text() == "delete")
            return [];
        if (patch["$retainKeys"] is JsonArray retained)
        {
            foreach (var key in result.Select(p => p.Key).Where(k => !retained.Any(r => r.Text() == k)).ToList())
                result.Remove(key);
        }
        foreach (var (key, value) in patch.Where(p => !p.Key.StartsWith('$')))
            Merge(result, key, value);
        foreach (var (key, value) in patch.Where(p => p.Key.StartsWith(DeleteFrom, StringComparison.Ordinal)))
            DeleteValues(result, key[DeleteFrom.Length..], value as JsonArray ?? []);
        foreach (var (key, value) in patch.Where(p => p.Key.StartsWith(Order, StringComparison.Ordinal)))
            Reorder(result, key[Order.Length..], value as JsonArray ?? []);
        return result;
    }

    private static void Merge(JsonObject result, string key, JsonNode? value)
    {
        if (value is null)
            result.Remove(key);
        else if (value is JsonObject change)
            result[key] = Apply(result[key] as JsonObject ?? [], change);
        else if (value is JsonArray items)
            result[key] = MergeList(key, result[key] as JsonArray, items);
        else
            result[key] = value.DeepClone();
    }

    private static JsonArray MergeList(string field, JsonArray? present, JsonArray patch)
    {
        if (patch.Items().Any(i => i["$patch"].Text() == "replace"))
            return [.. patch.Items().Where(i => i["$patch"] is null).Select(i => i.DeepClone())];
        if (MergeKeys.IsSet(field))
        {
            var union = (present ?? []).Select(v => v.Text()).Concat(patch.Select(v => v.Text())).Distinct();
            return [.. union.Select(v => JsonValue.Create(v))];
        }
        if (MergeKeys.For(field, patch.FirstOrDefault(i => i is JsonObject)) is not { } key)
            return (JsonArray)patch.DeepClone();
        var result = (JsonArray)(present ?? []).DeepClone();
        foreach (var item in patch.Items())
        {
            var same = MergeKeys.Find(result, key, item);
            if (item["$patch"].Text() == "delete")
                result.Remove(same);
            else if (same is not null)
                result[result.IndexOf(same)] = Apply(same, item);
            else
                result.Add(Apply([], item));
        }
        return result;
    }

    private static void DeleteValues(JsonObject result, string field, JsonArray values)
    {
        if (result[field] is JsonArray list)
            result[field] = new JsonArray([.. list.Where(v => !values.Any(d => JsonNode.DeepEquals(d, v))).Select(v => v?.DeepClone())]);
    }

    // Named items stand in the order given; the others keep their place behind the item that they followed.
    private static void Reorder(JsonObject result, string field, JsonArray order)
    {
        if (result[field] is not JsonArray list)
            return;
        var key = MergeKeys.For(field, order.FirstOrDefault(i => i is JsonObject) ?? list.FirstOrDefault());
        int Rank(JsonNode? item) => order.Index().FirstOrDefault(o => JsonNode.DeepEquals(key is null ? o.Item : o.Item.At(key), key is null ? item : item.At(key)), (-1, null)).Index;
        var ranks = new List<(JsonNode? Item, int Rank)>();
        var last = -1;
        foreach (var item in list)
            ranks.Add((item?.DeepClone(), last = Rank(item) is >= 0 and var rank ? rank : last));
        result[field] = new JsonArray([.. ranks.OrderBy(r => r.Rank).Select(r => r.Item)]);
    }
}
