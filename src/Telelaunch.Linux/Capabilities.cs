using System.Globalization;

namespace Telelaunch.Linux;

/// <summary>Rights of a process beyond its user's, capabilities(7); numbers as in linux/capability.h.</summary>
public enum Capability
{
    NetBindService = 10,
    NetAdmin = 12,
    NetRaw = 13,
    SysAdmin = 21,
    MkNod = 27,
}

/// <summary>The effective capabilities of this process.</summary>
/// <remarks>They hold in the user namespace of the process: in a rootless container CAP_NET_ADMIN says nothing about the host's network.</remarks>
public readonly record struct Capabilities(ulong Effective)
{
    private const string Field = "CapEff:";

    public bool Has(Capability capability) => (Effective & (1UL << (int)capability)) != 0;

    /// <summary>None where /proc isn't to be had.</summary>
    public static Capabilities OfThisProcess()
    {
        try
        {
            return Parse(File.ReadAllText("/proc/thread-self/status"));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return default;
        }
    }

    /// <summary>Reads the line <c>CapEff:</c> of a status file (proc(5)): 16 hex digits.</summary>
    internal static Capabilities Parse(string status)
    {
        foreach (ReadOnlySpan<char> line in status.AsSpan().EnumerateLines())
        {
            if (line.StartsWith(Field, StringComparison.Ordinal)
                && ulong.TryParse(line[Field.Length..].Trim(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong bits))
                return new Capabilities(bits);
        }

        return default;
    }
}
