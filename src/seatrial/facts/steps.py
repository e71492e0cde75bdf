"""The steps of a job that can be run somewhere else than at GitHub (GitHub, "Workflow syntax for GitHub Actions")."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

EXPRESSION = re.compile(r"\$\{\{.*?\}\}", re.DOTALL)

MAKES = re.compile(
    r"(?:^|[\s;&|/])(?:(?:nox|seatrial|invoke|inv|pyproject-build)\s"
    r"|python3? -m (?:nox|build|invoke|seatrial)\b"
    r"|(?:uv|hatch|flit|pdm|poetry|maturin) build\b|twine check\b)"
)
"""What makes or judges the distributions, or what a project's own tasks do."""

BRINGS = re.compile(
    r"\b(?:pip3?|pipx|uv|poetry|pdm|apt|apt-get|brew|npm|conda)\s+(?:\S+\s+)*?(?:install|sync|ci)\b|\bcurl\b|\bwget\b"
)
"""What brings tools from the network: they are here already."""

PUBLISHES = re.compile(r"\b(?:upload|publish)\b")


@dataclass(frozen=True)
class Step:
    """A step that runs commands, with the variables that its workflow, its job and itself set."""

    name: str
    commands: str
    variables: tuple[tuple[str, str], ...] = ()

    @property
    def is_at_home_anywhere(self) -> bool:
        """Whether it makes or judges something, brings no tools, and needs no value that only GitHub has."""
        told = (self.commands, *(value for _, value in self.variables))
        return (
            bool(MAKES.search(self.commands))
            and not BRINGS.search(self.commands)
            and not PUBLISHES.search(self.commands)
            and not any(EXPRESSION.search(text) for text in told)
        )


def steps_of(job: Mapping[str, Any], workflow: Mapping[str, Any]) -> tuple[Step, ...]:
    """Return the steps of a job that run commands, but for those that stand under a condition."""
    found = job.get("steps")
    steps = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    return tuple(
        Step(str(one.get("name", "")), one["run"], tuple(_variables((workflow, job, one))))
        for one in steps
        if isinstance(one.get("run"), str) and "if" not in one and _is_for_bash(one, job, workflow)
    )


def needs_of(job: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the jobs that a job waits for."""
    told = job.get("needs", [])
    return tuple(one for one in (told if isinstance(told, list) else [told]) if isinstance(one, str))


def _variables(tables: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    merged = {}
    for table in tables:
        found = table.get("env")
        merged.update(found if isinstance(found, dict) else {})
    return ((str(name), value) for name, value in merged.items() if isinstance(value, str))


def _is_for_bash(*tables: Mapping[str, Any]) -> bool:
    """Whether nothing says that another shell runs it."""
    shells = []
    for table in tables:
        defaults = table.get("defaults")
        run = defaults.get("run") if isinstance(defaults, dict) else None
        shells += [table.get("shell"), run.get("shell") if isinstance(run, dict) else None]
    return all(one is None or str(one).startswith(("bash", "sh")) for one in shells)
