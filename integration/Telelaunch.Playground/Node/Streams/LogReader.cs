using System.Globalization;
using Telelaunch.Playground.Node.Containers;
using Telelaunch.Playground.Store;

namespace Telelaunch.Playground.Node.Streams;

/// <summary>What the query of a log request asks for.</summary>
internal sealed record LogRequest(bool Follow, bool Timestamps)
{
    public long? TailLines { get; init; }

    public long? LimitBytes { get; init; }

    public DateTimeOffset? Since { get; init; }

    public static LogRequest Of(IQueryCollection query, DateTimeOffset now) => new(Is(query, "follow"), Is(query, "timestamps"))
    {
        TailLines = Number(query, "tailLines"),
        LimitBytes = Number(query, "limitBytes"),
        Since = Number(query, "sinceSeconds") is { } seconds ? now.AddSeconds(-seconds) : ObjectJson.ParseTime(query["sinceTime"].ToString()),
    };

    public static bool Is(IQueryCollection query, string name) => query[name].ToString() is "true" or "1";

    private static long? Number(IQueryCollection query, string name) => long.TryParse(query[name], CultureInfo.InvariantCulture, out var number) ? number : null;
}

/// <summary>Reads a container's log file as the kubelet does: stdout and stderr in one, lines without their heads.</summary>
internal sealed class LogReader(ContainerLog log, LogRequest request)
{
    private readonly List<byte> _rest = [];
    private long _left = request.LimitBytes ?? long.MaxValue;
    private bool _continues;

    /// <summary>Writes until the end, or, followed, until the container's end.</summary>
    public async Task CopyAsync(Stream target, CancellationToken cancellation)
    {
        if (!File.Exists(log.File))
            return;
        await using var file = new FileStream(log.File, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var grown = log.Grown;
        var complete = log.IsComplete;
        var lines = await ReadLinesAsync(file, cancellation);
        var first = request.TailLines is { } tail ? Math.Max(0, lines.Count - (int)Math.Min(tail, int.MaxValue)) : 0;
        await WriteAsync(target, lines.Skip(first), cancellation);
        while (request.Follow && !complete && _left > 0)
        {
            await grown.WaitAsync(cancellation);
            grown = log.Grown;
            complete = log.IsComplete;
            await WriteAsync(target, await ReadLinesAsync(file, cancellation), cancellation);
        }
    }

    private async Task<List<byte[]>> ReadLinesAsync(FileStream file, CancellationToken cancellation)
    {
        var buffer = new byte[64 * 1024];
        var lines = new List<byte[]>();
        while (await file.ReadAsync(buffer, cancellation) is > 0 and var length)
        {
            _rest.AddRange(buffer.AsSpan(0, length));
            var start = 0;
            for (int end; (end = _rest.IndexOf((byte)'\n', start)) >= 0; start = end + 1)
                lines.Add([.. _rest.Skip(start).Take(end - start)]);
            _rest.RemoveRange(0, start);
        }
        return lines;
    }

    private async Task WriteAsync(Stream target, IEnumerable<byte[]> lines, CancellationToken cancellation)
    {
        using var text = new MemoryStream();
        foreach (var line in lines)
            Append(text, line);
        var length = (int)Math.Min(text.Length, _left);
        if (length == 0)
            return;
        _left -= length;
        await target.WriteAsync(text.GetBuffer().AsMemory(0, length), cancellation);
        await target.FlushAsync(cancellation);
    }

    // TIME stdout F text
    private void Append(MemoryStream text, byte[] line)
    {
        var stamp = Array.IndexOf(line, (byte)' ');
        var tag = Array.IndexOf(line, (byte)' ', stamp + 1) + 1;
        if (stamp < 0 || tag + 2 > line.Length)
            return;
        var time = System.Text.Encoding.ASCII.GetString(line, 0, stamp);
        if (request.Since is { } since && DateTimeOffset.Parse(time, CultureInfo.InvariantCulture) < since)
            return;
        if (request.Timestamps && !_continues)
            text.Write(line, 0, stamp + 1);
        text.Write(line, tag + 2, line.Length - tag - 2);
        _continues = line[tag] == 'P';
        if (!_continues)
            text.WriteByte((byte)'\n');
    }
}
