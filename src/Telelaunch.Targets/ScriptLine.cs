using System.Text;

namespace Telelaunch.Targets;

/// <summary>The first line of a script: <c>#!INTERPRETER [ARGUMENT]</c>, as the kernel reads it (execve(2), fs/binfmt_script.c).</summary>
/// <param name="Argument">All that follows the interpreter, blanks within included: Linux passes it as one argument. Null where there is none.</param>
public sealed record ScriptLine(string Interpreter, string? Argument)
{
    // BINPRM_BUF_SIZE: nothing past it is looked at.
    private const int LongestLine = 256;

    /// <summary>Reads it; null where the file doesn't begin with <c>#!</c> or names no interpreter.</summary>
    /// <exception cref="IOException">The file can't be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may be executed, but not read.</exception>
    public static ScriptLine? Read(string path)
    {
        using var file = File.OpenHandle(path);
        Span<byte> buffer = stackalloc byte[LongestLine];
        ReadOnlySpan<byte> line = buffer[..RandomAccess.Read(file, buffer, 0)];
        if (!line.StartsWith("#!"u8)) return null;
        var end = line.IndexOfAny((byte)'\n', (byte)0);
        var text = Encoding.UTF8.GetString(end < 0 ? line[2..] : line[2..end]).Trim(' ', '\t');
        if (text.Length == 0) return null;
        var blank = text.AsSpan().IndexOfAny(' ', '\t');
        return blank < 0 ? new(text, null) : new(text[..blank], text[blank..].Trim(' ', '\t'));
    }

    /// <summary>The program that <c>#!/usr/bin/env …</c> leads to: the first word that is neither an option of env(1) nor an assignment. Null for other interpreters.</summary>
    public string? NameForEnv()
    {
        if (Path.GetFileName(Interpreter) != "env" || Argument is null) return null;
        // Without -S the whole argument is one word to env, so that "env python3 -u" looks for a program of that odd name.
        var split = Argument.StartsWith("-S", StringComparison.Ordinal) || Argument.StartsWith("--split-string", StringComparison.Ordinal)
            || Argument.StartsWith("-vS", StringComparison.Ordinal);
        if (!split) return Argument.StartsWith('-') ? null : Argument;
        var rest = Argument[(Argument.StartsWith("--split-string", StringComparison.Ordinal) ? "--split-string".Length : Argument.IndexOf('S', StringComparison.Ordinal) + 1)..].TrimStart('=');
        return rest.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries).FirstOrDefault(word => !word.StartsWith('-') && !word.Contains('='));
    }
}
