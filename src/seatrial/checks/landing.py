"""Whether an index has room for a release, as far as its public pages tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from seatrial.checks.rule import shown, verdict
from seatrial.command_line import typed
from seatrial.facts.contents import Kind
from seatrial.findings import Finding, Weight

if TYPE_CHECKING:
    from seatrial.facts.shelf import Arrival, Landing

JUMP = 3
"""How many times the size of before is much more."""

SMALL = 1 << 20
"""What a file may grow by in any case, in bytes."""


class LandingRule:
    """A check of a release beside what the index holds."""

    weight: ClassVar[Weight] = Weight.ERROR
    needs: ClassVar[tuple[str, ...]] = ()
    code: ClassVar[str]


class VersionFree(LandingRule):
    """The index has no file of the version."""

    code: ClassVar[str] = "INDEX011"

    def check(self, facts: Landing) -> Finding:
        """A version is published once: what is there stays, whatever a tag says later."""
        if facts.version is None:
            return Finding.unknown("no version was found to release")
        there = shown(f"{one.name}  sha256 {one.sha256}" for one in facts.shelf.of_release(facts.version))
        said = [f"{facts.index} has {facts.name} {facts.version}:", *there]
        follows = typed(f"release --version {facts.shelf.after(facts.version)}")
        return verdict(said if there else [], f"release the version after it: {follows}")


class NameOurs(LandingRule):
    """The project of that name is this one, or nobody has the name yet."""

    code: ClassVar[str] = "INDEX012"
    weight: ClassVar[Weight] = Weight.WARNING

    def check(self, facts: Landing) -> Finding:
        """Who has a name, keeps it: the first upload of somebody else is refused."""
        if not facts.shelf.project:
            return Finding.passed(f"{facts.index} does not know {facts.name}: its first upload takes the name")
        known = ", ".join(map(str, facts.shelf.versions[-3:]))
        said = [f"{facts.index} has {facts.name} {known}, and no tag here is of one of them"]
        said += [f"it is by {facts.holder}"] if facts.holder else []
        return verdict(said if facts.is_strange else [], "if it is not yours, choose another name")


class ProjectOpen(LandingRule):
    """The project takes new releases."""

    code: ClassVar[str] = "INDEX013"

    def check(self, facts: Landing) -> Finding:
        """One that is archived or in quarantine takes no upload (PEP 792)."""
        closed = facts.shelf.status in {"archived", "quarantined"}
        fix = "unarchive it in its settings on the index; about a quarantine, ask the index"
        return verdict([f"{facts.index} has it as {facts.shelf.status}"] if closed else [], fix)


class SizeAsBefore(LandingRule):
    """No file is much larger than that of the release before."""

    code: ClassVar[str] = "INDEX014"
    weight: ClassVar[Weight] = Weight.WARNING

    def check(self, facts: Arrival) -> Finding:
        """An environment, a data set or a video went along by mistake."""
        kind, versions = Kind.of(facts.archive.name), facts.shelf.versions
        before = (
            [one.size for one in facts.shelf.of_release(versions[-1]) if Kind.of(one.name) is kind] if versions else []
        )
        limit = max(max(before, default=0) * JUMP, max(before, default=0) + SMALL)
        said = f"it has {facts.archive.size:,} bytes, and the one of {versions[-1]} {max(before):,}" if before else ""
        return verdict([said] if said and facts.archive.size > limit else [], "look what is in it: nox -s check")
