namespace Telelaunch.Cli.Variables;

/// <summary>A way to write an environment down.</summary>
internal abstract class EnvironmentFormat
{
    public static EnvironmentFormat Shell { get; } = new ShellFormat();

    public static EnvironmentFormat Dotenv { get; } = new DotenvFormat();

    public static EnvironmentFormat Json { get; } = new JsonFormat();

    public static EnvironmentFormat LaunchSettings { get; } = new LaunchSettingsFormat();

    /// <summary>Writes what the format can hold; the rest is left out as a whole, never changed to fit.</summary>
    public EnvironmentText Write(ContainerEnvironment environment)
    {
        List<ContainerVariable> held = [];
        List<OmittedVariable> omitted = [];
        foreach (var variable in environment.Variables)
        {
            if (FaultOf(variable) is { } fault) omitted.Add(new(variable.ShownName, fault));
            else held.Add(variable);
        }
        return new(Write(held), omitted);
    }

    /// <summary>Why a variable can't be written, as the end of a sentence; null where it can.</summary>
    protected abstract string? FaultOf(ContainerVariable variable);

    /// <param name="variables">None of them has a fault.</param>
    protected abstract byte[] Write(IReadOnlyList<ContainerVariable> variables);
}

/// <summary>An environment as it is written down.</summary>
/// <param name="Omitted">What the format can't hold.</param>
internal sealed record EnvironmentText(byte[] Bytes, IReadOnlyList<OmittedVariable> Omitted);

/// <param name="Name">For a person.</param>
/// <param name="Reason">The end of a sentence.</param>
internal sealed record OmittedVariable(string Name, string Reason);
