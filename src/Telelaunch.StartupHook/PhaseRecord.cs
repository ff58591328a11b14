using System.Text;

namespace Telelaunch.StartupHook;

// lookup | START | DURATION | NAME | ERROR | FRAME
// connect | START | DURATION | ENDPOINT | ERROR | FRAME
// tls | START | DURATION | HOST | ERROR | FRAME

/// <summary>A lookup, a connect or a TLS handshake that no request of HttpClient asked for: a database driver's, say.</summary>
internal sealed class PhaseRecord : TraceRecord
{
    private readonly long _stamp = Moment.Stamp();
    private readonly long _start = Moment.Now();
    private readonly string _kind;
    private readonly string _what;
    private long _duration = -1;

    internal PhaseRecord(string kind, string what, string? frame)
    {
        _kind = kind;
        _what = what;
        Frame = frame;
    }

    internal string? Frame { get; }

    internal bool HasEnded => _duration >= 0;

    /// <summary>The error, or null.</summary>
    internal string? Error { get; set; }

    internal void End() => _duration = Moment.Since(_stamp);

    internal override void Write(StringBuilder line)
    {
        line.Append(_kind);
        Field(line, _start);
        Field(line, _duration);
        Field(line, _what);
        Field(line, Error);
        Field(line, Frame);
        line.Append('\n');
    }
}
