using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Telelaunch.Playground.Store;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Telelaunch.Playground.Api;

/// <summary>Reads bodies: JSON, YAML, or the protobuf that kubectl sends; at most 3 MiB.</summary>
public static partial class RequestBody
{
    private const int Limit = 3145728;
    private const string ProtobufType = "application/vnd.kubernetes.protobuf";

    public static async Task<string> ReadTextAsync(HttpRequest request, CancellationToken cancellation) =>
        Encoding.UTF8.GetString(await ReadBytesAsync(request, cancellation));

    private static async Task<byte[]> ReadBytesAsync(HttpRequest request, CancellationToken cancellation)
    {
        using var buffer = new MemoryStream();
        var block = new byte[64 * 1024];
        int count;
        while ((count = await request.Body.ReadAsync(block, cancellation)) > 0)
        {
            buffer.Write(block, 0, count);
            if (buffer.Length >= Limit)
                throw new StatusException(413, "RequestEntityTooLarge", $"Request entity too large: limit is {Limit}");
        }
        return buffer.ToArray();
    }

    /// <summary>Reads an object of one kind.</summary>
    /// <exception cref="StatusException">400 or 415, in the words of the real server.</exception>
    public static async Task<JsonObject> ReadObjectAsync(HttpRequest request, string apiVersion, string kind, CancellationToken cancellation)
    {
        var type = MediaType(request);
        if (type == ProtobufType && Protobuf.Read(await ReadBytesAsync(request, cancellation)) is { } decoded)
        {
            CheckType(decoded, apiVersion, kind);
            return decoded;
        }
        if (type is not ("" or "application/json" or "application/yaml"))
        {
            throw new StatusException(415, "UnsupportedMediaType", "the body of the request was in an unknown format - accepted media types include: "
                + "application/json, application/yaml, application/vnd.kubernetes.protobuf");
        }
        var text = await ReadTextAsync(request, cancellation);
        var problems = new List<string>();
        if (Parse(text, type, problems, out var why) is not JsonObject obj)
        {
            throw StatusException.BadRequest($"the object provided is unrecognized (must be of type {kind}): couldn't get version/kind; json parse error: {why} "
                + $"({(text.Length == 0 ? "<empty>" : text)})");
        }
        CheckType(obj, apiVersion, kind);
        FieldValidation.Apply(request, problems, apiVersion, kind);
        return obj;
    }

    /// <summary>Reads DeleteOptions and the like: an object, or nothing.</summary>
    public static async Task<JsonObject?> ReadOptionalAsync(HttpRequest request, CancellationToken cancellation)
    {
        var bytes = await ReadBytesAsync(request, cancellation);
        if (bytes.Length == 0)
            return null;
        if (MediaType(request) == ProtobufType)
            return Protobuf.Read(bytes) ?? throw StatusException.BadRequest("couldn't get version/kind; the protobuf message is not known");
        var text = Encoding.UTF8.GetString(bytes);
        return Parse(text, MediaType(request), out var why) as JsonObject ?? throw StatusException.BadRequest($"couldn't get version/kind; json parse error: {why}");
    }

    public static string MediaType(HttpRequest request) => (request.ContentType ?? "").Split(';')[0].Trim().ToLowerInvariant();

    /// <summary>JSON, or YAML of one document. Null if it is neither; <paramref name="why"/> then says what is wrong.</summary>
    public static JsonNode? Parse(string text, string mediaType, out string why) => Parse(text, mediaType, [], out why);

    private static JsonNode? Parse(string text, string mediaType, List<string> problems, out string why)
    {
        why = "unexpected end of JSON input";
        try
        {
            if (!mediaType.EndsWith("yaml", StringComparison.Ordinal))
                return text.Length == 0 ? null : FieldValidation.Read(text, problems);
            return Documents(text).FirstOrDefault();
        }
        catch (JsonException e)
        {
            if (!e.Message.Contains("end of data", StringComparison.Ordinal) && !e.Message.Contains("but instead reached end", StringComparison.Ordinal))
                why = "invalid character looking for beginning of value";
        }
        catch (YamlException e)
        {
            why = e.Message;
        }
        return null;
    }

    /// <summary>Every document of a YAML stream as JSON.</summary>
    public static IEnumerable<JsonNode?> Documents(string text)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(text));
        return [.. stream.Documents.Select(d => Convert(d.RootNode))];
    }

    private static void CheckType(JsonObject obj, string apiVersion, string kind)
    {
        var (version, found) = (obj["apiVersion"].Text(), obj["kind"].Text());
        if (found.Length > 0 && (found != kind || (version.Length > 0 && version != apiVersion)))
        {
            var slash = version.LastIndexOf('/');
            throw StatusException.BadRequest($"{found} in version \"{version[(slash + 1)..]}\" cannot be handled as a {kind}: "
                + $"converting ({version}.{found}) to (core.{kind}): unknown conversion");
        }
        foreach (var (path, type) in ((string[], string)[])[(["spec", "containers"], "[]v1.Container"), (["spec", "template", "spec", "containers"], "[]v1.Container")])
        {
            if (obj.At(path) is JsonValue wrong)
            {
                throw StatusException.BadRequest($"{kind} in version \"{apiVersion[(apiVersion.LastIndexOf('/') + 1)..]}\" cannot be handled as a {kind}: json: cannot unmarshal "
                    + $"{wrong.GetValueKind().ToString().ToLowerInvariant()} into Go struct field PodSpec.{string.Join('.', path)} of type {type}");
            }
        }
        if (obj["metadata"] is not (null or JsonObject) || obj["spec"] is not (null or JsonObject))
            throw StatusException.BadRequest($"{kind} in version \"{apiVersion}\" cannot be handled as a {kind}: json: cannot unmarshal into Go struct");
    }

    private static JsonNode? Convert(YamlNode node)
    {
        switch (node)
        {
            case YamlMappingNode map:
                var obj = new JsonObject();
                foreach (var (key, value) in map.Children)
                    obj[((YamlScalarNode)key).Value ?? ""] = Convert(value);
                return obj;
            case YamlSequenceNode list:
                return new JsonArray([.. list.Children.Select(Convert)]);
            case YamlScalarNode { Style: ScalarStyle.Plain } plain:
                return Plain(plain.Value ?? "");
            default:
                return ((YamlScalarNode)node).Value;
        }
    }

    // YAML 1.2 core schema.
    private static JsonNode? Plain(string text) => text switch
    {
        "" or "~" or "null" or "Null" or "NULL" => null,
        "true" or "True" or "TRUE" => true,
        "false" or "False" or "FALSE" => false,
        _ when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) => whole,
        _ when Float().IsMatch(text) => double.Parse(text, CultureInfo.InvariantCulture),
        _ => text,
    };

    [GeneratedRegex(@"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$")]
    private static partial Regex Float();
}
