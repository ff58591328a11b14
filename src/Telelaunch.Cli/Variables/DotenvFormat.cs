using System.Text;
using System.Text.RegularExpressions;

namespace Telelaunch.Cli.Variables;

/// <summary><c>NAME=value</c> lines as docker compose reads them, and the dotenv libraries where they agree.</summary>
/// <remarks>
/// <para>Each value takes the first form that holds it:</para>
/// <para>bare, which means the same everywhere, <c>docker run --env-file</c> included;</para>
/// <para>in single quotes, where compose, node and ruby change nothing but <c>\'</c>, and python <c>\\</c> too;</para>
/// <para>in double quotes with <c>\\ \" \$ \n \r</c>, as compose and ruby read them. Rules: docs.docker.com, "Env file syntax".</para>
/// </remarks>
internal sealed partial class DotenvFormat : EnvironmentFormat
{
    protected override string? FaultOf(ContainerVariable variable)
    {
        if (!variable.TryRead(out var name, out _)) return "it isn't UTF-8";
        return Name().IsMatch(name) ? null : "its name can't stand in such a file";
    }

    protected override byte[] Write(IReadOnlyList<ContainerVariable> variables)
    {
        var text = new StringBuilder();
        foreach (var variable in variables)
        {
            variable.TryRead(out var name, out var value);
            text.Append(name).Append('=').Append(Quoted(value)).Append('\n');
        }
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static string Quoted(string value)
    {
        if (Bare().IsMatch(value)) return value;
        // A carriage return before a newline is dropped when the file is read.
        var isLiteral = !value.Contains('\'', StringComparison.Ordinal) && !value.Contains('\r', StringComparison.Ordinal)
            && !value.Contains(@"\\", StringComparison.Ordinal) && !value.EndsWith('\\');
        if (isLiteral) return $"'{value}'";
        var text = new StringBuilder("\"");
        foreach (var letter in value)
        {
            text.Append(letter switch
            {
                '\\' or '"' or '$' => $"\\{letter}",
                '\n' => "\\n",
                '\r' => "\\r",
                _ => $"{letter}",
            });
        }
        return text.Append('"').ToString();
    }

    [GeneratedRegex(@"\A[A-Za-z_][A-Za-z0-9_.-]*\z", RegexOptions.CultureInvariant)]
    private static partial Regex Name();

    // Nothing that quotes, escapes, expands, begins a comment or is trimmed.
    [GeneratedRegex(@"\A(?:[A-Za-z0-9_./:@%+,;=&?!*()\[\]{}<>|~^-]+(?: [A-Za-z0-9_./:@%+,;=&?!*()\[\]{}<>|~^-]+)*)?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Bare();
}
