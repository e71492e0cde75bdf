"""The task ``completion``: the scripts that complete a command line of `seatrial` in a shell.

A script passes the words up to the cursor to ``seatrial __complete``, which prints one candidate on each line: the
word, a tab, and its description. ``:files`` and ``:folders`` leave the completion to the shell itself
(`seatrial.tasks.completion_candidates`).
"""

# The imports of a task are in its function, because `invoke -l` and `--help` start faster without them.
# ruff: noqa: ARG001, PLC0415

from __future__ import annotations

from typing import TYPE_CHECKING

from seatrial.errors import ProjectError
from seatrial.tasks.command import command
from seatrial.tasks.console import errors_as_messages, show

if TYPE_CHECKING:
    from invoke.context import Context


BASH = r"""# For ~/.bashrc: eval "$(seatrial completion bash)"
_seatrial() {
    local line current="${COMP_WORDS[COMP_CWORD]}"
    COMPREPLY=()
    while IFS= read -r line; do
        case "$line" in
            :files|:folders)
                compopt -o filenames 2>/dev/null
                while IFS= read -r line; do
                    COMPREPLY+=("$line")
                done < <(compgen "$([ "$line" = :files ] && echo -f || echo -d)" -- "$current")
                ;;
            *) COMPREPLY+=("${line%%$'\t'*}") ;;
        esac
    done < <("${COMP_WORDS[0]}" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _seatrial seatrial"""

ZSH = r"""#compdef seatrial
# For ~/.zshrc, after compinit: eval "$(seatrial completion zsh)"
_seatrial() {
    local line
    local -a candidates
    for line in "${(@f)$("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
        case "$line" in
            '') ;;
            :files) _files ;;
            :folders) _files -/ ;;
            *) candidates+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}") ;;
        esac
    done
    (( $#candidates )) && _describe seatrial candidates
}
if [ "$funcstack[1]" = _seatrial ]; then
    _seatrial "$@"
else
    compdef _seatrial seatrial
fi"""

FISH = r"""# For ~/.config/fish/config.fish: seatrial completion fish | source
function __seatrial_complete
    set --local words (commandline --current-process --tokenize --cut-at-cursor)
    set --local current (commandline --current-token --cut-at-cursor)
    for line in ($words[1] __complete $words[2..] "$current" 2>/dev/null)
        switch $line
            case :files
                __fish_complete_path "$current"
            case :folders
                __fish_complete_directories "$current"
            case '*'
                echo $line
        end
    end
end
complete --command seatrial --no-files --arguments '(__seatrial_complete)'"""

SCRIPTS = {"bash": BASH, "zsh": ZSH, "fish": FISH}


@command(words=["shell"], help={"shell": "bash, zsh or fish"})
def completion(context: Context, shell: str) -> None:
    """Print a completion script for bash, zsh or fish.

    Its first line says where to put it.

    Example: seatrial completion bash
    """
    from seatrial.redaction import redact
    from seatrial.suggestions import did_you_mean, nearest
    from seatrial.tasks.command_line import typed

    with errors_as_messages():
        if shell not in SCRIPTS:
            near = nearest(shell, SCRIPTS)
            raise ProjectError(
                f"there is no completion for {redact(shell)!r}"
                + (did_you_mean(near) or f", only for {', '.join(SCRIPTS)}"),
                code="ValueUnknown",
                fix=typed(("completion", near[0] if near else "bash")),
            )
        show(SCRIPTS[shell])
