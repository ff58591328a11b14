using System.Text;

namespace Telelaunch.Cli.Variables;

/// <summary>A container's environment: variables in their order, each name once.</summary>
internal sealed class ContainerEnvironment
{
    private readonly List<ContainerVariable> _variables;

    private ContainerEnvironment(List<ContainerVariable> variables) => _variables = variables;

    public static ContainerEnvironment Empty { get; } = new([]);

    public IReadOnlyList<ContainerVariable> Variables => _variables;

    /// <summary>Reads a block. Of variables of one name the first counts, as for getenv(3); what has no name or no '=' is no variable.</summary>
    /// <param name="block">Entries, each ended by NUL, as in /proc/PID/environ (proc(5)).</param>
    public static ContainerEnvironment Of(ReadOnlySpan<byte> block)
    {
        var names = new HashSet<string>();
        List<ContainerVariable> variables = [];
        for (int end; (end = block.IndexOf((byte)0)) >= 0; block = block[(end + 1)..])
        {
            if (ContainerVariable.Parse(block[..end]) is { } variable && names.Add(Key(variable.Name))) variables.Add(variable);
        }
        return new(variables);
    }

    /// <summary>A workload's environment: this one of the agent's container, which carries the workload's; behind it what only the workload's own container has, which is its image's.</summary>
    /// <param name="own">Names of variables that the agent's container has otherwise than the workload's: of them the workload's count.</param>
    public ContainerEnvironment With(ContainerEnvironment workload, IReadOnlyList<string> own)
    {
        var names = _variables.Select(variable => Key(variable.Name)).ToHashSet();
        var whole = new ContainerEnvironment([.. _variables, .. workload._variables.Where(variable => !names.Contains(Key(variable.Name)))]);
        return workload._variables.Where(variable => own.Contains(variable.ShownName)).Aggregate(whole, (environment, variable) => environment.Set(variable));
    }

    /// <summary>This, with a variable set: in its place where there is one of that name, else at the end.</summary>
    public ContainerEnvironment Set(ContainerVariable variable)
    {
        var place = _variables.FindIndex(other => other.Name.AsSpan().SequenceEqual(variable.Name));
        return place < 0 ? new([.. _variables, variable]) : new([.. _variables[..place], variable, .. _variables[(place + 1)..]]);
    }

    public ContainerEnvironment Where(Func<ContainerVariable, bool> isKept) => new([.. _variables.Where(isKept)]);

    // A letter for each byte: names that are no text must stay different.
    private static string Key(byte[] name) => Encoding.Latin1.GetString(name);
}
