using System.Globalization;
using System.Net;

namespace Telelaunch.EndToEnd;

/// <summary>Where a process of this machine can be reached over IP: its listening TCP and its bound UDP sockets.</summary>
internal static class ListeningSockets
{
    private const string Listen = "0A";

    // A UDP socket without a peer is in the state that TCP calls CLOSE.
    private const string Unconnected = "07";

    /// <summary>"tcp/127.0.0.1/PORT", "udp/…", from /proc/PID/fd and /proc/PID/net (proc(5)).</summary>
    public static IReadOnlyList<string> Of(int process)
    {
        var inodes = Directory.EnumerateFileSystemEntries($"/proc/{process}/fd").Select(fd => new FileInfo(fd).LinkTarget ?? "")
            .Where(target => target.StartsWith("socket:[", StringComparison.Ordinal)).Select(target => target[8..^1]).ToHashSet();
        return [.. from table in (string[])["tcp", "tcp6", "udp", "udp6"]
                   let path = $"/proc/{process}/net/{table}"
                   where File.Exists(path)
                   from line in File.ReadLines(path).Skip(1)
                   // "sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode …"
                   let fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)
                   where inodes.Contains(fields[9]) && fields[3] == (table.StartsWith('t') ? Listen : Unconnected)
                   let colon = fields[1].IndexOf(':', StringComparison.Ordinal)
                   select $"{table[..3]}/{AddressOf(fields[1][..colon])}/{int.Parse(fields[1][(colon + 1)..], NumberStyles.HexNumber, CultureInfo.InvariantCulture)}"];
    }

    // Each 32 bits in the machine's order.
    private static IPAddress AddressOf(string hexadecimal) =>
        new([.. hexadecimal.Chunk(8).SelectMany(word => BitConverter.GetBytes(uint.Parse(word, NumberStyles.HexNumber, CultureInfo.InvariantCulture)))]);
}
