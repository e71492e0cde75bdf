"""Whether the version and the changelog of a release can be made, and whether it can be built."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from seatrial.checks.refusing import Refusal
from seatrial.facts.walk import Stage

if TYPE_CHECKING:
    from seatrial.facts.walk import Walk
    from seatrial.findings import Finding


class Readable(Refusal):
    """pyproject.toml and what it leads to can be read."""

    code: ClassVar[str] = "META001"
    codes: ClassVar[tuple[str, ...]] = ("ProjectError",)
    stage: ClassVar[Stage] = Stage.PARSED

    def check(self, facts: Walk) -> Finding:
        """All tools read it, and each stops at a mistake in its own words."""
        return self.verdict(facts)


class VersionKnown(Refusal):
    """The version is the same everywhere."""

    code: ClassVar[str] = "META002"
    codes: ClassVar[tuple[str, ...]] = ("VersionNotFound", "VersionsDisagree")
    stage: ClassVar[Stage] = Stage.READ

    def check(self, facts: Walk) -> Finding:
        """Two places with two versions are one bug report about the wrong one."""
        return self.verdict(facts)


class VersionNext(Refusal):
    """The version that is asked for comes after the last one."""

    code: ClassVar[str] = "META003"
    codes: ClassVar[tuple[str, ...]] = (
        *("VersionInvalid", "VersionNotNewer", "PartUnknown", "PartMissing"),
        "PartTooSmall",
    )
    stage: ClassVar[Stage] = Stage.CHOSEN

    def check(self, facts: Walk) -> Finding:
        """Installers take the highest version, and who reads a patch release expects no new feature in it."""
        return self.verdict(facts)


class VersionWritten(Refusal):
    """The version can be written wherever it stands."""

    code: ClassVar[str] = "META004"
    codes: ClassVar[tuple[str, ...]] = ("VersionNotWritten",)
    stage: ClassVar[Stage] = Stage.WRITTEN

    def check(self, facts: Walk) -> Finding:
        """A place that is left behind is a version that lies."""
        return self.verdict(facts)


class Fragments(Refusal):
    """Every fragment is one that towncrier takes, and there is one."""

    code: ClassVar[str] = "META005"
    codes: ClassVar[tuple[str, ...]] = ("FragmentInvalid", "FragmentTypeUnknown", "NoFragments")
    stage: ClassVar[Stage] = Stage.CHOSEN

    def check(self, facts: Walk) -> Finding:
        """A fragment that towncrier does not know is skipped without a word, and nobody learns what was new."""
        return self.verdict(facts)


class Entry(Refusal):
    """The entry of the release can go into the changelog."""

    code: ClassVar[str] = "META006"
    codes: ClassVar[tuple[str, ...]] = (*("MarkerMissing", "EntryExists", "FileNotUtf8", "NewsNotConfigured"),)
    stage: ClassVar[Stage] = Stage.WRITTEN

    def check(self, facts: Walk) -> Finding:
        """Without the marker, an entry would land at the end or in the middle."""
        return self.verdict(facts)


class Built(Refusal):
    """The sdist, and the wheel from that sdist, can be built, and are of the version that the tag names."""

    code: ClassVar[str] = "DIST411"
    codes: ClassVar[tuple[str, ...]] = ("BuildError", "ProofFailed")
    stage: ClassVar[Stage] = Stage.BUILT

    def check(self, facts: Walk) -> Finding:
        """What can't be built in a clean clone of the commit, CI can't build either."""
        return self.verdict(facts)


class NothingElse(Refusal):
    """Nothing else ends the release before its push."""

    code: ClassVar[str] = "META007"
    codes: ClassVar[tuple[str, ...]] = ("ToolError",)
    stage: ClassVar[Stage] = Stage.WRITTEN

    def check(self, facts: Walk) -> Finding:
        """A command of lock that fails, a tool that is not there: better now than half-way."""
        return self.verdict(facts)
