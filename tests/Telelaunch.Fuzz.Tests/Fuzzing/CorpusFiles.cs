namespace Telelaunch.Fuzz.Tests.Fuzzing;

/// <summary>The golden vectors and recordings beside this program, as inputs.</summary>
internal static class CorpusFiles
{
    private static readonly Lazy<Dictionary<string, byte[]>> s_mux = new(() => File.ReadLines(PathOf("mux.txt"))
        .Where(line => line.Length > 0 && !line.StartsWith('#'))
        .Select(line => line.Split(' '))
        .ToDictionary(words => words[0], words => Convert.FromHexString(words[1])));

    /// <summary>A vector of the mux protocol.</summary>
    public static byte[] Mux(string name) => s_mux.Value[name];

    /// <summary>Inputs on which a target failed once: <c>Regressions/TARGET.txt</c>, a line of <c>what-it-showed BASE64</c> each.</summary>
    public static IEnumerable<byte[]> Regressions(string target)
    {
        string file = Path.Combine(AppContext.BaseDirectory, "Regressions", target + ".txt");
        return File.Exists(file)
            ? File.ReadLines(file).Where(line => line.Length > 0 && !line.StartsWith('#')).Select(line => Convert.FromBase64String(line.Split(' ')[1]))
            : [];
    }

    /// <summary>The packets of a golden vector file of the control protocol.</summary>
    /// <param name="packet"><c>request</c> or <c>reply</c>.</param>
    public static IEnumerable<byte[]> Control(string packet)
    {
        foreach (string file in Directory.GetFiles(PathOf("control"), "*.txt").Order(StringComparer.Ordinal))
        {
            foreach (string block in File.ReadAllText(file).Split("\n\n"))
            {
                string[] lines = block.Split('\n');
                if (lines.Contains("packet=" + packet))
                    yield return Convert.FromHexString(string.Concat(lines.Where(line => line.StartsWith("hex=", StringComparison.Ordinal)).Select(line => line[4..])));
            }
        }
    }

    public static string PathOf(string name) => Path.Combine(AppContext.BaseDirectory, "Corpus", name);
}
