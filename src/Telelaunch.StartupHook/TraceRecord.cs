using System.Globalization;
using System.Text;

namespace Telelaunch.StartupHook;

/// <summary>Something to tell the broker: one line of a TRACE packet, see native-shim/README.md.</summary>
/// <remarks>Written on the sender's thread, so that the application's own does no more than to note what happened.</remarks>
internal abstract class TraceRecord
{
    private const int MaximumFieldLength = 512;
    private const char Nothing = '-';

    /// <summary>Appends the line, its end included.</summary>
    internal abstract void Write(StringBuilder line);

    /// <summary>Appends a field and what parts it from the one before.</summary>
    protected static void Field(StringBuilder line, string? text)
    {
        line.Append('\t');
        if (string.IsNullOrEmpty(text))
        {
            line.Append(Nothing);
            return;
        }

        int length = text!.Length < MaximumFieldLength ? text.Length : MaximumFieldLength;
        for (int i = 0; i < length; i++)
            line.Append(char.IsControl(text[i]) || char.IsSurrogate(text[i]) && !IsPaired(text, i, length) ? '?' : text[i]);
    }

    /// <param name="number">Less than zero: it isn't known.</param>
    protected static void Field(StringBuilder line, long number) => Field(line, number < 0 ? null : number.ToString(CultureInfo.InvariantCulture));

    private static bool IsPaired(string text, int at, int length) => char.IsHighSurrogate(text[at])
        ? at + 1 < length && char.IsLowSurrogate(text[at + 1])
        : at > 0 && char.IsHighSurrogate(text[at - 1]);
}
