"""The session ``lint``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial import process
from seatrial.errors import ProjectError
from seatrial.sessions.registration import (
    Groups,
    Registration,
    as_strings,
    current_project,
    register_session,
    user_facing,
)

if TYPE_CHECKING:
    import nox

    from seatrial.project.project import Project


GROUP = "lint"


@dataclass(frozen=True)
class Linter:
    """A linter: its requirement, None if the dependency groups have it, and its commands in turn."""

    requirement: str | None
    commands: tuple[tuple[str, ...], ...]


@user_facing
def lint(
    *,
    groups: Sequence[str] = (),
    command: Sequence[str] = (),
    locked: bool = True,
    tags: Sequence[str] = ("ci",),
) -> None:
    """Register ``lint``: pre-commit where the project configures it, else ruff, or ``command``.

    ``groups``: the dependency groups to install; without it the group ``lint``, if there is one, and the linter;
    ``locked``: whether what a lock file pins is installed as it is there.
    ``ruff format --check`` follows ``ruff check`` where there is a ``[tool.ruff.format]``. Positional arguments go
    to the first command: ``nox -s lint -- --fix``.
    """
    words = as_strings(command, "command")
    needed = Groups(as_strings(groups, "groups"), (GROUP,), "the linters")
    linter = Linter(None, (words,)) if words else configured_linter(current_project())

    def run(session: nox.Session) -> None:
        # The imports of a session are in its function, because `nox -l` starts faster without them.
        from seatrial.sessions.environment import fill_environment, locked_pins, resolve_groups  # noqa: PLC0415

        if linter is None:
            raise ProjectError(
                f"{current_project().root} configures no linter: no .pre-commit-config.yaml, no [tool.ruff], no "
                "ruff.toml",
                code="NothingToLint",
                fix="add [tool.ruff] to pyproject.toml, or name a command and the group that brings it:\n"
                'sessions.lint(command=["flake8"], groups=["lint"])',
            )
        installed = resolve_groups(needed.present(), linter.requirement)
        fill_environment(session, installed, locked_pins(session, locked=locked))
        for number, arguments in enumerate(linter.commands):
            session.run(*arguments, *(session.posargs if number == 0 else ()), env=process.secrets_removed())

    about = "Run " + (" and ".join(" ".join(words[:2]) for words in linter.commands) if linter else "no linter yet")
    register_session(Registration("lint", about, as_strings(tags, "tags")), run)


def configured_linter(project: Project) -> Linter | None:
    """Return the linter that a project configures, None when it configures none."""
    if (project.root / ".pre-commit-config.yaml").is_file():
        return Linter("pre-commit", (("pre-commit", "run", "--all-files", "--show-diff-on-failure"),))
    if project.configures("ruff", "ruff.toml", ".ruff.toml"):
        check = ("ruff", "check")
        format_ = ("ruff", "format", "--check")
        return Linter("ruff", (check, format_) if project.formats_with_ruff else (check,))
    return None
