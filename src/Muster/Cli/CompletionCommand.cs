using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using Muster.Cli.Context;
using Muster.Faults;

namespace Muster.Cli;

internal static class CompletionCommand
{
    public static Command Create()
    {
        var shell = new Argument<string>("SHELL")
        {
            Description = "bash, zsh, fish or pwsh.",
            HelpName = "bash|zsh|fish|pwsh",
        };
        var command = new Command("completion", "Print a script that completes muster's words in your shell.")
        {
            shell,
        };
        command.SetAction(parsed =>
        {
            var app = parsed.App();
            var name = parsed.GetValue(shell)!;
            var script = Scripts.TryGetValue(name, out var known)
                ? known
                : throw UserException.Misuse(
                    $"there is no completion for '{name}'",
                    $"Choose one of: {string.Join(", ", Scripts.Keys)}."
                );
            app.Screen.Data(
                app.Json
                    ? JsonSerializer.Serialize(
                        new CompletionView(1, name, script),
                        CompletionJson.Default.CompletionView
                    )
                    : script
            );
        });
        return command;
    }

    internal static readonly IReadOnlyDictionary<string, string> Scripts = new Dictionary<string, string>
    {
        ["bash"] = """
            # Completion of muster for bash. Put this line into ~/.bashrc:  eval "$(muster completion bash)"
            _muster() {
              local IFS=$'\n'
              COMPREPLY=($("$1" complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f 1))
            }
            complete -o default -F _muster muster
            """,
        ["zsh"] = """
            #compdef muster
            # Completion of muster for zsh. Put this line into ~/.zshrc, after compinit:  eval "$(muster completion zsh)"
            _muster() {
              local line word
              local -a proposals
              for line in "${(@f)$("${words[1]}" complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
                [[ -n $line ]] || continue
                word=${line%%$'\t'*}
                if [[ $line == *$'\t'* ]]; then proposals+=("${word//:/\\:}:${line#*$'\t'}"); else proposals+=("${word//:/\\:}"); fi
              done
              if (( $#proposals )); then _describe muster proposals; else _files; fi
            }
            if [[ ${funcstack[1]} == _muster ]]; then _muster "$@"; else compdef _muster muster; fi
            """,
        ["fish"] = """
            # Completion of muster for fish. Save it as ~/.config/fish/completions/muster.fish
            function __muster_words
                set -l words (commandline -opc)
                set -e words[1]
                set -l proposals (muster complete -- $words (commandline -ct) 2>/dev/null)
                if count $proposals >/dev/null
                    printf '%s\n' $proposals
                else
                    __fish_complete_path (commandline -ct)
                end
            end
            complete -c muster -f -a '(__muster_words)'
            """,
        ["pwsh"] = """
            # Completion of muster for PowerShell. Put this line into $PROFILE:  muster completion pwsh | Out-String | Invoke-Expression
            Register-ArgumentCompleter -Native -CommandName muster -ScriptBlock {
                param($wordToComplete, $commandAst, $cursorPosition)
                $words = @($commandAst.CommandElements | Select-Object -Skip 1 | Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object { $_.ToString() })
                & muster complete '--' @words "$wordToComplete" 2>$null | ForEach-Object {
                    $word, $about = $_ -split "`t", 2
                    [System.Management.Automation.CompletionResult]::new($word, $word, 'ParameterValue', $(if ($about) { $about } else { $word }))
                }
            }
            """,
    };
}

public sealed record CompletionView(int Schema, string Shell, string Script);

/// <summary>The JSON that `completion` prints.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(CompletionView))]
internal sealed partial class CompletionJson : JsonSerializerContext;
