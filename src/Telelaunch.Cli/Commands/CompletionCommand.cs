using Telelaunch.Cli.Output;

namespace Telelaunch.Cli.Commands;

/// <summary><c>telelaunch completion SHELL</c>: a script that asks <c>telelaunch [suggest:N]</c> what may come next.</summary>
internal static class CompletionCommand
{
    private const string Bash = """
        _telelaunch() {
            local IFS=$'\n'
            # What comes after -- is the command's own.
            local word
            for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do [ "$word" = -- ] && { COMPREPLY=($(compgen -cf -- "${COMP_WORDS[COMP_CWORD]}")); return; }; done
            COMPREPLY=($(compgen -W "$(telelaunch "[suggest:$COMP_POINT]" "$COMP_LINE" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
        }
        complete -o default -F _telelaunch telelaunch

        """;

    private const string Zsh = """
        #compdef telelaunch
        _telelaunch() {
            local dashes=${words[(i)--]}
            if (( dashes < CURRENT )); then shift dashes words; (( CURRENT -= dashes )); _normal; return; fi
            local -a suggestions
            suggestions=("${(@f)$(telelaunch "[suggest:$CURSOR]" "$BUFFER" 2>/dev/null)}")
            compadd -a suggestions
        }
        compdef _telelaunch telelaunch

        """;

    private const string Fish = """
        function __telelaunch_suggest
            set -l line (commandline -cp)
            telelaunch "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null
        end
        complete -c telelaunch -f -n 'not contains -- -- (commandline -opc)' -a '(__telelaunch_suggest)'
        complete -c telelaunch -n 'contains -- -- (commandline -opc)' -a '(__fish_complete_subcommand)'

        """;

    private const string PowerShell = """
        Register-ArgumentCompleter -Native -CommandName telelaunch -ScriptBlock {
            param($wordToComplete, $commandAst, $cursorPosition)
            telelaunch "[suggest:$cursorPosition]" "$commandAst" 2>$null | Where-Object { $_ -like "$wordToComplete*" } |
                ForEach-Object { [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_) }
        }

        """;

    /// <exception cref="CommandLineException">A shell that there is no script for.</exception>
    public static int Run(Screen screen, string shell)
    {
        screen.WriteOutput(shell switch
        {
            "bash" => Bash,
            "zsh" => Zsh,
            "fish" => Fish,
            "pwsh" => PowerShell,
            _ => throw new CommandLineException("shell-unknown", $"There is no completion for '{shell}'.", "Write one of: bash, zsh, fish, pwsh."),
        });
        return ExitCodes.Success;
    }
}
