using System.Text;

namespace Telelaunch.Cli.Options;

/// <summary>The command to start, as it was typed: bytes, which need not be text.</summary>
/// <param name="Name">The first word as text.</param>
/// <param name="Arguments">All words, the first included.</param>
internal sealed record CommandWords(string Name, IReadOnlyList<byte[]> Arguments)
{
    /// <summary>All words as text, for those who look at them only.</summary>
    public IReadOnlyList<string> Texts => [.. Arguments.Select(Encoding.UTF8.GetString)];

    /// <param name="words">The words as .NET decoded them: where they aren't UTF-8, the bytes are looked up in the process's own command line.</param>
    public static CommandWords Of(IReadOnlyList<string> words)
    {
        // proc(5): NUL after each argument. The command is always its end.
        var line = File.ReadAllBytes("/proc/self/cmdline").AsSpan();
        List<byte[]> raw = [];
        for (int end; (end = line.IndexOf((byte)0)) >= 0; line = line[(end + 1)..]) raw.Add(line[..end].ToArray());
        var tail = raw.Count >= words.Count ? raw[^words.Count..] : [];
        var isOurs = tail.Count == words.Count && tail.Zip(words).All(pair => Encoding.UTF8.GetString(pair.First) == pair.Second);
        return new(words[0], isOurs ? tail : [.. words.Select(Encoding.UTF8.GetBytes)]);
    }

    public static CommandWords OfText(params string[] words) => new(words[0], [.. words.Select(Encoding.UTF8.GetBytes)]);
}
