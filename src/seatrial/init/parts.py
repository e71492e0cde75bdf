"""The parts of a proposal, each of which a maintainer can leave out: by an option, or in a menu before the files."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Callable

from seatrial.errors import ProjectError
from seatrial.init.changelog_plan import plan_changelog
from seatrial.init.files import missing_classifiers
from seatrial.init.propose import has_own_ci, propose_changes
from seatrial.init.sessions import plan_sessions
from seatrial.prompts import Choice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seatrial.init.changelog_plan import ChangelogSource
    from seatrial.init.detect import DetectedProject
    from seatrial.init.files import Proposal
    from seatrial.init.sessions import PlannedSession


GO_ON = "go on"
"""The answer of the menu that changes nothing."""

SESSIONS = ("tests", "mypy", "lint")
"""The sessions that can be left out; the others make and check the distributions."""

SOURCES: tuple[ChangelogSource, ...] = ("unreleased", "fragments", "none")


@dataclass(frozen=True)
class Parts:
    """What is proposed; ``changelog`` and ``moves_notes``: as for `plan_changelog`; ``without``: sessions left out."""

    workflows: bool = True
    classifiers: bool = False
    tasks: bool = True
    changelog: ChangelogSource | None = None
    moves_notes: bool = False
    without: tuple[str, ...] = ()

    def planned(self, detected: DetectedProject) -> tuple[PlannedSession, ...]:
        """Return the sessions of the noxfile."""
        return tuple(session for session in plan_sessions(detected) if session.name not in self.without)

    def propose(self, detected: DetectedProject, planned: Sequence[PlannedSession] | None = None) -> Proposal:
        """Return the files to write; ``planned``: the sessions of the noxfile, None for all that are not left out."""
        return propose_changes(
            detected,
            workflows=self.workflows,
            classifiers=self.classifiers,
            changelog=self.changelog,
            moves_notes=self.moves_notes,
            tasks=self.tasks,
            planned=self.planned(detected) if planned is None else planned,
        )

    def choices(self, detected: DetectedProject) -> tuple[Choice, ...]:
        """Return the rows of the menu: what is written of each part that the project can have."""
        names = dict.fromkeys(plan.name for plan in plan_sessions(detected) if plan.name in SESSIONS)
        rows = [Choice(GO_ON, "with these parts")]
        rows += [Choice(name, _yes(is_written=name not in self.without)) for name in names]
        rows.append(Choice("changelog", self._source(detected)))
        if not has_own_ci(detected):
            rows.append(Choice("workflows", _yes(is_written=self.workflows)))
        if not detected.project.pythons_classified and missing_classifiers(detected.project):
            rows.append(Choice("classifiers", _yes(is_written=self.classifiers)))
        if not (detected.project.root / "tasks.py").exists():
            rows.append(Choice("tasks.py", _yes(is_written=self.tasks)))
        return tuple(rows)

    def changed(self, detected: DetectedProject, word: str) -> Parts:
        """Return the parts after a row of the menu was chosen."""
        if word in SESSIONS:
            kept = tuple(name for name in self.without if name != word)
            return replace(self, without=kept if word in self.without else (*self.without, word))
        if word == "changelog":
            place = SOURCES.index(self._source(detected)) + 1
            source = SOURCES[place % len(SOURCES)]
            return replace(self, changelog=source, moves_notes=source == "fragments")
        if word == "workflows":
            return replace(self, workflows=not self.workflows)
        if word == "classifiers":
            return replace(self, classifiers=not self.classifiers)
        return replace(self, tasks=not self.tasks)

    def _source(self, detected: DetectedProject) -> ChangelogSource:
        return plan_changelog(detected, self.changelog, moves_notes=self.moves_notes).source


def _yes(*, is_written: bool) -> str:
    return "yes" if is_written else "no"


def require_sessions(names: Sequence[str]) -> tuple[str, ...]:
    """Return the sessions that are left out. Raises `SessionUnknown`."""
    unknown = [name for name in names if name not in SESSIONS]
    if unknown:
        raise ProjectError(
            f"--without {unknown[0]} is none of {', '.join(SESSIONS)}",
            code="SessionUnknown",
            fix="--without mypy, for a noxfile without types",
        )
    return tuple(dict.fromkeys(names))


def choose_parts(
    detected: DetectedProject, parts: Parts, choose: Callable[[Sequence[Choice]], str | None]
) -> Parts | None:
    """Return the parts that a user chooses, each answer changing one of them; None when the user leaves.

    ``choose``: shows the rows of the menu, and returns the word of the one that is chosen.
    """
    while (word := choose(parts.choices(detected))) != GO_ON:
        if word is None:
            return None
        parts = parts.changed(detected, word)
    return parts
