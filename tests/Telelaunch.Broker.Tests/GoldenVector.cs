namespace Telelaunch.Broker.Tests;

/// <summary>One block of native-shim/tests/vectors: key=value lines, hex= lines joined.</summary>
internal sealed class GoldenVector
{
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);

    internal byte[] Bytes => Convert.FromHexString(_values["hex"]);

    internal string this[string key] => _values.GetValueOrDefault(key, "");

    internal bool Has(string key) => _values.ContainsKey(key);

    internal static IReadOnlyList<GoldenVector> Read(string file)
    {
        var blocks = new List<GoldenVector>();
        GoldenVector? block = null;
        foreach (string line in File.ReadLines(Path.Combine(ShimProgram.RepositoryRoot(), "native-shim", "tests", "vectors", file)))
        {
            if (line.Length == 0)
                block = null;
            if (line.Length == 0 || line[0] == '#')
                continue;
            if (block is null)
                blocks.Add(block = new GoldenVector());
            int equals = line.IndexOf('=', StringComparison.Ordinal);
            string key = line[..equals];
            block._values[key] = key == "hex" ? block[key] + line[(equals + 1)..] : line[(equals + 1)..];
        }

        Assert.NotEmpty(blocks);
        return blocks;
    }
}
