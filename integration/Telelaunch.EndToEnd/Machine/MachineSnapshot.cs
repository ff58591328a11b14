using System.Text;
using Xunit;

namespace Telelaunch.EndToEnd.Machine;

/// <summary>All of a machine that a system-wide session may touch, at one moment, as text: what <c>programs/machine_state.sh</c> tells.</summary>
internal sealed class MachineSnapshot
{
    private const string Head = "== ";

    private readonly Dictionary<string, string[]> _sections = [];

    public MachineSnapshot(string text)
    {
        foreach (var part in ("\n" + text).Split("\n" + Head).Skip(1))
        {
            var lines = part.Split('\n');
            _sections[lines[0]] = lines[1..];
        }
    }

    /// <summary>The lines of a section, for one who looks for something in it.</summary>
    public IReadOnlyList<string> this[string section] => _sections[section];

    /// <summary>Fails, showing each line that went or came, unless both are the same.</summary>
    /// <param name="except">Sections that may differ.</param>
    public static void AssertSame(MachineSnapshot before, MachineSnapshot after, params string[] except)
    {
        var difference = before.DifferenceTo(after, except);
        Assert.True(difference.Length == 0, $"The machine isn't as it was:\n{difference}");
    }

    /// <summary>Section by section, "-" before what is gone and "+" before what is new; empty where both are the same.</summary>
    public string DifferenceTo(MachineSnapshot after, params string[] except)
    {
        var text = new StringBuilder();
        foreach (var section in _sections.Keys.Union(after._sections.Keys).Except(except))
        {
            string[] was = _sections.GetValueOrDefault(section, []), isNow = after._sections.GetValueOrDefault(section, []);
            if (was.SequenceEqual(isNow)) continue;
            var (gone, came) = (Without(was, isNow), Without(isNow, was));
            text.Append(Head).Append(section).Append('\n');
            foreach (var line in gone) text.Append("- ").Append(line).Append('\n');
            foreach (var line in came) text.Append("+ ").Append(line).Append('\n');
            if (gone.Count + came.Count == 0) text.Append("the same lines in another order\n");
        }

        return text.ToString();
    }

    public override string ToString() => string.Concat(_sections.Select(section => $"{Head}{section.Key}\n{string.Join('\n', section.Value)}\n"));

    /// <summary>Lines count as often as they are there.</summary>
    private static List<string> Without(string[] lines, string[] others)
    {
        List<string> left = [.. others], rest = [];
        foreach (var line in lines)
        {
            if (!left.Remove(line)) rest.Add(line);
        }

        return rest;
    }
}
