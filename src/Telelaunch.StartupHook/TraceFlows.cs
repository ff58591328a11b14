using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Sockets;
using System.Threading;

namespace Telelaunch.StartupHook;

/// <summary>Puts events together to requests, and to lookups, connects and handshakes without one.</summary>
internal sealed class TraceFlows
{
    private const int MaximumConnections = 4096;

    private readonly AsyncLocal<HttpRequestRecord?> _request = new();
    private readonly AsyncLocal<PhaseRecord?> _lookup = new();
    private readonly AsyncLocal<PhaseRecord?> _connect = new();
    private readonly AsyncLocal<PhaseRecord?> _handshake = new();
    private readonly ConcurrentDictionary<long, HttpConnectionTrace> _connections = new();

    internal TraceSender? Sender { get; set; }

    internal void BeginRequest(HttpRequestRecord request)
    {
        request.Outer = _request.Value;
        _request.Value = request;
    }

    internal void UseConnection(long id)
    {
        if (_request.Value is not { } request)
            return;
        if (id >= 0 && _connections.TryGetValue(id, out HttpConnectionTrace? connection))
            request.Used = connection;
        // Before .NET 8 connections have no numbers.
        else
            request.Used = request.Opening;
        request.IsFirst = !request.Used.IsUsed;
        request.Used.IsUsed = true;
        if (request.IsFirst && !request.IsRedirected && request.Used.Elsewhere is { } went)
            Sender?.Add(new PlainRecord("elsewhere", request.Host, request.Port.ToString(CultureInfo.InvariantCulture), went));
    }

    internal void Redirect()
    {
        if (_request.Value is { } request)
            request.IsRedirected = true;
    }

    internal void Establish(long id, string version, string host, int port)
    {
        if (_request.Value is not { } request)
            return;
        HttpConnectionTrace connection = request.Opening;
        // A second connection on one request's behalf has phases of its own.
        request.Opening = new HttpConnectionTrace();
        (connection.Version, connection.Host, connection.Port) = (version, host, port);
        if (id >= 0 && _connections.Count < MaximumConnections)
            _connections[id] = connection;
    }

    internal void Close(long id) => _connections.TryRemove(id, out _);

    internal void FailRequest(string error)
    {
        if (_request.Value is { } request)
            request.Error = error;
    }

    internal void EndRequest(int status)
    {
        if (_request.Value is not { } request)
            return;
        // A request that was sent synchronously leaves its caller's context as it was.
        _request.Value = request.Outer;
        request.End(status);
        Sender?.Add(request);
    }

    internal void BeginLookup(string name)
    {
        if (_request.Value is { } request)
        {
            request.Opening.LookedUp = name;
            request.Opening.Stamp = Moment.Stamp();
            return;
        }

        _lookup.Value = new PhaseRecord("lookup", name, UserFrame.Find());
    }

    internal void FailLookup()
    {
        if (_request.Value is null && _lookup.Value is { HasEnded: false } lookup)
            lookup.Error = "failed";
    }

    internal void EndLookup()
    {
        if (_request.Value is { } request)
            request.Opening.Lookup = Moment.Since(request.Opening.Stamp);
        else
            End(_lookup.Value);
    }

    internal void BeginConnect(string endPoint)
    {
        if (_request.Value is { } request)
        {
            request.Opening.Remote = endPoint;
            request.Opening.Stamp = Moment.Stamp();
        }
        else if (endPoint.Length > 0)
        {
            // After a lookup it goes on, on a thread of the pool: who asked for the lookup asked for this.
            _connect.Value = new PhaseRecord("connect", endPoint, UserFrame.Find() ?? _lookup.Value?.Frame);
        }
    }

    internal void FailConnect(int error)
    {
        if (_request.Value is null && _connect.Value is { HasEnded: false } connect)
            connect.Error = ((SocketError)error).ToString();
    }

    internal void EndConnect()
    {
        if (_request.Value is { } request)
            request.Opening.Connect = Moment.Since(request.Opening.Stamp);
        else
            End(_connect.Value);
    }

    internal void BeginHandshake(string host, bool isServer)
    {
        if (_request.Value is { } request)
            request.Opening.Stamp = Moment.Stamp();
        else if (!isServer)
            _handshake.Value = new PhaseRecord("tls", host, UserFrame.Find() ?? _connect.Value?.Frame ?? _lookup.Value?.Frame);
    }

    internal void FailHandshake(string error)
    {
        if (_request.Value is null && _handshake.Value is { HasEnded: false } handshake)
            handshake.Error = error.Length > 0 ? error : "failed";
    }

    internal void EndHandshake()
    {
        if (_request.Value is { } request)
            request.Opening.Handshake = Moment.Since(request.Opening.Stamp);
        else
            End(_handshake.Value);
    }

    private void End(PhaseRecord? phase)
    {
        if (phase is null or { HasEnded: true })
            return;
        phase.End();
        Sender?.Add(phase);
    }
}
