"""The commands of a job that can be run somewhere else than on its image, and those that can't."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.facts.pipeline_jobs import publishes
from seatrial.facts.steps import BRINGS, MAKES
from seatrial.facts.uploading import PASSWORD_IN_COMMAND, PUBLISHES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ELSEWHERE = re.compile(
    r"(?:^|[\s;&|])(?:sudo\s+)?(?:apt|apt-get|apk|dnf|yum|docker|podman|kaniko|kubectl|helm|glab|release-cli|ssh|scp|rsync)\s"
    r"|\bpython3? -m (?:venv|virtualenv)\s|(?:^|[\s;&|])(?:virtualenv|uv venv)\s|/activate\b|\bsigstore\b|\bcosign\b"
    r"|\bpypi[_-]attestations\b"
)
"""What changes the machine, what makes or enters an environment for tools, and what asks a service."""

COMPOUND = re.compile(r"^\s*(?:if|for|while|until|case|function|do|then|else|[{}])\b|<<|^[{}(]", re.MULTILINE)
"""What makes one command of several lines."""

TWINE = re.compile(r"(?:^|[\s;&|])(?:twine|python3? -m twine)\s+(?:\S+\s+)*?upload\b")


@dataclass(frozen=True)
class Commands:
    """The commands of a job: ``run``, in their order, ``left_out``; then ``upload``, and what comes ``after`` it."""

    run: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    upload: tuple[str, ...] = ()
    after: tuple[str, ...] = ()

    @classmethod
    def of(cls, commands: Iterable[str]) -> Commands:
        """Part them."""
        told = [line for command in commands for line in _lines(command)]
        first = next((number for number, one in enumerate(told) if publishes(one)), len(told))
        rest = told[first:]
        last = next((number for number, one in enumerate(rest) if not publishes(one)), len(rest))
        parted = [_parted(one) for one in told[:first]]
        return cls(
            tuple(kept for kept, _ in parted if kept),
            tuple(out for _, out in parted if out),
            tuple(rest[:last]),
            tuple(rest[last:]),
        )

    @property
    def makes(self) -> bool:
        """Whether they make or judge something of the package."""
        return any(map(MAKES.search, self.run))

    @property
    def is_for_twine(self) -> bool:
        """Whether twine uploads, and without a stored password."""
        return all(TWINE.search(one) and not PASSWORD_IN_COMMAND.search(one) for one in self.upload)


def _lines(command: str) -> Iterator[str]:
    """Yield the commands of a text, each on a line; what is one command in several lines is left as it is."""
    text = command.strip()
    if COMPOUND.search(text):
        yield text
    else:
        yield from (line.strip() for line in re.split(r"(?<!\\)\n", text) if line.strip())


def _parted(command: str) -> tuple[str, str]:
    """Return of a command what can be run here, and what can't; "" for nothing."""
    if not _is_for_elsewhere(command):
        return command, ""
    if COMPOUND.search(command):
        return "", command
    parts = [part.strip() for part in command.split("&&")]
    kept = [part for part in parts if not _is_for_elsewhere(part)]
    return " && ".join(kept), " && ".join(part for part in parts if part not in kept)


def _is_for_elsewhere(command: str) -> bool:
    return any(pattern.search(command) for pattern in (BRINGS, ELSEWHERE, PUBLISHES))
