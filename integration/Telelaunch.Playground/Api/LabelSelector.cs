using System.Text.Json.Nodes;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Api;

// Requirements, separated by commas, all of which must hold:
//   k = v   k == v   k != v   k in (a,b)   k notin (a,b)   k   !k   k > 1   k < 1

/// <summary>A label selector in its text form, or as <c>matchLabels</c> with <c>matchExpressions</c>.</summary>
/// <remarks>Source: Kubernetes documentation, "Labels and Selectors".</remarks>
public sealed class LabelSelector
{
    private readonly List<Requirement> _requirements = [];

    public bool IsEmpty => _requirements.Count == 0;

    public bool Matches(JsonObject obj) => MatchesLabels(obj.At("metadata", "labels"));

    public bool MatchesLabels(JsonNode? labels) => _requirements.All(r => r.Holds((labels as JsonObject)?[r.Key] is { } value ? value.Text() : null));

    /// <exception cref="StatusException">400: the text is no selector.</exception>
    public static LabelSelector Parse(string text)
    {
        var selector = new LabelSelector();
        var reader = new TokenReader(text);
        while (!reader.AtEnd)
        {
            selector._requirements.Add(Requirement.Read(reader));
            if (!reader.AtEnd)
                reader.Expect(",", "',' or 'end of string'");
        }
        return selector;
    }

    /// <summary>Reads <c>spec.selector</c> of a workload. A missing one matches nothing, an empty one everything.</summary>
    public static LabelSelector? OfObject(JsonNode? selector)
    {
        if (selector is null)
            return null;
        var made = new LabelSelector();
        foreach (var (key, value) in selector.At("matchLabels").Strings())
            made._requirements.Add(new(key, "in", [value]));
        foreach (var expression in selector.At("matchExpressions").Items())
        {
            var op = expression["operator"].Text() switch { "In" => "in", "NotIn" => "notin", "DoesNotExist" => "!", _ => "exists" };
            made._requirements.Add(new(expression["key"].Text(), op, [.. (expression["values"] as JsonArray ?? []).Select(v => v.Text())]));
        }
        return made;
    }

    /// <summary>Reads the plain map of a Service's <c>spec.selector</c>.</summary>
    public static LabelSelector OfMap(JsonNode? map)
    {
        var made = new LabelSelector();
        made._requirements.AddRange(map.Strings().Select(p => new Requirement(p.Key, "in", [p.Value])));
        return made;
    }

    public override string ToString() => string.Join(',', _requirements);

    private sealed record Requirement(string Key, string Operator, IReadOnlyList<string> Values)
    {
        public bool Holds(string? value) => Operator switch
        {
            "in" => value is not null && Values.Contains(value),
            "notin" => value is null || !Values.Contains(value),
            "!" => value is null,
            ">" => long.TryParse(value, out var n) && n > long.Parse(Values[0], null),
            "<" => long.TryParse(value, out var n) && n < long.Parse(Values[0], null),
            _ => value is not null,
        };

        public static Requirement Read(TokenReader reader)
        {
            if (reader.Accept("!"))
                return new(reader.Identifier(), "!", []);
            var key = reader.Identifier();
            if (reader.AtEnd || reader.Peek == ",")
                return new(key, "exists", []);
            var op = reader.Next();
            switch (op)
            {
                case "=" or "==" or "!=":
                    return new(key, op == "!=" ? "notin" : "in", [reader.Value()]);
                case ">" or "<":
                    return new(key, op, [reader.Identifier()]);
                case "in" or "notin":
                    reader.Expect("(", "'('");
                    var values = new List<string>();
                    do
                        values.Add(reader.Value());
                    while (reader.Accept(","));
                    reader.Expect(")", "',' or ')'");
                    return new(key, op, values);
                default:
                    throw TokenReader.Bad(op, "in, notin, =, ==, !=, gt, lt");
            }
        }

        public override string ToString() => Operator switch
        {
            "in" when Values.Count == 1 => $"{Key}={Values[0]}",
            "in" or "notin" => $"{Key} {Operator} ({string.Join(',', Values)})",
            "!" => $"!{Key}",
            "exists" => Key,
            _ => $"{Key}{Operator}{Values[0]}",
        };
    }

    private sealed class TokenReader(string text)
    {
        private const string Special = "=!(),<>";
        private int _at;

        public bool AtEnd => Peek.Length == 0;

        public string Peek
        {
            get
            {
                var before = _at;
                var token = Next();
                _at = before;
                return token;
            }
        }

        public string Next()
        {
            while (_at < text.Length && char.IsWhiteSpace(text[_at]))
                _at++;
            var start = _at;
            if (_at == text.Length)
                return "";
            if (!Special.Contains(text[_at]))
            {
                while (_at < text.Length && !Special.Contains(text[_at]) && !char.IsWhiteSpace(text[_at]))
                    _at++;
                return text[start.._at];
            }
            _at += text[_at] is '=' or '!' && _at + 1 < text.Length && text[_at + 1] == '=' ? 2 : 1;
            return text[start.._at];
        }

        public bool Accept(string token)
        {
            if (Peek != token)
                return false;
            Next();
            return true;
        }

        public void Expect(string token, string expected)
        {
            var found = Next();
            if (found != token)
                throw Bad(found, expected);
        }

        public string Identifier()
        {
            var token = Next();
            return token.Length > 0 && !Special.Contains(token[0]) ? token : throw Bad(token, "identifier");
        }

        /// <summary>A value may be empty: <c>a=,b=c</c>.</summary>
        public string Value() => AtEnd || Peek is "," or ")" ? "" : Identifier();

        public static StatusException Bad(string found, string expected) =>
            StatusException.BadRequest($"unable to parse requirement: found '{found}', expected: {expected}");
    }
}
