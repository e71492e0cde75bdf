"""Checks of what stops a release before its push (GIT0xx, META00x, DIST411): of git, its remote, and the project.

A release and a preflight report the same errors, because they run the same steps: each error that can end a release
belongs to one check, and a test verifies that none is missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from seatrial.checks.check import WARNING, Check, check, first_lines
from seatrial.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Collection

    from seatrial.errors import SeatrialError


class ReleaseStage(Enum):
    """What a release does, one after the other, before it pushes; the value says what has not happened."""

    LOOKED = "the repository could not be read"
    ASKED = "the remote was not asked"
    TRIED = "no push was tried"
    PARSED = "pyproject.toml could not be read"
    READ = "version and fragments could not be read"
    CHOSEN = "no version was found to release"
    WRITTEN = "the version and the changelog were not written"
    SEALED = "no commit and no tag were made"
    BUILT = "nothing was built"


@dataclass(frozen=True)
class ReleaseAttempt:
    """The steps of a release, continued where a release stops.

    ``reasons``: why there can be no release, each with its fix; ``reached``: the stages that were completed;
    ``unfinished``: paths in the checkout that differ from the commit; ``unpushed``: how many commits would be pushed
    with the release.
    """

    reasons: tuple[SeatrialError, ...] = ()
    reached: frozenset[ReleaseStage] = frozenset()
    unfinished: tuple[str, ...] = ()
    unpushed: int = 0

    def refused_by(self, codes: Collection[str]) -> tuple[SeatrialError, ...]:
        """Return the reasons with these codes, or of the families with these names."""
        return tuple(reason for reason in self.reasons if {reason.code, *_families(reason)} & set(codes))


def _families(reason: SeatrialError) -> tuple[str, ...]:
    return tuple(kind.__name__ for kind in type(reason).__mro__)


@dataclass(frozen=True)
class ErrorCheck:
    """A check that fails for ``errors``, by their codes or families; it is unknown until ``stage`` was completed."""

    code: str
    title: str
    why: str
    stage: ReleaseStage
    errors: tuple[str, ...]

    def as_check(self) -> Check[ReleaseAttempt]:
        """Return the check."""
        return Check(self.code, self.title, self.why, self._find)

    def _find(self, attempt: ReleaseAttempt) -> Finding:
        reasons = attempt.refused_by(self.errors)
        if reasons:
            fixes = dict.fromkeys(reason.fix for reason in reasons if reason.fix)
            return Finding.failed("\n".join(reason.what for reason in reasons), "\n".join(fixes))
        return _passed_if_reached(attempt, self.stage)


def _passed_if_reached(attempt: ReleaseAttempt, stage: ReleaseStage) -> Finding:
    return Finding.passed() if stage in attempt.reached else Finding.unknown(stage.value)


GIT_ERRORS = (
    ErrorCheck(
        "GIT001",
        "The project is in a git repository with at least one commit",
        "A release is a commit and a tag, made from a commit.",
        ReleaseStage.LOOKED,
        ("NoRepository", "NoCommit", "InsideGitHook"),
    ),
    ErrorCheck(
        "GIT002",
        "No other release of the repository is running or unfinished",
        "Two releases at once would give the version to two commits.",
        ReleaseStage.LOOKED,
        ("AnotherRelease", "CheckoutNotUpdated", "NoteUnreadable", "PushUnknown", "RemoteGone"),
    ),
    ErrorCheck(
        "GIT003",
        "The repository has its complete history",
        "Versions, the form of tags and the list of changes are read from the history.",
        ReleaseStage.LOOKED,
        ("ShallowClone",),
    ),
    ErrorCheck(
        "GIT004",
        "No merge, rebase or similar operation is in progress",
        "HEAD will be another commit when it is finished.",
        ReleaseStage.LOOKED,
        ("MergeUnderWay",),
    ),
    ErrorCheck(
        "GIT005",
        "A branch is checked out",
        "The commit of a release is pushed to a branch of the remote, together with its tag.",
        ReleaseStage.LOOKED,
        ("DetachedHead",),
    ),
    ErrorCheck(
        "GIT006",
        "The release branch is checked out",
        "A release from a topic branch contains changes that were not reviewed.",
        ReleaseStage.READ,
        ("WrongBranch",),
    ),
    ErrorCheck(
        "GIT007",
        "The branch tracks a branch of a remote that has one push address",
        "Branch and tag are pushed in one transaction with one remote: both or neither.",
        ReleaseStage.LOOKED,
        ("NoRemote", "NoUpstream", "SeveralPushAddresses"),
    ),
    ErrorCheck(
        "GIT008",
        "The remote can be reached",
        "A remote that does not answer cannot be pushed to either.",
        ReleaseStage.ASKED,
        ("RemoteUnreachable",),
    ),
    ErrorCheck(
        "GIT009",
        "You may push to the remote",
        "Read access does not include write access; rules about branches and tags show only when they are broken.",
        ReleaseStage.TRIED,
        ("PushForbidden",),
    ),
    ErrorCheck(
        "GIT010",
        "The branch contains all commits of the remote branch",
        "Otherwise the remote refuses the push, and the release lacks what others have pushed.",
        ReleaseStage.ASKED,
        ("BranchBehind", "BranchDiverged"),
    ),
    ErrorCheck(
        "GIT011",
        "git has a name and an e-mail address for commits",
        "The release is a commit in your name.",
        ReleaseStage.LOOKED,
        ("NoIdentity",),
    ),
    ErrorCheck(
        "GIT012",
        "The tags of the remote's releases are in the local repository",
        "Without them, the last release would be guessed.",
        ReleaseStage.READ,
        ("TagsMissing",),
    ),
    ErrorCheck(
        "GIT013",
        "The tag is not taken, locally or on the remote",
        "A tag that moves cannot be trusted, and CI would publish the commit that it finds there.",
        ReleaseStage.CHOSEN,
        ("TagTaken",),
    ),
    ErrorCheck(
        "GIT014",
        "The hooks of the repository accept the release commit",
        "The release commit runs the same hooks as any other commit.",
        ReleaseStage.SEALED,
        ("HookRefused",),
    ),
    ErrorCheck(
        "GIT015",
        "Commit and tag can be signed, if yours are",
        "An expired key or a locked agent would stop the release at its end.",
        ReleaseStage.SEALED,
        ("SigningFailed",),
    ),
)

PROJECT_ERRORS = (
    ErrorCheck(
        "META001",
        "pyproject.toml and the files that it names can be read",
        "Every tool reads them, and each reports a mistake in its own words.",
        ReleaseStage.PARSED,
        ("ProjectError",),
    ),
    ErrorCheck(
        "META002",
        "All version files contain the same version",
        "If two places differ, one of them is wrong in every bug report.",
        ReleaseStage.READ,
        ("VersionNotFound", "VersionsDisagree", "TagFormUnclear"),
    ),
    ErrorCheck(
        "META003",
        "The requested version is newer than the last one",
        "Installers choose the highest version, and a patch release should not contain new features.",
        ReleaseStage.CHOSEN,
        ("VersionInvalid", "VersionNotNewer", "PartUnknown", "PartMissing", "PartTooSmall"),
    ),
    ErrorCheck(
        "META004",
        "The version can be written to every version file",
        "A file that is not updated contains a wrong version.",
        ReleaseStage.WRITTEN,
        ("VersionNotWritten",),
    ),
    ErrorCheck(
        "META005",
        "There are fragments, and towncrier accepts all of them",
        "towncrier skips a fragment with an unknown type without a message.",
        ReleaseStage.CHOSEN,
        ("FragmentInvalid", "FragmentTypeUnknown", "NoFragments"),
    ),
    ErrorCheck(
        "META006",
        "The entry of the release can be added to the changelog",
        "Without the marker, towncrier adds an entry at the end or in the middle. Notes below an Unreleased heading "
        "are in no entry that is made from fragments.",
        ReleaseStage.WRITTEN,
        ("MarkerMissing", "EntryExists", "UnreleasedNotes", "FileNotUtf8", "NewsNotConfigured"),
    ),
    ErrorCheck(
        "META007",
        "Nothing else stops the release before its push",
        "A lock command that fails or a missing tool should not stop a release halfway.",
        ReleaseStage.WRITTEN,
        ("ToolError",),
    ),
    ErrorCheck(
        "META008",
        "CI runs for the commit of the release",
        "A marker such as [skip ci] in its message keeps the workflow that publishes from starting, for the tag too.",
        ReleaseStage.WRITTEN,
        ("CiSkipped",),
    ),
    ErrorCheck(
        "DIST411",
        "The sdist, and the wheel from that sdist, can be built, and have the version of the tag",
        "If a clean clone of the commit does not build here, it does not build in CI either.",
        ReleaseStage.BUILT,
        ("BuildError", "VerificationFailed", "TreeDiffers"),
    ),
)


@check(
    "GIT016",
    "Everything in the checkout is committed",
    "A release is made from the commit, so changes that are not committed are not released.",
    severity=WARNING,
)
def finished(attempt: ReleaseAttempt) -> Finding:
    if attempt.unfinished:
        fix = "git add --all && git commit, if it belongs to the release"
        return Finding.failed("\n".join(first_lines(attempt.unfinished)), fix)
    return _passed_if_reached(attempt, ReleaseStage.LOOKED)


@check(
    "GIT017",
    "Everything that is committed is on the remote",
    "Commits that were not pushed are pushed with the release, and CI has not tested them.",
    severity=WARNING,
)
def pushed(attempt: ReleaseAttempt) -> Finding:
    if attempt.unpushed:
        count = "1 commit is" if attempt.unpushed == 1 else f"{attempt.unpushed} commits are"
        return Finding.failed(f"{count} not on the remote yet", "git push, and wait for CI")
    return _passed_if_reached(attempt, ReleaseStage.ASKED)


ERROR_CHECKS = (*GIT_ERRORS, *PROJECT_ERRORS)
CHECKS = (
    *(row.as_check() for row in GIT_ERRORS),
    *(finished, pushed),
    *(row.as_check() for row in PROJECT_ERRORS),
)
