"""What CI does on the tag of a release up to the upload, as far as the text of its file says it plainly.

A rehearsal runs the nox sessions among it by their names, and nothing else: the rest is only listed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.facts.answer import Answer
from seatrial.facts.session_names import sessions_of
from seatrial.facts.uploading import PUBLISHES
from seatrial.findings import printable
from seatrial.masking import mask

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ALWAYS = ("build", "check")
"""The sessions that make and check the distributions."""

LONGEST = 100
"""How many characters of a command are listed."""

OPENS = re.compile(r"(?:^|[;&|(]\s*)(?:if|for|while|until|case)\b|\{\s*$|^\(\s*$")
CLOSES = re.compile(r"(?:^|;\s*)(?:fi|done|esac)\b|^\}|^\)")
HEREDOC = re.compile(r"<<-?\s*['\"]?(\w+)")
"""What begins and ends a command of several lines."""

CONDITIONAL = re.compile(r"(?:if|for|while|until|case|test|function)\b|[!\[{(]")
"""How a command begins that runs others, if at all, under a condition of its own."""

PLAIN_CALL = re.compile(
    r"(?:(?:uv|pipx|poetry|pdm|hatch) run (?:--?[\w=.-]+ )*|uvx |python3? -m )?[\w./-]*\bnox(?: [\w.=,\[\]()'\"/-]+)+"
)
"""A command that runs nox and nothing else."""

BUILDS = re.compile(
    r"\bpython3? -m (?:build|flit|poetry|hatch)\b|\bpyproject-build\b|\b(?:uv|hatch|flit|pdm|poetry|maturin) build\b"
    r"|\bsetup\.py (?:sdist|bdist_wheel)\b"
)
"""A command that builds distributions by other means than a session."""


@dataclass(frozen=True)
class Script:
    """The text that a step or a job runs, in a shell; ``runs``: whether it does for the tag.

    ``condition``: what decides that, as the file has it; several are a line each.
    """

    text: str
    runs: Answer = Answer.YES
    condition: str = ""


@dataclass(frozen=True)
class BeforeUpload:
    """``sessions``: those of nox that CI calls by name, in order; ``not_run``: its other commands, a line for each.

    ``builds_otherwise``: whether one of these builds distributions.
    """

    sessions: tuple[str, ...] = ()
    not_run: tuple[str, ...] = ()
    builds_otherwise: bool = False

    @classmethod
    def of(cls, scripts: Iterable[Script]) -> BeforeUpload:
        """Read the scripts in the order in which CI runs them, the last one up to its upload."""
        sessions: dict[str, None] = {}
        not_run: dict[str, None] = {}
        builds_otherwise = False
        for script in scripts:
            if script.runs is Answer.NO:
                continue
            for command in _commands(script.text):
                is_known = script.runs is Answer.YES
                is_plain = is_known and "\n" not in command and not CONDITIONAL.match(command)
                named = tuple(sessions_of(command)) if is_plain else ()
                sessions.update(dict.fromkeys(named))
                if not (named and PLAIN_CALL.fullmatch(command)):
                    builds_otherwise = builds_otherwise or bool(BUILDS.search(command))
                    not_run[_line(command, "" if is_known else script.condition)] = None
        return cls(tuple(sessions), tuple(not_run), builds_otherwise)

    @property
    def sessions_build(self) -> bool:
        """Whether a session makes the files: check builds, too, where nothing has been built."""
        return "build" in self.sessions or ("check" in self.sessions and not self.builds_otherwise)


def up_to_upload(text: str) -> str:
    """Return the text of the step that uploads, without what comes after the upload."""
    lines = text.splitlines()
    last = max((number for number, line in enumerate(lines) if PUBLISHES.search(line)), default=len(lines) - 1)
    return "\n".join(lines[: last + 1])


def _commands(text: str) -> Iterator[str]:
    """Yield the commands of a text: a line each, but for those that have several."""
    block: list[str] = []
    end, depth = "", 0
    for line in text.replace("\\\n", " ").splitlines():
        plain = line.strip()
        if not end and not depth and (not plain or plain.startswith("#")):
            continue
        block.append(plain)
        if end:
            end = "" if plain == end else end
        else:
            heredoc = HEREDOC.search(plain)
            end = heredoc[1] if heredoc else ""
            depth = max(0, depth + len(OPENS.findall(plain)) - len(CLOSES.findall(plain)))
        if not end and not depth:
            yield "\n".join(block) if block[1:] else " ".join(plain.split())
            block = []
    if block:
        yield "\n".join(block)


def _line(command: str, condition: str) -> str:
    """Return a line about a command: its first one, not too long."""
    first, _, more = mask(command).partition("\n")
    told = first if len(first) <= LONGEST else f"{first[: LONGEST - 1]}…"
    why = f"  (if: {mask(', and '.join(condition.splitlines()))[:LONGEST]})" if condition else ""
    return printable(f"{told}{' …' if more else ''}{why}")
