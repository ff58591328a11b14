using Telelaunch.Cli.Options;

namespace Telelaunch.Cli.Launch;

/// <summary>Starts a shell whose prompt shows where it is; the user's own files are read as ever, and none is touched.</summary>
internal static class ShellPrompt
{
    /// <param name="shell">Path of the shell.</param>
    /// <returns>The words to start it with.</returns>
    public static CommandWords Words(string shell, SessionPlace place)
    {
        var mark = $"({Plain(place.Context)}/{Plain(place.Namespace)}) ";
        switch (Path.GetFileName(shell))
        {
            case "bash":
                // --rcfile takes the place of ~/.bashrc, so that is read first. PROMPT_COMMAND may set PS1 anew each time; then the mark goes in front each time.
                var rc = Write(place, "bashrc", $$"""
                    [ -r ~/.bashrc ] && . ~/.bashrc
                    _telelaunch_prompt_command=$PROMPT_COMMAND
                    _telelaunch_prompt() { eval "$_telelaunch_prompt_command"; case $PS1 in '{{mark}}'*) ;; *) PS1='{{mark}}'$PS1 ;; esac; }
                    PROMPT_COMMAND=_telelaunch_prompt

                    """);
                return CommandWords.OfText(shell, "--rcfile", rc, "-i");
            case "zsh":
                // ZDOTDIR leads zsh to files of ours, which read the user's.
                var own = place.Environment.Get("ZDOTDIR") ?? place.Environment.Get("HOME") ?? "/";
                foreach (var name in (string[])[".zshenv", ".zprofile"]) Write(place, name, $"ZDOTDIR={Quoted(own)}; [ -r \"$ZDOTDIR/{name}\" ] && . \"$ZDOTDIR/{name}\"; ZDOTDIR={Quoted(place.Directory)}\n");
                Write(place, ".zshrc", $$"""
                    ZDOTDIR={{Quoted(own)}}
                    [ -r "$ZDOTDIR/.zshrc" ] && . "$ZDOTDIR/.zshrc"
                    _telelaunch_prompt() { case $PROMPT in '{{mark}}'*) ;; *) PROMPT='{{mark}}'$PROMPT ;; esac }
                    precmd_functions+=(_telelaunch_prompt)

                    """);
                place.Environment.Set("ZDOTDIR", place.Directory);
                return CommandWords.OfText(shell, "-i");
            case "fish":
                return CommandWords.OfText(shell, "-i", "-C",
                    $"functions -q fish_prompt; and functions -c fish_prompt _telelaunch_prompt; function fish_prompt; echo -n '{mark}'; functions -q _telelaunch_prompt; and _telelaunch_prompt; end");
            default:
                place.Environment.Set("PS1", mark + (place.Environment.Get("PS1") ?? "$ "));
                return CommandWords.OfText(shell, "-i");
        }
    }

    private static string Write(SessionPlace place, string name, string text)
    {
        var path = Path.Combine(place.Directory, name);
        File.WriteAllText(path, text);
        return path;
    }

    private static string Quoted(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    // A context's name is free text; in a prompt %, \, $, ` and quotes would do things.
    private static string Plain(string text) => new([.. text.Select(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_' or '.' or ':' or '@' or '/' ? character : '_')]);
}
