"""Checks of the version, the changelog and the build of a release."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from seatrial.checks.check import ReleaseErrorCheck, ReleaseStage

if TYPE_CHECKING:
    from seatrial.checks.check import ReleaseAttempt
    from seatrial.findings import Finding


class ProjectReadable(ReleaseErrorCheck):
    """pyproject.toml and what it leads to can be read."""

    code: ClassVar[str] = "META001"
    codes: ClassVar[tuple[str, ...]] = ("ProjectError",)
    stage: ClassVar[ReleaseStage] = ReleaseStage.PARSED

    def check(self, facts: ReleaseAttempt) -> Finding:
        """All tools read it, and each stops at a mistake in its own words."""
        return self.finding_for(facts)


class VersionKnown(ReleaseErrorCheck):
    """The version is the same everywhere."""

    code: ClassVar[str] = "META002"
    codes: ClassVar[tuple[str, ...]] = ("VersionNotFound", "VersionsDisagree")
    stage: ClassVar[ReleaseStage] = ReleaseStage.READ

    def check(self, facts: ReleaseAttempt) -> Finding:
        """Two places with two versions are one bug report about the wrong one."""
        return self.finding_for(facts)


class VersionNext(ReleaseErrorCheck):
    """The version that is asked for comes after the last one."""

    code: ClassVar[str] = "META003"
    codes: ClassVar[tuple[str, ...]] = (
        *("VersionInvalid", "VersionNotNewer", "PartUnknown", "PartMissing"),
        "PartTooSmall",
    )
    stage: ClassVar[ReleaseStage] = ReleaseStage.CHOSEN

    def check(self, facts: ReleaseAttempt) -> Finding:
        """Installers take the highest version, and who reads a patch release expects no new feature in it."""
        return self.finding_for(facts)


class VersionWritten(ReleaseErrorCheck):
    """The version can be written wherever it stands."""

    code: ClassVar[str] = "META004"
    codes: ClassVar[tuple[str, ...]] = ("VersionNotWritten",)
    stage: ClassVar[ReleaseStage] = ReleaseStage.WRITTEN

    def check(self, facts: ReleaseAttempt) -> Finding:
        """A place that is left behind is a version that lies."""
        return self.finding_for(facts)


class Fragments(ReleaseErrorCheck):
    """Every fragment is one that towncrier takes, and there is one."""

    code: ClassVar[str] = "META005"
    codes: ClassVar[tuple[str, ...]] = ("FragmentInvalid", "FragmentTypeUnknown", "NoFragments")
    stage: ClassVar[ReleaseStage] = ReleaseStage.CHOSEN

    def check(self, facts: ReleaseAttempt) -> Finding:
        """A fragment that towncrier does not know is skipped without a word, and nobody learns what was new."""
        return self.finding_for(facts)


class Entry(ReleaseErrorCheck):
    """The entry of the release can go into the changelog."""

    code: ClassVar[str] = "META006"
    codes: ClassVar[tuple[str, ...]] = (*("MarkerMissing", "EntryExists", "FileNotUtf8", "NewsNotConfigured"),)
    stage: ClassVar[ReleaseStage] = ReleaseStage.WRITTEN

    def check(self, facts: ReleaseAttempt) -> Finding:
        """Without the marker, an entry would land at the end or in the middle."""
        return self.finding_for(facts)


class Built(ReleaseErrorCheck):
    """The sdist, and the wheel from that sdist, can be built, and are of the version that the tag names."""

    code: ClassVar[str] = "DIST411"
    codes: ClassVar[tuple[str, ...]] = ("BuildError", "ProofFailed")
    stage: ClassVar[ReleaseStage] = ReleaseStage.BUILT

    def check(self, facts: ReleaseAttempt) -> Finding:
        """What can't be built in a clean clone of the commit, CI can't build either."""
        return self.finding_for(facts)


class NothingElse(ReleaseErrorCheck):
    """Nothing else ends the release before its push."""

    code: ClassVar[str] = "META007"
    codes: ClassVar[tuple[str, ...]] = ("ToolError",)
    stage: ClassVar[ReleaseStage] = ReleaseStage.WRITTEN

    def check(self, facts: ReleaseAttempt) -> Finding:
        """A command of lock that fails, a tool that is not there: better now than half-way."""
        return self.finding_for(facts)
