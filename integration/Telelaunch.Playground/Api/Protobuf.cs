using System.Text;
using System.Text.Json.Nodes;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Api;

// "k8s\0", then runtime.Unknown { typeMeta = 1 { apiVersion = 1; kind = 2 }; raw = 2 }; raw is the object itself.
// Go writes zero values of fields that are no pointers, so "" and an empty message mean that nothing was given.

/// <summary>Reads objects in Kubernetes' protobuf encoding. A message or field that isn't known is refused, never dropped.</summary>
internal static class Protobuf
{
    private static readonly byte[] Magic = [(byte)'k', (byte)'8', (byte)'s', 0];

    /// <returns>Null if it can't be read.</returns>
    public static JsonObject? Read(ReadOnlySpan<byte> body)
    {
        if (!body.StartsWith(Magic))
            return null;
        try
        {
            var (version, kind) = ("", "");
            ReadOnlySpan<byte> raw = default;
            var envelope = new Reader(body[4..]);
            while (envelope.Next(out var number, out var value, out _))
            {
                if (number == 2)
                    raw = value;
                var type = new Reader(number == 1 ? value : default);
                while (type.Next(out var member, out var text, out _))
                    (version, kind) = member == 1 ? (Encoding.UTF8.GetString(text), kind) : (version, Encoding.UTF8.GetString(text));
            }
            var obj = Message(kind, raw);
            if (obj is null)
                return null;
            obj["apiVersion"] = version;
            obj["kind"] = kind;
            return obj;
        }
        catch (Exception e) when (e is IndexOutOfRangeException or ArgumentException)
        {
            return null;
        }
    }

    private static JsonObject? Message(string type, ReadOnlySpan<byte> bytes)
    {
        if (type == "Ignored")
            return [];
        if (ProtobufSchema.Fields(type) is not { } fields)
            return null;
        var made = new JsonObject();
        var reader = new Reader(bytes);
        while (reader.Next(out var number, out var value, out var varint))
        {
            if (!fields.TryGetValue(number, out var field))
            {
                if (value.Length > 0 || varint != 0)
                    return null;
                continue;
            }
            if (!TryAdd(made, field.Name, field.Type, value, varint))
                return null;
        }
        return made;
    }

    private static bool TryAdd(JsonObject obj, string name, string type, ReadOnlySpan<byte> value, ulong varint)
    {
        if (type[0] == '[')
        {
            if (!TryValue(type[1..^1], value, varint, out var item))
                return false;
            obj.Array(name).Add(item);
            return true;
        }
        if (type[0] == '{')
            return TryEntry(obj.Object(name), type[1..^1], value);
        if (!TryValue(type, value, varint, out var single))
            return false;
        var isGiven = single is not (null or JsonObject { Count: 0 }) && !(type == "s" && value.Length == 0) && !(type == "i" && varint == 0 && name is not ("replicas" or "gracePeriodSeconds"));
        if (isGiven)
            obj[name] = single;
        return true;
    }

    private static bool TryEntry(JsonObject map, string type, ReadOnlySpan<byte> entry)
    {
        var key = "";
        JsonNode? value = type == "s" || type == "b" ? "" : null;
        var reader = new Reader(entry);
        while (reader.Next(out var number, out var bytes, out var varint))
        {
            if (number == 1)
                key = Encoding.UTF8.GetString(bytes);
            else if (!TryValue(type, bytes, varint, out value))
                return false;
        }
        map[key] = value;
        return true;
    }

    private static bool TryValue(string type, ReadOnlySpan<byte> bytes, ulong varint, out JsonNode? value)
    {
        value = type switch
        {
            "s" => Encoding.UTF8.GetString(bytes),
            "b" => Convert.ToBase64String(bytes),
            "i" => (long)varint,
            "t" => varint != 0,
            "q" => Member(bytes, 1),
            "p" => IntOrString(bytes),
            "T" or "Ignored" => null,
            _ => Message(type, bytes),
        };
        return value is not null || type is "T" or "Ignored";
    }

    private static string Member(ReadOnlySpan<byte> message, int wanted)
    {
        var reader = new Reader(message);
        while (reader.Next(out var number, out var bytes, out _))
        {
            if (number == wanted)
                return Encoding.UTF8.GetString(bytes);
        }
        return "";
    }

    private static JsonNode? IntOrString(ReadOnlySpan<byte> message)
    {
        var (isText, whole) = (false, 0L);
        var reader = new Reader(message);
        while (reader.Next(out var number, out _, out var varint))
        {
            if (number == 1)
                isText = varint == 1;
            else if (number == 2)
                whole = (long)varint;
        }
        return isText ? Member(message, 3) : whole == 0 ? new JsonObject() : whole;
    }

    /// <summary>Walks through the fields of one message: varints and length-delimited values.</summary>
    private ref struct Reader(ReadOnlySpan<byte> bytes)
    {
        private ReadOnlySpan<byte> _rest = bytes;

        public bool Next(out int number, out ReadOnlySpan<byte> value, out ulong varint)
        {
            (number, varint) = (0, 0);
            value = default;
            if (_rest.Length == 0)
                return false;
            var tag = Varint();
            number = (int)(tag >> 3);
            switch (tag & 7)
            {
                case 0:
                    varint = Varint();
                    break;
                case 2:
                    var length = (int)Varint();
                    value = _rest[..length];
                    _rest = _rest[length..];
                    break;
                default:
                    throw new ArgumentException("fixed-width fields do not occur");
            }
            return true;
        }

        private ulong Varint()
        {
            var (result, shift) = (0UL, 0);
            while (true)
            {
                var part = _rest[0];
                _rest = _rest[1..];
                result |= (ulong)(part & 0x7F) << shift;
                if (part < 0x80)
                    return result;
                shift += 7;
            }
        }
    }
}
