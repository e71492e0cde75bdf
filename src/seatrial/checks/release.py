"""Checks of a release: what stops it before its push (GIT0xx, META00x), and all its files together (DIST4xx).

A release and a preflight report the same errors, because they run the same steps: each error that can end a release
belongs to one check, and a test verifies that none is missing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from seatrial.checks.check import WARNING, Check, check, finding_of, first_lines
from seatrial.findings import Finding

if TYPE_CHECKING:
    from seatrial.distributions.comparison import ReleaseFiles
    from seatrial.distributions.distribution import Distribution
    from seatrial.distributions.reproducible import RebuildResult
    from seatrial.errors import SeatrialError


warning_check = partial(check, severity=WARNING)


class ReleaseStage(Enum):
    """What a release does, one after the other, before it pushes; the value says what has not happened."""

    REPOSITORY_READ = "the repository could not be read"
    REMOTE_READ = "the remote was not read"
    PUSH_TRIED = "no push was tried"
    SETTINGS_READ = "pyproject.toml could not be read"
    VERSION_READ = "version and fragments could not be read"
    VERSION_CHOSEN = "no version was found to release"
    WRITTEN = "the version and the changelog were not written"
    COMMITTED = "no commit and no tag were made"
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
        families = {reason: {kind.__name__ for kind in type(reason).__mro__} for reason in self.reasons}
        return tuple(reason for reason, names in families.items() if {reason.code, *names} & set(codes))


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
        ReleaseStage.REPOSITORY_READ,
        ("NoRepository", "NoCommit", "InsideGitHook"),
    ),
    ErrorCheck(
        "GIT002",
        "No other release of the repository is running or unfinished",
        "Two releases at once would give the version to two commits.",
        ReleaseStage.REPOSITORY_READ,
        ("AnotherRelease", "CheckoutNotUpdated", "NoteUnreadable", "PushUnknown", "RemoteGone"),
    ),
    ErrorCheck(
        "GIT003",
        "The repository has its complete history",
        "Versions, the form of tags and the list of changes are read from the history.",
        ReleaseStage.REPOSITORY_READ,
        ("ShallowClone",),
    ),
    ErrorCheck(
        "GIT004",
        "No merge, rebase or similar operation is in progress",
        "HEAD will be another commit when it is finished.",
        ReleaseStage.REPOSITORY_READ,
        ("MergeUnderWay",),
    ),
    ErrorCheck(
        "GIT005",
        "A branch is checked out",
        "The commit of a release is pushed to a branch of the remote, together with its tag.",
        ReleaseStage.REPOSITORY_READ,
        ("DetachedHead",),
    ),
    ErrorCheck(
        "GIT006",
        "The release branch is checked out",
        "A release from a topic branch contains changes that were not reviewed.",
        ReleaseStage.VERSION_READ,
        ("WrongBranch",),
    ),
    ErrorCheck(
        "GIT007",
        "The branch tracks a branch of a remote that has one push address",
        "Branch and tag are pushed in one transaction with one remote: both or neither.",
        ReleaseStage.REPOSITORY_READ,
        ("NoRemote", "NoUpstream", "SeveralPushAddresses"),
    ),
    ErrorCheck(
        "GIT008",
        "The remote can be reached",
        "A remote that does not answer cannot be pushed to either.",
        ReleaseStage.REMOTE_READ,
        ("RemoteUnreachable",),
    ),
    ErrorCheck(
        "GIT009",
        "You may push to the remote",
        "Read access does not include write access; rules about branches and tags show only when they are broken.",
        ReleaseStage.PUSH_TRIED,
        ("PushForbidden",),
    ),
    ErrorCheck(
        "GIT010",
        "The branch contains all commits of the remote branch",
        "Otherwise the remote refuses the push, and the release lacks what others have pushed.",
        ReleaseStage.REMOTE_READ,
        ("BranchBehind", "BranchDiverged"),
    ),
    ErrorCheck(
        "GIT011",
        "git has a name and an e-mail address for commits",
        "The release is a commit in your name.",
        ReleaseStage.REPOSITORY_READ,
        ("NoIdentity",),
    ),
    ErrorCheck(
        "GIT012",
        "The tags of the remote's releases are in the local repository",
        "Without them, the last release would be guessed.",
        ReleaseStage.VERSION_READ,
        ("TagsMissing",),
    ),
    ErrorCheck(
        "GIT013",
        "The tag is not taken, locally or on the remote",
        "A tag that moves cannot be trusted, and CI would publish the commit that it finds there.",
        ReleaseStage.VERSION_CHOSEN,
        ("TagTaken",),
    ),
    ErrorCheck(
        "GIT014",
        "The hooks of the repository accept the release commit",
        "The release commit runs the same hooks as any other commit.",
        ReleaseStage.COMMITTED,
        ("HookRefused",),
    ),
    ErrorCheck(
        "GIT015",
        "Commit and tag can be signed, if yours are",
        "An expired key or a locked agent would stop the release at its end.",
        ReleaseStage.COMMITTED,
        ("SigningFailed",),
    ),
)

PROJECT_ERRORS = (
    ErrorCheck(
        "META001",
        "pyproject.toml and the files that it names can be read",
        "Every tool reads them, and each reports a mistake in its own words.",
        ReleaseStage.SETTINGS_READ,
        ("ProjectError",),
    ),
    ErrorCheck(
        "META002",
        "All version files contain the same version",
        "If two places differ, one of them is wrong in every bug report.",
        ReleaseStage.VERSION_READ,
        ("VersionNotFound", "VersionsDisagree", "TagFormUnclear"),
    ),
    ErrorCheck(
        "META003",
        "The requested version is newer than the last one",
        "Installers choose the highest version, and a patch release should not contain new features.",
        ReleaseStage.VERSION_CHOSEN,
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
        ReleaseStage.VERSION_CHOSEN,
        ("FragmentInvalid", "FragmentTypeUnknown", "NoFragments"),
    ),
    ErrorCheck(
        "META006",
        "The entry of the release can be added to the changelog",
        "Without the marker, towncrier adds an entry above the title of the changelog. Notes below an Unreleased "
        "heading are in no entry that is made from fragments.",
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


@warning_check(
    "GIT016",
    "Everything in the checkout is committed",
    "A release is made from the commit, so changes that are not committed are not released.",
)
def finished(attempt: ReleaseAttempt) -> Finding:
    if attempt.unfinished:
        fix = "git add --all && git commit, if it belongs to the release"
        return Finding.failed(f"not committed: {', '.join(first_lines(attempt.unfinished))}", fix)
    return _passed_if_reached(attempt, ReleaseStage.REPOSITORY_READ)


@warning_check(
    "GIT017",
    "Everything that is committed is on the remote",
    "Commits that were not pushed are pushed with the release, and CI has not tested them.",
)
def pushed(attempt: ReleaseAttempt) -> Finding:
    if attempt.unpushed:
        count = "1 commit is" if attempt.unpushed == 1 else f"{attempt.unpushed} commits are"
        return Finding.failed(f"{count} not on the remote yet", "git push, and wait for CI")
    return _passed_if_reached(attempt, ReleaseStage.REMOTE_READ)


ERROR_CHECKS = (*GIT_ERRORS, *PROJECT_ERRORS)
CHECKS = (
    *(row.as_check() for row in GIT_ERRORS),
    *(finished, pushed),
    *(row.as_check() for row in PROJECT_ERRORS),
)

BUILD_FROM_SDIST = "build the wheels from the sdist: nox -s build"


@warning_check(
    "DIST401",
    "All files belong to one release of one project",
    "A file of another release, left in dist/, would be uploaded with the rest.",
)
def one_release(files: ReleaseFiles) -> Finding:
    names = [str(release) for release in files.releases]
    line = f"the files are of {', '.join(names)}"
    return finding_of([line] if len(names) > 1 else [], "empty dist/, and build again: nox -s build")


@check("DIST402", "There is at most one sdist", "An index accepts one sdist for a release.")
def one_sdist(files: ReleaseFiles) -> Finding:
    names = [sdist.name for sdist in files.sdists]
    lines = ["Only one sdist may be uploaded per release.", ", ".join(names)]
    return finding_of(lines if len(names) > 1 else [], "upload only NAME-VERSION.tar.gz")


SHARED_FIELDS = (
    *("summary", "keywords", "home_page", "download_url", "author", "author_email", "maintainer", "maintainer_email"),
    *("license", "license_expression", "classifiers", "requires_dist", "requires_python", "project_urls"),
    *("provides_extra", "description", "description_content_type"),
)
"""The fields that a release has once: PyPI takes them from the file that is uploaded first."""


@warning_check(
    "DIST403",
    "All files have the same metadata",
    "The project page shows the metadata of the file that is uploaded first; installers read that of each.",
)
def metadata_agree(files: ReleaseFiles) -> Finding:
    readable = [file for file in files.distributions if file.has_metadata]
    lines = (line for file in readable[1:] for line in _disagreements(readable[0], file))
    return finding_of(first_lines(lines), BUILD_FROM_SDIST)


def _disagreements(first: Distribution, file: Distribution) -> Iterator[str]:
    first_metadata, metadata = first.metadata, file.metadata
    dynamic = {name.lower().replace("-", "_") for name in (*first_metadata.list("dynamic"), *metadata.list("dynamic"))}
    for field in SHARED_FIELDS:
        written = {"classifiers": "classifier", "project_urls": "project_url"}.get(field, field)
        if written not in dynamic and _plain(first_metadata.raw.get(field)) != _plain(metadata.raw.get(field)):
            yield f"{written.replace('_', '-').title()} differs between {file.name} and {first.name}"


def _plain(value: object) -> object:
    """Return a field so that order and the white space around it do not matter."""
    if isinstance(value, list):
        return sorted(value)
    return value.strip() if isinstance(value, str) else value


GENERATED = (
    *("PKG-INFO", "setup.cfg", "MANIFEST", "_version.py", "version.py", "_version.pyi", ".hgtags"),
    "pyproject.toml.orig",
)
"""What build backends put into an sdist; the last is uv's."""

