using System.Text;

namespace Telelaunch.StartupHook;

// listen | URL
// ipv6-off
// elsewhere | HOST | PORT | WENT

/// <summary>Something that is told once, with its fields as they are.</summary>
internal sealed class PlainRecord(string kind, params string[] fields) : TraceRecord
{
    internal override void Write(StringBuilder line)
    {
        line.Append(kind);
        foreach (string field in fields)
            Field(line, field);
        line.Append('\n');
    }
}
