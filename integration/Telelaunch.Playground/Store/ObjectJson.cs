using System.Globalization;
using System.Text.Json.Nodes;

namespace Telelaunch.Playground.Store;

/// <summary>Reads and writes the parts that all Kubernetes objects have.</summary>
public static class ObjectJson
{
    extension(JsonObject obj)
    {
        public JsonObject Metadata => obj.Object("metadata");

        public string Name => obj.At("metadata", "name").Text();

        public string Namespace => obj.At("metadata", "namespace").Text();

        public string Uid => obj.At("metadata", "uid").Text();

        public bool IsTerminating => obj.At("metadata", "deletionTimestamp") is not null;

        /// <summary>The object under <paramref name="key"/>; made and put there if it is missing or null.</summary>
        public JsonObject Object(string key)
        {
            if (obj[key] is JsonObject found)
                return found;
            var made = new JsonObject();
            obj[key] = made;
            return made;
        }

        /// <summary>The array under <paramref name="key"/>; made and put there if it is missing or null.</summary>
        public JsonArray Array(string key)
        {
            if (obj[key] is JsonArray found)
                return found;
            var made = new JsonArray();
            obj[key] = made;
            return made;
        }

        /// <summary>Takes empty maps and lists out of the metadata, its own and its template's, as Go's omitempty does when the object is written.</summary>
        public void OmitEmpty()
        {
            foreach (var metadata in (JsonNode?[])[obj["metadata"], obj.At("spec", "template", "metadata")])
            {
                foreach (var key in (string[])["labels", "annotations", "finalizers", "ownerReferences"])
                {
                    if (metadata is JsonObject holder && holder[key] is JsonObject { Count: 0 } or JsonArray { Count: 0 })
                        holder.Remove(key);
                }
            }
        }

        public JsonObject Clone() => (JsonObject)obj.DeepClone();

        /// <summary>Sets <paramref name="key"/> unless it has a value.</summary>
        public void Default(string key, JsonNode value)
        {
            if (obj[key] is null)
                obj[key] = value;
        }

        public string? Label(string key) => (obj.At("metadata", "labels") as JsonObject)?[key]?.Text();

        public string? Annotation(string key) => (obj.At("metadata", "annotations") as JsonObject)?[key]?.Text();

        /// <summary>The status condition of that type, or null.</summary>
        public JsonObject? Condition(string type) => obj.At("status", "conditions").Items().FirstOrDefault(c => c["type"].Text() == type);
    }

    extension(JsonNode? node)
    {
        /// <summary>The node under a path of keys, or null where the path ends.</summary>
        public JsonNode? At(params ReadOnlySpan<string> path)
        {
            var at = node;
            foreach (var key in path)
                at = (at as JsonObject)?[key];
            return at;
        }

        /// <summary>The string, or "" if it is something else or missing.</summary>
        public string Text() => node is JsonValue value && value.TryGetValue(out string? text) ? text : "";

        /// <summary>The number, or <paramref name="missing"/>.</summary>
        public long Number(long missing = 0) => node is not JsonValue value ? missing
            : value.TryGetValue(out long number) ? number
            : value.TryGetValue(out int small) ? small
            : value.TryGetValue(out double real) && real == Math.Floor(real) ? (long)real
            : missing;

        /// <summary>True for an array or object with members.</summary>
        public bool IsFilled() => node is JsonArray { Count: > 0 } or JsonObject { Count: > 0 };

        public bool IsTrue() => node is JsonValue value && value.TryGetValue(out bool truth) && truth;

        /// <summary>The objects of an array; empty if it is none.</summary>
        public IEnumerable<JsonObject> Items() => node is JsonArray array ? array.OfType<JsonObject>() : [];

        /// <summary>The members of an object whose values are strings, such as labels.</summary>
        public IEnumerable<KeyValuePair<string, string>> Strings() =>
            node is JsonObject map ? map.Select(p => KeyValuePair.Create(p.Key, p.Value.Text())) : [];
    }

    /// <summary>metav1.Time: whole seconds, UTC.</summary>
    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>metav1.MicroTime: always six digits.</summary>
    public static string MicroTime(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);

    public static DateTimeOffset? ParseTime(string text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time) ? time : null;
}