NO_SOURCES = "the list of files that git tracks was not given"


@warning_check(
    "DIST404",
    "The sdist contains every module that a wheel installs",
    "People who build from the sdist, such as Linux distributions, should get what everybody else installs.",
)
def wheel_from_sdist(files: ReleaseFiles) -> Finding:
    if not files.sdists or not files.wheels:
        return Finding.skipped("this needs an sdist and a wheel")
    hashes = {member.sha256 for sdist in files.sdists for member in sdist.files}
    lines = (
        f"{place} of {wheel.name} is missing or different in the sdist"
        for wheel in files.wheels
        for place, member in wheel.tree.items()
        if place.endswith(".py") and member.sha256 not in hashes and PurePosixPath(place).name not in GENERATED
    )
    return finding_of(first_lines(lines), BUILD_FROM_SDIST)


@warning_check(
    "DIST405",
    "Every file in the sdist is tracked by git or generated by the build backend",
    "A build backend can pack files that happen to lie in the working tree.",
)
def sdist_from_sources(files: ReleaseFiles) -> Finding:
    if not files.sources:
        return Finding.skipped(NO_SOURCES)
    tracked = set(files.sources)
    paths = (PurePosixPath(place) for sdist in files.sdists for place in sdist.tree)
    others = (path for path in paths if path not in tracked and path.name not in GENERATED)
    lines = (str(path) for path in others if not any(part.endswith(".egg-info") for part in path.parts))
    return finding_of(first_lines(lines), "commit it, or exclude it in the configuration of the build backend")


