using System.Globalization;

namespace Telelaunch.Targets;

/// <summary>Which signals were ignored and blocked when this process began: what a child must begin with too (as under nohup(1)).</summary>
/// <param name="Ignored">Bit n-1 = signal n.</param>
/// <param name="Blocked">Bit n-1 = signal n.</param>
public sealed record InheritedSignals(ulong Ignored, ulong Blocked)
{
    private const int SigPipe = 13;

    /// <summary>Reads them of this process. Call it before anything handles signals.</summary>
    /// <remarks>The .NET runtime ignores SIGPIPE before Main; whether it was ignored before can't be known, so a child begins with its default.</remarks>
    public static InheritedSignals Read()
    {
        ulong ignored = 0, blocked = 0;
        foreach (var line in File.ReadLines("/proc/self/status"))
        {
            if (line.StartsWith("SigIgn:", StringComparison.Ordinal)) ignored = Mask(line);
            else if (line.StartsWith("SigBlk:", StringComparison.Ordinal)) blocked = Mask(line);
        }
        return new(ignored & ~Bit(SigPipe), blocked);
    }

    public bool Ignores(int signal) => (Ignored & Bit(signal)) != 0;

    private static ulong Mask(string line) => ulong.Parse(line.AsSpan(line.IndexOf('\t', StringComparison.Ordinal) + 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private static ulong Bit(int signal) => 1UL << (signal - 1);
}
