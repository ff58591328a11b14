using System.Globalization;
using System.Text;

namespace Telelaunch.Playground.Node.Containers;

// A line of the file, as containerd writes it:   2026-11-23T00:35:21.816539515Z stdout F text
// F ends a line, P is a part of one that was longer than the buffer.

/// <summary>Everything one run of a container printed: a file, and word of its growth.</summary>
internal sealed class ContainerLog(string file, TimeProvider time)
{
    private const int LineLimit = 16 * 1024;

    private readonly Lock _lock = new();
    private TaskCompletionSource _grown = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string File => file;

    /// <summary>True when nothing more will come.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>Completes at the next line, or at the end.</summary>
    public Task Grown
    {
        get
        {
            lock (_lock)
                return _grown.Task;
        }
    }

    /// <summary>Writes both streams down until they end.</summary>
    public async Task RecordAsync(Stream output, Stream error)
    {
        await using (var target = new FileStream(file, FileMode.Create, FileAccess.Write, FileShare.ReadWrite, 0))
            await Task.WhenAll(RecordAsync(output, "stdout", target), RecordAsync(error, "stderr", target));
        Signal(last: true);
    }

    private async Task RecordAsync(Stream source, string name, FileStream target)
    {
        var buffer = new byte[LineLimit];
        var filled = 0;
        while (true)
        {
            var read = await source.ReadAsync(buffer.AsMemory(filled), CancellationToken.None);
            filled += read;
            var start = 0;
            var now = time.GetUtcNow();
            using var lines = new MemoryStream();
            while (buffer.AsSpan(start, filled - start).IndexOf((byte)'\n') is >= 0 and var length)
            {
                Append(lines, now, name, 'F', buffer.AsSpan(start, length));
                start += length + 1;
            }
            if (start < filled && (read == 0 || (start == 0 && filled == buffer.Length)))
            {
                Append(lines, now, name, read == 0 ? 'F' : 'P', buffer.AsSpan(start, filled - start));
                start = filled;
            }
            buffer.AsSpan(start, filled - start).CopyTo(buffer);
            filled -= start;
            if (lines.Length > 0)
                Write(target, lines.ToArray());
            if (read == 0)
                return;
        }
    }

    private static void Append(MemoryStream lines, DateTimeOffset now, string name, char tag, ReadOnlySpan<byte> text)
    {
        var stamp = now.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'00Z'", CultureInfo.InvariantCulture);
        lines.Write(Encoding.ASCII.GetBytes($"{stamp} {name} {tag} "));
        lines.Write(text);
        lines.WriteByte((byte)'\n');
    }

    private void Write(FileStream target, byte[] lines)
    {
        lock (_lock)
            target.Write(lines);
        Signal(last: false);
    }

    private void Signal(bool last)
    {
        TaskCompletionSource grown;
        lock (_lock)
        {
            IsComplete |= last;
            grown = _grown;
            _grown = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        grown.SetResult();
    }
}
