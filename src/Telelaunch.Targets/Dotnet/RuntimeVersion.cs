using System.Globalization;

namespace Telelaunch.Targets.Dotnet;

/// <summary>A runtime's version: <c>10.0.12</c>, <c>11.0.0-preview.3.25171.5</c>.</summary>
/// <param name="Prerelease">What follows the first hyphen; empty for a release.</param>
public readonly record struct RuntimeVersion(int Major, int Minor, int Patch, string Prerelease) : IComparable<RuntimeVersion>
{
    public bool IsRelease => Prerelease.Length == 0;

    public static bool TryParse(string? text, out RuntimeVersion version)
    {
        version = default;
        if (text is null) return false;
        text = text.Split('+')[0];
        var hyphen = text.IndexOf('-', StringComparison.Ordinal);
        var numbers = (hyphen < 0 ? text : text[..hyphen]).Split('.');
        Span<int> parts = stackalloc int[3];
        if (numbers.Length != 3) return false;
        for (var i = 0; i < 3; i++)
        {
            if (!int.TryParse(numbers[i], NumberStyles.None, CultureInfo.InvariantCulture, out parts[i])) return false;
        }
        version = new(parts[0], parts[1], parts[2], hyphen < 0 ? "" : text[(hyphen + 1)..]);
        return true;
    }

    /// <summary>By precedence: Semantic Versioning 2.0.0, §11.</summary>
    public int CompareTo(RuntimeVersion other)
    {
        var numbers = (Major, Minor, Patch).CompareTo((other.Major, other.Minor, other.Patch));
        if (numbers != 0) return numbers;
        if (IsRelease || other.IsRelease) return IsRelease.CompareTo(other.IsRelease);
        string[] ours = Prerelease.Split('.'), theirs = other.Prerelease.Split('.');
        for (var i = 0; i < Math.Min(ours.Length, theirs.Length); i++)
        {
            var areNumbers = (long.TryParse(ours[i], NumberStyles.None, CultureInfo.InvariantCulture, out var our), long.TryParse(theirs[i], NumberStyles.None, CultureInfo.InvariantCulture, out var their));
            var order = areNumbers switch
            {
                (true, true) => our.CompareTo(their),
                (true, false) => -1,
                (false, true) => 1,
                _ => string.CompareOrdinal(ours[i], theirs[i]),
            };
            if (order != 0) return order;
        }
        return ours.Length.CompareTo(theirs.Length);
    }

    public static bool operator <(RuntimeVersion left, RuntimeVersion right) => left.CompareTo(right) < 0;

    public static bool operator >(RuntimeVersion left, RuntimeVersion right) => left.CompareTo(right) > 0;

    public static bool operator <=(RuntimeVersion left, RuntimeVersion right) => left.CompareTo(right) <= 0;

    public static bool operator >=(RuntimeVersion left, RuntimeVersion right) => left.CompareTo(right) >= 0;

    public override string ToString() => $"{Major}.{Minor}.{Patch}{(IsRelease ? "" : "-" + Prerelease)}";
}
