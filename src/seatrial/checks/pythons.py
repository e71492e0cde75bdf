"""Whether all that name the Pythons of a project name the same."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from seatrial.checks.project import SourceRule
from seatrial.checks.rule import verdict
from seatrial.errors import SeatrialError
from seatrial.findings import Finding, Weight

if TYPE_CHECKING:
    from seatrial.facts.sources import Sources

NEWEST = 20
"""Minor versions of Python 3 that are looked at; there are not so many yet."""

PATCHES = (*range(50), 999)


class PythonsBounded(SourceRule):
    """Requires-Python says which is the oldest."""

    code: ClassVar[str] = "META051"

    def check(self, facts: Sources) -> Finding:
        """Without it, installers of an old Python take a release that does not work there."""
        if facts.is_open("requires-python"):
            return Finding.skipped("the build backend fills it in")
        fix = f'requires-python = ">={next(iter(_classified(facts)), "3.9")}"'
        return verdict([] if facts.project.requires_python else ["there is no requires-python"], fix)


class PythonsNamed(SourceRule):
    """The classifiers name every Python from the oldest that Requires-Python admits, without a gap."""

    code: ClassVar[str] = "META052"

    def check(self, facts: Sources) -> Finding:
        """The matrix is read from them: a Python that is admitted and not named is never tested."""
        named, admitted = _classified(facts), _admitted(facts)
        if not named or not admitted:
            return Finding.skipped("one of both names none")
        newest = _minor(named[-1])
        missing = [one for one in admitted if _minor(one) <= newest and one not in named]
        said = f"requires-python admits {', '.join(missing)}, which no classifier names"
        fix = "raise requires-python, or add to the classifiers:\n" + "\n".join(
            f'"Programming Language :: Python :: {one}",' for one in missing
        )
        return verdict([said] if missing else [], fix)


class NoxfileLoads(SourceRule):
    """The noxfile can be loaded."""

    code: ClassVar[str] = "META053"
    weight: ClassVar[Weight] = Weight.ERROR

    def check(self, facts: Sources) -> Finding:
        """CI calls its sessions."""
        if not facts.listing.is_there:
            return Finding.skipped("there is none beside pyproject.toml")
        return verdict([facts.listing.failure] if facts.listing.failure else [], "nox -l")


class PythonsTested(SourceRule):
    """Every Python that the classifiers name has a session."""

    code: ClassVar[str] = "META054"
    needs: ClassVar[tuple[str, ...]] = ("META053",)

    def check(self, facts: Sources) -> Finding:
        """A promise that nobody tests is broken without a word."""
        run = facts.listing.pythons
        missing = [one for one in _classified(facts) if one not in run]
        said = f"no session of the noxfile runs on Python {', '.join(missing)}"
        return verdict([said] if missing else [], "sessions.tests() without pythons= runs on all that are named")


class TypesTarget(SourceRule):
    """mypy and ruff are told the oldest Python, or none."""

    code: ClassVar[str] = "META055"

    def check(self, facts: Sources) -> Finding:
        """What was added to Python later would be taken for granted."""
        oldest = next(iter(_admitted(facts)), "") or next(iter(_classified(facts)), "")
        told = {"mypy's python_version": _text(facts.project.mypy_settings.get("python_version", ""))}
        ruff = facts.project.table.get("tool", {}).get("ruff", {}).get("target-version", "")
        told["ruff's target-version"] = re.sub(r"^py3(\d+)$", r"3.\1", _text(ruff))
        said = [f"{who} is {what}, and the oldest is {oldest}" for who, what in told.items() if what and what != oldest]
        return verdict(said if oldest else [], f"make it {oldest}, or leave it out: seatrial types on every Python")


class PythonsInWorkflows(SourceRule):
    """Where workflows name the Pythons to test on, they name all of them, and no other."""

    code: ClassVar[str] = "META056"

    def check(self, facts: Sources) -> Finding:
        """A matrix that is typed twice drifts apart."""
        named = _classified(facts)
        jobs = [
            (workflow, job)
            for workflow in facts.workflows
            for job in workflow.jobs
            if len(job.pythons) > 1 and not set(job.pythons).isdisjoint(named)
        ]
        if not jobs or not named:
            return Finding.skipped("none of them names several")
        run = {one for _, job in jobs for one in job.pythons}
        missing = [one for one in named if one not in run]
        beyond = sorted(run - set(named), key=_minor)
        said = [f"no workflow runs Python {', '.join(missing)}"] if missing else []
        said += [f"workflows run Python {', '.join(beyond)}, which no classifier names"] if beyond else []
        return verdict(said, "have the matrix come from nox --list --json, or mend it by hand")


def _classified(facts: Sources) -> tuple[str, ...]:
    """Return the Pythons that the classifiers name, the oldest first, none where they contradict something."""
    try:
        return tuple(one for one in facts.project.pythons if one[-1].isdecimal())
    except SeatrialError:
        return ()


def _admitted(facts: Sources) -> tuple[str, ...]:
    # Loaded here because the rest does without.
    from packaging.specifiers import InvalidSpecifier, SpecifierSet  # noqa: PLC0415

    try:
        allowed = SpecifierSet(facts.project.requires_python)
    except InvalidSpecifier:
        return ()
    if not str(allowed):
        return ()
    # Some release of it has to be admitted: ">=3.9.2" admits 3.9.
    found = (f"3.{minor}" for minor in range(NEWEST) if any(allowed.contains(f"3.{minor}.{one}") for one in PATCHES))
    return tuple(found)


def _minor(python: str) -> int:
    return int(python.partition(".")[2])


def _text(value: object) -> str:
    return str(value) if isinstance(value, (str, int, float)) else ""
