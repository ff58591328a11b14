using System.Globalization;
using System.Text;

namespace Telelaunch.Broker.Managed;

/// <summary>Text of an application's choosing, made fit for a terminal and a log.</summary>
internal static class PrintableText
{
    /// <summary>Decodes UTF-8 and writes as <c>\u{…}</c> what would act on a terminal or break a line: control and format characters (bidirectional overrides among them). What is no text at all becomes U+FFFD.</summary>
    /// <param name="most">Characters; what is beyond them is left out, and an ellipsis says so.</param>
    internal static string Of(ReadOnlySpan<byte> bytes, int most)
    {
        // Nearly all that is told: URLs, addresses and names.
        if (bytes.Length <= most && !bytes.ContainsAnyExceptInRange((byte)' ', (byte)'~'))
            return Encoding.ASCII.GetString(bytes);
        var text = new StringBuilder();
        while (!bytes.IsEmpty)
        {
            if (text.Length >= most)
                return text.Append('…').ToString();
            Rune.DecodeFromUtf8(bytes, out Rune rune, out int length);
            if (IsPlain(rune))
                text.Append(rune.ToString());
            else
                text.Append(CultureInfo.InvariantCulture, $"\\u{{{rune.Value:x}}}");
            bytes = bytes[length..];
        }

        return text.ToString();
    }

    private static bool IsPlain(Rune rune) => Rune.GetUnicodeCategory(rune) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned or UnicodeCategory.Surrogate);
}