@warning_check(
    "DIST406",
    "The sdist contains every file of the package that git tracks",
    "A file that the sdist lacks is missing for everybody who builds from it, and in the wheel that is built here.",
)
def sdist_has_package(files: ReleaseFiles) -> Finding:
    if not files.sources or not files.sdists:
        return Finding.skipped(NO_SOURCES if files.sdists else "this needs an sdist")
    packages = {package for wheel in files.wheels for package in _packages(wheel)}
    held = {place for sdist in files.sdists for place in sdist.tree}
    sources = _sources_of(files, packages)
    lines = (str(path) for path, inside in sources if str(path) not in held and _is_wanted(inside))
    return finding_of(first_lines(lines), "include it in the configuration of the build backend, or in MANIFEST.in")


COMPILED_FROM = frozenset(
    (
        *(".c", ".cc", ".cpp", ".cxx", ".f", ".f90", ".h", ".hpp", ".in", ".pxd", ".pxi", ".pyx", ".rs", ".tmpl"),
        *(".toml", ".build", ".cmake", ".j2", ".y", ".l"),
    )
)
"""The suffixes of files that a package is compiled from and that are not installed."""

TESTS = frozenset(("test", "tests", "testing", "_tests"))
"""Folders in a package that many leave out on purpose."""


@warning_check(
    "DIST407",
    "Every wheel contains every file of the package that git tracks",
    "A forgotten data file is missing only where the package is installed, not where it is developed.",
)
def wheel_has_package(files: ReleaseFiles) -> Finding:
    if not files.sources or not files.wheels:
        return Finding.skipped(NO_SOURCES if files.wheels else "this needs a wheel")
    lines = (
        f"{inside} is not in {wheel.name}"
        for wheel in files.wheels
        for _, inside in _sources_of(files, _packages(wheel))
        if str(inside) not in wheel.tree and _is_wanted(inside) and inside.suffix.lower() not in COMPILED_FROM
    )
    return finding_of(first_lines(lines), "have the build backend include it in the package (package data)")


