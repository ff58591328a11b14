using System.Text;
using Telelaunch.Cli.Variables;

namespace Telelaunch.Cli.Launch;

/// <summary>The environment that the command gets: ours as it was handed to us, byte for byte, and a few changes.</summary>
internal sealed class CommandEnvironment
{
    private const string Preload = "LD_PRELOAD";

    private readonly List<byte[]> _entries;
    private readonly List<KeyValuePair<string, string>> _changes = [];

    private CommandEnvironment(List<byte[]> entries) => _entries = entries;

    public IReadOnlyList<byte[]> Entries => _entries;

    /// <summary>What was set, in order: what <c>--dry-run</c> shows.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Changes => _changes;

    /// <summary>proc(5): the environment that this process began with.</summary>
    public static CommandEnvironment OfThisProcess() => Of(File.ReadAllBytes("/proc/self/environ"));

    /// <param name="block">Entries, each ended by NUL.</param>
    public static CommandEnvironment Of(ReadOnlySpan<byte> block)
    {
        List<byte[]> entries = [];
        for (int end; (end = block.IndexOf((byte)0)) >= 0; block = block[(end + 1)..])
        {
            if (end > 0) entries.Add(block[..end].ToArray());
        }
        return new(entries);
    }

    public void Set(string name, string value)
    {
        _entries.RemoveAll(entry => IsNamed(entry, name));
        _entries.Add(Encoding.UTF8.GetBytes($"{name}={value}"));
        _changes.Add(new(name, value));
    }

    public void Add(IReadOnlyDictionary<string, string> variables)
    {
        foreach (var (name, value) in variables) Set(name, value);
    }

    /// <summary>Sets the container's variables; they are no <see cref="Changes"/>, because they may be secrets.</summary>
    public void Overlay(ContainerEnvironment container)
    {
        var names = container.Variables.Select(variable => Encoding.Latin1.GetString(variable.Name)).ToHashSet();
        _entries.RemoveAll(entry => entry.IndexOf((byte)'=') is >= 0 and var equals && names.Contains(Encoding.Latin1.GetString(entry.AsSpan(0, equals))));
        _entries.AddRange(container.Variables.Select(variable => variable.Entry));
    }

    /// <summary>LD_PRELOAD as the user has it: without a shim of ours, which a run within a run finds there. Null where nothing is left.</summary>
    public string? PreloadsOfOthers()
    {
        // ld.so(8): separated by blanks or colons.
        var others = (Get(Preload) ?? "").Split((char[])[' ', ':'], StringSplitOptions.RemoveEmptyEntries).Where(library => !ShimFile.IsShim(library)).ToList();
        return others.Count == 0 ? null : string.Join(':', others);
    }

    public string? Get(string name) => _entries.Find(entry => IsNamed(entry, name)) is { } found ? Encoding.UTF8.GetString(found.AsSpan(name.Length + 1)) : null;

    private static bool IsNamed(ReadOnlySpan<byte> entry, string name) =>
        entry.Length > name.Length && entry[name.Length] == (byte)'=' && entry.StartsWith(Encoding.UTF8.GetBytes(name));
}
