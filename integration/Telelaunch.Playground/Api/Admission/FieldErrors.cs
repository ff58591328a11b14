using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Api.Admission;

/// <summary>Collects what is wrong with an object, and refuses it with one 422 that lists everything.</summary>
public sealed partial class FieldErrors
{
    private const string LabelText = "must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character "
        + "(e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

    private const string SubdomainText = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric "
        + "character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

    private readonly List<(string Reason, string Field, string Text)> _errors = [];

    public void Required(string field, string why = "") => _errors.Add(("FieldValueRequired", field, "Required value" + (why.Length > 0 ? $": {why}" : "")));

    public void Invalid(string field, JsonNode? value, string why) => _errors.Add(("FieldValueInvalid", field, $"Invalid value: {Show(value)}: {why}"));

    public void Forbidden(string field, string why) => _errors.Add(("FieldValueForbidden", field, $"Forbidden: {why}"));

    public void Duplicate(string field, string value) => _errors.Add(("FieldValueDuplicate", field, $"Duplicate value: \"{value}\""));

    public void NotFound(string field, string value) => _errors.Add(("FieldValueNotFound", field, $"Not found: \"{value}\""));

    public void TooLong(string field, string why) => _errors.Add(("FieldValueTooLong", field, $"Too long: {why}"));

    public void Unsupported(string field, string value, params string[] supported) =>
        _errors.Add(("FieldValueNotSupported", field, $"Unsupported value: \"{value}\": supported values: {string.Join(", ", supported.Select(s => $"\"{s}\""))}"));

    /// <summary>RFC 1123 label, at most 63 characters.</summary>
    public void CheckLabel(string field, string name)
    {
        if (name.Length > 63)
            Invalid(field, name, "must be no more than 63 characters");
        if (!Label().IsMatch(name))
            Invalid(field, name, $"a lowercase RFC 1123 label {LabelText}");
    }

    /// <summary>RFC 1123 subdomain, at most 253 characters.</summary>
    public void CheckSubdomain(string field, string name)
    {
        if (name.Length > 253)
            Invalid(field, name, "must be no more than 253 characters");
        if (!Subdomain().IsMatch(name))
            Invalid(field, name, SubdomainText);
    }

    /// <exception cref="StatusException">422, if anything was found.</exception>
    public void ThrowIfAny(ResourceKind kind, string name) => ThrowIfAny(kind.Group, kind.Kind, name);

    public void ThrowIfAny(string group, string kind, string name)
    {
        if (_errors.Count == 0)
            return;
        var texts = _errors.Select(e => $"{e.Field}: {e.Text}").Distinct().ToList();
        var details = new JsonObject();
        if (name.Length > 0)
            details["name"] = name;
        if (group.Length > 0)
            details["group"] = group;
        details["kind"] = kind;
        details["causes"] = new JsonArray([.. _errors.Select(e => new JsonObject { ["reason"] = e.Reason, ["message"] = e.Text, ["field"] = e.Field })]);
        var type = group.Length > 0 ? $"{kind}.{group}" : kind;
        throw new StatusException(422, "Invalid", $"{type} \"{name}\" is invalid: {(texts.Count == 1 ? texts[0] : $"[{string.Join(", ", texts)}]")}", details);
    }

    private static string Show(JsonNode? value) => value is null ? "null" : JsonText.Compact(value);

    [GeneratedRegex("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]
    internal static partial Regex Label();

    [GeneratedRegex("^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")]
    internal static partial Regex Subdomain();
}