def _packages(wheel: Distribution) -> set[str]:
    """Return the folders at the top of a wheel that contain modules."""
    return {place.partition("/")[0] for place in wheel.tree if "/" in place and place.endswith(".py")}


def _sources_of(files: ReleaseFiles, packages: set[str]) -> Iterator[tuple[PurePosixPath, PurePosixPath]]:
    """Yield the sources below packages: as they lie in the project, and as they are installed."""
    for path in files.sources:
        inside = PurePosixPath(*path.parts[1:]) if path.parts[0] == "src" else path
        if len(inside.parts) > 1 and inside.parts[0] in packages:
            yield path, inside


def _is_wanted(inside: PurePosixPath) -> bool:
    return TESTS.isdisjoint(inside.parts[:-1]) and not any(part.startswith(".") for part in inside.parts)


@warning_check(
    "DIST412",
    "The same commit builds the same bytes in another folder",
    "CI builds again what was verified here; other bytes cannot be recognised as the same release.",
)
def reproducible(rebuilt: RebuildResult) -> Finding:
    lines = (str(difference) for difference in rebuilt.again)
    return finding_of(lines, "find what the build takes from the clock, the folder, or the order of a set")


@warning_check(
    "DIST413",
    "The wheel built from the sdist equals the wheel built from the tree",
    "A file that the sdist lacks is missing for everybody who builds from it, also for the wheel that is built here.",
    needs=("DIST412",),
)
def sdist_suffices(rebuilt: RebuildResult) -> Finding:
    lines = [str(rebuilt.direct)] if rebuilt.direct else []
    return finding_of(lines, "have the build backend put into the sdist what the wheel takes from the tree")


FILE_SET_CHECKS = (one_release,)
RELEASE_FILES_CHECKS = (
    *(one_sdist, metadata_agree, wheel_from_sdist, sdist_from_sources),
    *(sdist_has_package, wheel_has_package),
)
REBUILD_CHECKS = (reproducible, sdist_suffices)
