using System.Globalization;
using System.Text;

namespace Telelaunch.Broker.Managed;

/// <summary>One line of a TRACE packet, taken apart. "-" is a field that has nothing to tell.</summary>
internal readonly ref struct TraceFields
{
    private const int MaximumFields = 16;
    private const int MaximumTextLength = 512;

    // 9999-12-31, and a year, in microseconds: beyond them DateTimeOffset and a person can't follow.
    private const long LatestTime = 253_402_300_799_000_000;
    private const long LongestDuration = 31_536_000_000_000;

    private readonly ReadOnlySpan<byte> _line;
    private readonly Range[] _fields;

    internal TraceFields(ReadOnlySpan<byte> line)
    {
        _line = line;
        _fields = new Range[MaximumFields + 1];
        Count = 0;
        foreach (Range field in line.Split((byte)'\t'))
        {
            if (Count > MaximumFields)
                break;
            _fields[Count++] = field;
        }
    }

    /// <summary>The record's name among them.</summary>
    internal int Count { get; }

    internal string Kind => Encoding.ASCII.GetString(Raw(0));

    /// <summary>Fit for a terminal; empty for "-".</summary>
    internal string Text(int field) => Raw(field).SequenceEqual("-"u8) ? "" : PrintableText.Of(Raw(field), MaximumTextLength);

    /// <summary>Null for "-". False for what is no number of 0 to <paramref name="most"/>.</summary>
    internal bool TryNumber(int field, long most, out long? number)
    {
        number = null;
        if (Raw(field).SequenceEqual("-"u8))
            return true;
        if (!long.TryParse(Raw(field), NumberStyles.None, CultureInfo.InvariantCulture, out long read) || read > most)
            return false;
        number = read;
        return true;
    }

    /// <summary>Microseconds.</summary>
    internal bool TryDuration(int field, out TimeSpan? duration)
    {
        bool isRead = TryNumber(field, LongestDuration, out long? microseconds);
        duration = microseconds is { } known ? TimeSpan.FromMicroseconds(known) : null;
        return isRead;
    }

    /// <summary>Microseconds since 1970; it must be there.</summary>
    internal bool TryTime(int field, out DateTimeOffset time)
    {
        bool isRead = TryNumber(field, LatestTime, out long? microseconds) && microseconds is not null;
        time = DateTimeOffset.UnixEpoch.AddMicroseconds(microseconds ?? 0);
        return isRead;
    }

    private ReadOnlySpan<byte> Raw(int field) => _line[_fields[field]];
}
