using System.Runtime.InteropServices;
using SharpFuzz;
using SharpFuzz.Common;

namespace Telelaunch.Fuzz.Tests.Fuzzing;

/// <summary>Which branches of Telelaunch's own assemblies an input has taken, where they were instrumented; without that every input looks the same.</summary>
/// <remarks>
/// SharpFuzz writes AFL's edge counters into each assembly: <c>Trace.SharedMem[previous ^ current]++</c>. It expects a fuzzer in another process to read them;
/// here the map lies in this process, because the targets keep brokers and listeners from one input to the next.
/// </remarks>
internal sealed unsafe class Coverage
{
    private const int MapSize = 65_536;

    private static readonly string[] s_assemblies =
        ["Telelaunch.Mux", "Telelaunch.Broker", "telelaunch-agent", "Telelaunch.Cluster", "Telelaunch.Tunnel", "Telelaunch.Net", "Telelaunch.Linux"];

    private readonly byte* _map;
    private readonly byte[] _seen = new byte[MapSize];

    private Coverage(byte* map) => _map = map;

    /// <summary>Instruments the assemblies beside this program, once; they must not be loaded yet.</summary>
    public static void Instrument(string directory)
    {
        foreach (string assembly in s_assemblies.Select(name => Path.Combine(directory, name + ".dll")).Where(File.Exists))
        {
            Fuzzer.Instrument(assembly, static _ => true, Options.Value);
            Console.WriteLine($"instrumented {Path.GetFileName(assembly)}");
        }
    }

    /// <summary>Gives the instrumented code its map; null where nothing was instrumented.</summary>
    public static Coverage? TryStart()
    {
        if (!typeof(Telelaunch.Mux.MuxClient).Assembly.GetReferencedAssemblies().Any(name => name.Name == "SharpFuzz.Common"))
            return null;
        byte* memory = (byte*)NativeMemory.AllocZeroed(MapSize);
        Trace.SharedMem = memory;
        return new(memory);
    }

    /// <summary>Whether branches were taken, or taken so often, that weren't before. Clears the map for the next input.</summary>
    public bool TakeNew()
    {
        bool any = false;
        for (int i = 0; i < MapSize; i++)
        {
            byte count = _map[i];
            if (count == 0)
                continue;
            _map[i] = 0;
            byte bucket = Bucket(count);
            any |= (_seen[i] & bucket) == 0;
            _seen[i] |= bucket;
        }

        return any;
    }

    // AFL's: 1, 2, 3, 4–7, 8–15, 16–31, 32–127, 128 and more.
    private static byte Bucket(byte count) => count switch
    {
        1 => 1,
        2 => 2,
        3 => 4,
        < 8 => 8,
        < 16 => 16,
        < 32 => 32,
        < 128 => 64,
        _ => 128,
    };
}
