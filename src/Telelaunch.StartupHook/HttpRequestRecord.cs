using System.Text;
using System.Threading;

namespace Telelaunch.StartupHook;

// request | START | DURATION | SCHEME | HOST | PORT | PATH | VERSION | STATUS | ERROR | REMOTE | DNS | CONNECT | TLS | FRAME

/// <summary>One request of HttpClient. Never holds a query, a header or a body.</summary>
internal sealed class HttpRequestRecord : TraceRecord
{
    private readonly long _stamp = Moment.Stamp();
    private readonly long _start = Moment.Now();
    private readonly string _scheme;
    private readonly string _pathAndQuery;
    private readonly string? _frame;
    private long _duration = -1;
    private int _status = -1;
    private HttpConnectionTrace? _opening;

    internal HttpRequestRecord(string scheme, string host, int port, string pathAndQuery, string? frame)
    {
        _scheme = scheme;
        Host = host;
        Port = port;
        _pathAndQuery = pathAndQuery;
        _frame = frame;
    }

    internal string Host { get; }

    internal int Port { get; }

    /// <summary>The request under which this one was begun: a handler of the application's that asks for a token.</summary>
    internal HttpRequestRecord? Outer { get; set; }

    internal string? Error { get; set; }

    /// <summary>It has gone to another host since: <see cref="Host"/> isn't its connection's any more.</summary>
    internal bool IsRedirected { get; set; }

    /// <summary>The connection that is opened on this request's behalf, though another may use it first.</summary>
    internal HttpConnectionTrace Opening
    {
        // Most requests find a connection that is there.
        get => Volatile.Read(ref _opening) ?? Interlocked.CompareExchange(ref _opening, new(), null) ?? _opening!;
        set => Volatile.Write(ref _opening, value);
    }

    /// <summary>The connection that it was sent over.</summary>
    internal HttpConnectionTrace? Used { get; set; }

    /// <summary>Whether it is the first over its connection: then the connection's phases are part of it.</summary>
    internal bool IsFirst { get; set; }

    internal void End(int status)
    {
        _duration = Moment.Since(_stamp);
        _status = status;
    }

    internal override void Write(StringBuilder line)
    {
        HttpConnectionTrace connection = Used ?? Opening;
        bool hasPhases = IsFirst || Used is null;
        line.Append("request");
        Field(line, _start);
        Field(line, _duration);
        Field(line, _scheme);
        Field(line, Host);
        Field(line, Port);
        Field(line, Path());
        Field(line, Used?.Version);
        Field(line, _status);
        Field(line, _status >= 0 ? null : Error);
        Field(line, connection.Remote);
        Field(line, hasPhases ? connection.Lookup : -1);
        Field(line, hasPhases ? connection.Connect : -1);
        Field(line, hasPhases ? connection.Handshake : -1);
        Field(line, _frame);
        line.Append('\n');
    }

    private string Path()
    {
        int end = _pathAndQuery.IndexOfAny(s_pathEnds);
        return end < 0 ? _pathAndQuery : _pathAndQuery.Substring(0, end);
    }

    private static readonly char[] s_pathEnds = ['?', '#'];
}
