using System.Text;

namespace Telelaunch.Cli.Tests.Variables;

/// <summary>Reads an env file by the rules of docs.docker.com, "Env file syntax": what is written must come back.</summary>
internal static class DotenvReader
{
    /// <returns>NAME=value for each.</returns>
    public static List<string> Read(string text)
    {
        // As compose does before it reads: lines of Windows end like those of Unix.
        text = text.ReplaceLineEndings("\n");
        List<string> entries = [];
        for (var at = 0; at < text.Length;)
        {
            var equals = text.IndexOf('=', at);
            var name = text[at..equals];
            at = equals + 1;
            var value = text[at] switch
            {
                '\'' => Quoted(text, ref at, Literal),
                '"' => Quoted(text, ref at, Unescaped),
                _ => Bare(text, ref at),
            };
            Assert.Equal('\n', text[at++]);
            entries.Add($"{name}={value}");
        }
        return entries;
    }

    // Up to the end of the line or a comment, trimmed, and $ expands.
    private static string Bare(string text, ref int at)
    {
        var end = text.IndexOf('\n', at);
        var value = text[at..end];
        Assert.DoesNotContain('$', value);
        Assert.DoesNotContain('#', value);
        Assert.DoesNotContain('\\', value);
        Assert.Equal(value.Trim(), value);
        at = end;
        return value;
    }

    private static string Quoted(string text, ref int at, Func<char, char, string> escape)
    {
        var quote = text[at++];
        var value = new StringBuilder();
        for (; text[at] != quote; at++)
        {
            if (text[at] == '\\') value.Append(escape(quote, text[++at]));
            else if (quote == '"' && text[at] == '$') Assert.Fail("$ expands in double quotes");
            else value.Append(text[at]);
        }
        at++;
        return value.ToString();
    }

    private static string Literal(char quote, char letter) => letter == quote ? $"{letter}" : $"\\{letter}";

    private static string Unescaped(char quote, char letter) => letter switch
    {
        'n' => "\n",
        'r' => "\r",
        '\\' or '"' or '$' => $"{letter}",
        _ => throw new InvalidOperationException($"\\{letter} within {quote}"),
    };
}
