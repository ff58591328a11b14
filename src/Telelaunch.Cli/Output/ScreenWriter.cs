using System.Globalization;
using System.Text;

namespace Telelaunch.Cli.Output;

/// <summary>A text writer for libraries that want one; passes on what it has at each end of a line and each flush.</summary>
internal sealed class ScreenWriter(Action<string> write) : TextWriter(CultureInfo.InvariantCulture)
{
    private readonly StringBuilder _line = new();

    public override Encoding Encoding => Encoding.UTF8;

    public override void Write(char value)
    {
        _line.Append(value);
        if (value == '\n') Flush();
    }

    public override void Flush()
    {
        if (_line.Length == 0) return;
        write(_line.ToString());
        _line.Clear();
    }

    protected override void Dispose(bool disposing)
    {
        Flush();
        base.Dispose(disposing);
    }
}
