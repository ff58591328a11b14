using System.Globalization;

namespace Telelaunch.Agent;

/// <summary>Which TCP ports of 127.0.0.1 are listened on, from /proc/net/tcp (proc_net(5)): no connection is made.</summary>
internal static class ListeningPorts
{
    private const string Listen = "0A";

    public static bool Contains(string procNetTcp, int port)
    {
        // "sl local_address rem_address st …"; addresses are hexadecimal, 127.0.0.1 as the machine's little-endian 0100007F.
        string local = string.Create(CultureInfo.InvariantCulture, $"0100007F:{port:X4}");
        foreach (ReadOnlySpan<char> line in procNetTcp.AsSpan().EnumerateLines())
        {
            string[] fields = line.ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length > 3 && fields[1] == local && fields[3] == Listen)
                return true;
        }

        return false;
    }
}
