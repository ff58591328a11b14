using System.Globalization;

namespace Telelaunch.Broker.Managed;

// request | START | DURATION | SCHEME | HOST | PORT | PATH | VERSION | STATUS | ERROR | REMOTE | LOOKUP | CONNECT | TLS | FRAME
// lookup, connect, tls | START | DURATION | NAME, ENDPOINT, HOST | ERROR | FRAME
// listen | URL     dropped | COUNT     ipv6-off     elsewhere | HOST | PORT | WENT

/// <summary>Reads the lines of a TRACE packet; native-shim/README.md says what they are.</summary>
internal static class TraceBatch
{
    private const int MaximumStatus = 999;

    /// <summary>All lines as records, or none: a packet with a line that isn't understood is refused as a whole.</summary>
    /// <param name="body">Lines, each ended by a line feed.</param>
    internal static bool TryRead(ReadOnlySpan<byte> body, ManagedProcess process, DateTimeOffset now, out List<BrokerRecord> records)
    {
        records = [];
        while (!body.IsEmpty)
        {
            int end = body.IndexOf((byte)'\n');
            if (end < 0 || Read(new TraceFields(body[..end]), process, now) is not { } record)
                return false;
            records.Add(record);
            body = body[(end + 1)..];
        }

        return records.Count > 0;
    }

    private static BrokerRecord? Read(TraceFields line, ManagedProcess process, DateTimeOffset now) => (line.Kind, line.Count) switch
    {
        ("request", 15) => Request(line, process),
        ("lookup", 6) => Phase(line, PhaseKind.Lookup, process),
        ("connect", 6) => Phase(line, PhaseKind.Connect, process),
        ("tls", 6) => Phase(line, PhaseKind.Handshake, process),
        ("listen", 2) => new KestrelRecord(now, process, line.Text(1)),
        ("dropped", 2) => line.TryNumber(1, long.MaxValue, out long? count) && count is { } known ? new DroppedRecord(now, process, known) : null,
        ("ipv6-off", 1) => new DetourRecord(now, process, DetourKind.IPv6Off, "", ""),
        ("elsewhere", 4) => line.TryNumber(2, ushort.MaxValue, out _) ? new DetourRecord(now, process, DetourKind.Elsewhere, line.Text(1), line.Text(3)) : null,
        _ => null,
    };

    private static RequestRecord? Request(TraceFields line, ManagedProcess process)
    {
        if (!line.TryTime(1, out DateTimeOffset time) || !line.TryDuration(2, out TimeSpan? duration)
            || !line.TryNumber(5, ushort.MaxValue, out long? port) || !line.TryNumber(8, MaximumStatus, out long? status)
            || !line.TryDuration(11, out TimeSpan? lookup) || !line.TryDuration(12, out TimeSpan? connect) || !line.TryDuration(13, out TimeSpan? handshake))
            return null;
        string uri = string.Create(CultureInfo.InvariantCulture, $"{line.Text(3)}://{line.Text(4)}:{port}{line.Text(6)}");
        var phases = new ConnectionPhases(lookup, connect, handshake);
        return new RequestRecord(time, process, duration, uri, line.Text(7), (int)(status ?? -1), line.Text(9), line.Text(10), phases, line.Text(14));
    }

    private static PhaseRecord? Phase(TraceFields line, PhaseKind kind, ManagedProcess process) =>
        line.TryTime(1, out DateTimeOffset time) && line.TryDuration(2, out TimeSpan? duration)
            ? new PhaseRecord(time, process, kind, duration, line.Text(3), line.Text(4), line.Text(5))
            : null;
}
