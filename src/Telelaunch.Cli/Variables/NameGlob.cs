using System.IO.Enumeration;
using System.Text;

namespace Telelaunch.Cli.Variables;

/// <summary>A pattern for names of variables: <c>*</c> is any letters, <c>?</c> is one, <c>\</c> takes a meaning away; capitals count.</summary>
internal sealed record NameGlob(string Text)
{
    // Letter for byte, as names are bytes.
    private readonly string _pattern = Bytewise(Encoding.UTF8.GetBytes(Text));

    public bool Matches(ContainerVariable variable) => FileSystemName.MatchesSimpleExpression(_pattern, Bytewise(variable.Name), ignoreCase: false);

    public override string ToString() => Text;

    private static string Bytewise(byte[] name) => Encoding.Latin1.GetString(name);
}
