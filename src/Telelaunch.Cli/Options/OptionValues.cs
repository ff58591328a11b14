using System.Globalization;
using System.Text.RegularExpressions;
using Telelaunch.Cli.Output;
using Telelaunch.Net;

namespace Telelaunch.Cli.Options;

/// <summary>Reads single option values; each failure says what was wrong with the value and what a right one looks like.</summary>
internal static partial class OptionValues
{
    /// <summary>A duration as kubectl and Go write it: <c>90s</c>, <c>2m</c>, <c>1m30s</c>, <c>1h</c>.</summary>
    public static TimeSpan Duration(string option, string text)
    {
        var match = DurationPattern().Match(text);
        if (!match.Success || text.Length == 0) throw Invalid(option, text, "is no duration", "Write it as 90s, 2m or 1m30s.");
        var duration = TimeSpan.FromHours(Part("h")) + TimeSpan.FromMinutes(Part("m")) + TimeSpan.FromSeconds(Part("s"));
        return duration > TimeSpan.Zero ? duration : throw Invalid(option, text, "is no time at all", "Write it as 90s, 2m or 1m30s.");

        double Part(string name) => match.Groups[name] is { Success: true } group ? double.Parse(group.ValueSpan, NumberStyles.Float, CultureInfo.InvariantCulture) : 0;
    }

    /// <summary>One of a few words.</summary>
    public static T Word<T>(string option, string? text, T absent, params (string Word, T Value)[] words)
    {
        if (text is null) return absent;
        foreach (var (word, value) in words)
        {
            if (word == text) return value;
        }
        throw Invalid(option, text, "is not one of its values", $"Write one of: {string.Join(", ", words.Select(entry => entry.Word))}.");
    }

    /// <summary>A whole number between two others, both allowed.</summary>
    public static int Number(string option, string? text, int absent, int least, int most)
    {
        if (text is null) return absent;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number
            : throw Invalid(option, text, "is not one of its values", $"Write a number from {least} to {most}.");
    }

    public static AddressRange Range(string option, string text) => AddressRange.TryParse(text, out var range)
        ? range
        : throw Invalid(option, text, "is neither an address nor a range", "Write an address (10.96.0.10) or a CIDR range (10.96.0.0/12, fd00:10:96::/108).");

    /// <summary>A host name, without a trailing dot. A text of digits and dots alone is a slip in an address.</summary>
    public static string HostName(string option, string text) => HostNamePattern().IsMatch(text) && !text.All(character => char.IsAsciiDigit(character) || character == '.')
        ? text.TrimEnd('.').ToLowerInvariant()
        : throw Invalid(option, text, "is neither a host name, nor an address, nor a range", "Write db.example.com, 10.1.2.3 or 10.1.0.0/16.");

    /// <summary>A namespace's name: an RFC 1123 label.</summary>
    public static string? Namespace(string option, string? text) => text is null || LabelPattern().IsMatch(text)
        ? text
        : throw Invalid(option, text, "is no namespace: lower-case letters, digits and '-', at most 63",
            "-n is the namespace, as with kubectl. Telepresence 1 used -n for --new-deployment; write that out.");

    public static CommandLineException Invalid(string option, string text, string fault, string remedy) =>
        new("option-value-invalid", $"{option}: '{text}' {fault}.", remedy);

    [GeneratedRegex(@"^(?:(?<h>\d+(?:\.\d+)?)h)?(?:(?<m>\d+(?:\.\d+)?)m)?(?:(?<s>\d+(?:\.\d+)?)s)?$", RegexOptions.CultureInvariant)]
    private static partial Regex DurationPattern();

    [GeneratedRegex(@"^(?=.{1,254}$)[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*\.?$", RegexOptions.CultureInvariant)]
    private static partial Regex HostNamePattern();

    [GeneratedRegex(@"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$", RegexOptions.CultureInvariant)]
    private static partial Regex LabelPattern();
}
