using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Telelaunch.Net;

namespace Telelaunch.Routing.Filter;

/// <summary>The table as a script for <c>nft -f</c>: what <see cref="CatchTable"/> makes, for a person to read.</summary>
public static class CatchScript
{
    public static string Write(CatchTableLayout layout)
    {
        ArgumentNullException.ThrowIfNull(layout);
        var script = new StringBuilder();
        script.Append(CultureInfo.InvariantCulture, $"table inet {CatchRules.Table} {{\n\tflags owner\n\n");
        IReadOnlyList<AddressRange> ranges = RangeSubtraction.Join(layout.Ranges);
        WriteSet(script, CatchRules.Ranges4, "ipv4_addr", ranges.Where(range => range.Network.AddressFamily == AddressFamily.InterNetwork));
        WriteSet(script, CatchRules.Ranges6, "ipv6_addr", ranges.Where(range => layout.Port6 is not null && range.Network.AddressFamily == AddressFamily.InterNetworkV6));
        ILookup<string, CatchRule> rules = CatchRules.Of(layout, byTarget: false).ToLookup(rule => rule.Chain);
        // A chain must be there before a rule leads to it.
        WriteChain(script, CatchRules.Caught, null, rules);
        WriteChain(script, CatchRules.Prerouting, "type filter hook prerouting priority mangle; policy accept;", rules);
        WriteChain(script, CatchRules.Output, "type filter hook output priority raw; policy accept;", rules);
        script.Length--;
        return script.Append("}\n").ToString();
    }

    private static void WriteSet(StringBuilder script, string name, string type, IEnumerable<AddressRange> ranges)
    {
        script.Append(CultureInfo.InvariantCulture, $"\tset {name} {{\n\t\ttype {type}\n\t\tflags interval\n");
        if (string.Join(",\n\t\t             ", ranges) is { Length: > 0 } elements)
            script.Append(CultureInfo.InvariantCulture, $"\t\telements = {{ {elements} }}\n");
        script.Append("\t}\n\n");
    }

    private static void WriteChain(StringBuilder script, string name, string? hook, ILookup<string, CatchRule> rules)
    {
        script.Append(CultureInfo.InvariantCulture, $"\tchain {name} {{\n");
        if (hook is not null)
            script.Append(CultureInfo.InvariantCulture, $"\t\t{hook}\n");
        foreach (CatchRule rule in rules[name])
            script.Append(CultureInfo.InvariantCulture, $"\t\t{rule.Text}\n");
        script.Append("\t}\n\n");
    }
}
