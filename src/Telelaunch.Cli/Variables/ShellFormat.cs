using System.Text;
using System.Text.RegularExpressions;

namespace Telelaunch.Cli.Variables;

/// <summary><c>export NAME='value'</c> lines that sh, bash, zsh and ksh evaluate to the same bytes: <c>eval "$(telelaunch env --format sh)"</c>.</summary>
/// <remarks>POSIX 2.2.2: within single quotes every byte stands for itself, so a single quote is written outside of them.</remarks>
internal sealed partial class ShellFormat : EnvironmentFormat
{
    // bash(1), "Shell Variables": read-only ones end a script, the others get another value than the one that is set.
    private static readonly HashSet<string> ShellsOwn =
    [
        "BASHOPTS", "BASHPID", "BASH_VERSINFO", "DIRSTACK", "EPOCHREALTIME", "EPOCHSECONDS", "EUID", "FUNCNAME", "GROUPS", "HISTCMD", "LINENO", "PPID", "RANDOM", "SECONDS",
        "SHELLOPTS", "SRANDOM", "UID", "_",
    ];

    protected override string? FaultOf(ContainerVariable variable)
    {
        var name = Encoding.Latin1.GetString(variable.Name);
        return !Name().IsMatch(name) ? "its name is no name of a shell variable" : ShellsOwn.Contains(name) ? "the shell sets that variable itself" : null;
    }

    protected override byte[] Write(IReadOnlyList<ContainerVariable> variables)
    {
        using var text = new MemoryStream();
        foreach (var variable in variables)
        {
            text.Write("export "u8);
            text.Write(variable.Name);
            text.Write("='"u8);
            foreach (var letter in variable.Value)
            {
                if (letter == (byte)'\'') text.Write("'\\''"u8);
                else text.WriteByte(letter);
            }
            text.Write("'\n"u8);
        }
        return text.ToArray();
    }

    [GeneratedRegex(@"\A[A-Za-z_][A-Za-z0-9_]*\z", RegexOptions.CultureInvariant)]
    private static partial Regex Name();
}
