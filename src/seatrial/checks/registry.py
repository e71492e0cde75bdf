"""All checks, in the order in which they run; running those of distributions, which need no repository.

The upload rules of an index are the same checks, in PyPI's order and words.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from seatrial import report
from seatrial.checks import archive, ci, contents, index, metadata, project, release, workflows
from seatrial.checks.check import Check, run_checks
from seatrial.commands import Command
from seatrial.distributions.comparison import ReleaseFiles
from seatrial.distributions.distribution import Distribution
from seatrial.errors import CLOSE_CODE, BuildError, PyprojectInvalid, ToolError, did_you_mean, nearest
from seatrial.findings import CheckResult, Verdict
from seatrial.index.client import ProjectFiles, Upload
from seatrial.index.twine import twine_check

if TYPE_CHECKING:
    from seatrial.events import Progress


FILE_CHECKS = (*archive.READING_CHECKS, *metadata.CHECKS, *archive.MATCHING_CHECKS, *contents.CHECKS)
"""The checks of a file alone; each comes after those that it needs."""

CHECKS_OF_FILES: tuple[Check[Any], ...] = (
    *FILE_CHECKS,
    *release.FILE_SET_CHECKS,
    *release.RELEASE_FILES_CHECKS,
    *index.UPLOAD_CHECKS,
)
"""The checks that need no project and no repository."""

RELEASE_CHECKS, REBUILD_CHECKS, PROJECT_CHECKS = release.CHECKS, release.REBUILD_CHECKS, project.CHECKS
"""The checks of what stops a release, of a second build, and of a project."""

TRIGGER_CHECKS, WORKFLOW_CHECKS = ci.CHECKS, workflows.CHECKS
"""The checks of what a tag starts, and of a workflow file."""

PENDING_RELEASE_CHECKS = index.PENDING_RELEASE_CHECKS
"""The checks of a release against what the index has."""

PENDING_FILE_CHECKS: tuple[Check[Upload], ...] = (*index.UPLOAD_CHECKS, index.size_as_before)
"""The checks of a file against what the index shows, which does not include deleted files."""

BUILT_FILES_CHECKS: tuple[Check[Any], ...] = (
    *FILE_CHECKS,
    *release.FILE_SET_CHECKS,
    *release.RELEASE_FILES_CHECKS,
    *PENDING_FILE_CHECKS,
)
"""The checks of the files of a release once they are built."""

ALL_CHECKS: tuple[Check[Any], ...] = (
    *CHECKS_OF_FILES,
    *RELEASE_CHECKS,
    *PROJECT_CHECKS,
    *TRIGGER_CHECKS,
    *REBUILD_CHECKS,
    *PENDING_RELEASE_CHECKS,
    index.size_as_before,
)


def checks_for_pending_file(file: Distribution) -> tuple[Check[Upload], ...]:
    """Return the checks of a file of its kind against what the index shows."""
    return tuple(check for check in PENDING_FILE_CHECKS if file.kind in check.kinds)


BAD_REQUEST = 400

UPLOAD_ORDER = (
    # The form, and what packaging reports of the metadata: three fields first, the others in alphabetical order.
    *("DIST103", "DIST104", "DIST105", "DIST106", "DIST107", "DIST108", "DIST109", "DIST110", "DIST111", "DIST112"),
    *("DIST113", "DIST114", "DIST115", "DIST116"),
    # PyPI's own rules of metadata, in the same order.
    *("DIST122", "DIST123", "DIST124", "DIST125", "DIST126", "DIST127", "DIST128", "DIST129", "DIST130", "DIST131"),
    *("DIST132", "DIST133", "DIST134"),
    # The project is created, if it is new, and its page.
    *("INDEX001", "DIST141"),
    # The file, from its name to its bytes.
    *("DIST002", "DIST001", "DIST003", "INDEX002", "INDEX003", "INDEX005", "INDEX006"),
    *("DIST011", "DIST012", "DIST013", "DIST016", "DIST014", "DIST019", "DIST015"),
    # PyPI does not look for this one.
    "DIST017",
    *("DIST021", "DIST031", "DIST022", "DIST023", "DIST024", "DIST025", "DIST032", "DIST033", "DIST034", "DIST035"),
)
"""The codes of the checks whose failure refuses an upload, in the order of PyPI (its ``forklift/legacy.py``)."""

_BY_CODE = {check.code: check for check in CHECKS_OF_FILES}
UPLOAD_RULES = tuple(_BY_CODE[code] for code in UPLOAD_ORDER)


@dataclass(frozen=True)
class UploadRejection:
    """What an index answers to an upload that it refuses: the status, and PyPI's sentence in one line."""

    status: int
    reason: str


def find_rejection(file: Distribution, project_files: ProjectFiles, now: datetime) -> UploadRejection | None:
    """Return why an index refuses a file, None if it accepts it.

    ``now``: with its time zone. The very same file again is accepted, once nothing else is wrong with its metadata.
    """
    upload = Upload(file, project_files, now)
    # PyPI reads the metadata from the form, so metadata that can't be read in the file does not stop it.
    unmet = set() if file.has_metadata else {metadata.READABLE}
    for rule in UPLOAD_RULES:
        if file.kind not in rule.kinds or not unmet.isdisjoint(rule.needs):
            continue
        if rule is index.file_new and upload.is_there:
            return None
        finding = rule.check(upload if rule in index.UPLOAD_CHECKS else file)
        if finding.verdict is Verdict.FAILED:
            # As PyPI does: the reason of an HTTP status can contain no other characters.
            reason = (finding.message or "").partition("\n")[0].encode("iso-8859-1", "replace").decode("iso-8859-1")
            return UploadRejection(BAD_REQUEST, reason)
    return None


ANSWERED_BY_INDEX = ("DIST143",)
"""The codes of checks of a file that a check of the index decides, if there is an index to ask."""


def read_distributions(paths: Iterable[Path]) -> tuple[Distribution, ...]:
    """Read files, each once. Raises `FileUnusable` for a file that can't be read."""
    return tuple(map(_read_distribution, paths))


def check_distributions(
    distributions: Sequence[Distribution],
    *,
    sources: Iterable[PurePosixPath] = (),
    ignore_reasons: Mapping[str, str] | None = None,
    without: Collection[str] = (),
) -> tuple[CheckResult, ...]:
    """Run the checks of each distribution alone and of all together.

    ``sources``: the files that git tracks, below the project; ``ignore_reasons``: codes that the project ignores, with
    its reasons; ``without``: codes of checks to leave out.
    """
    of_files = (
        result
        for file in distributions
        for result in run_checks(
            (check for check in FILE_CHECKS if file.kind in check.kinds and check.code not in without),
            file,
            subject=file.name,
            ignore_reasons=ignore_reasons,
        )
    )
    release_files = ReleaseFiles(tuple(distributions), tuple(sources))
    of_releases = (
        result
        for name in release_files.releases
        for result in run_checks(
            release.RELEASE_FILES_CHECKS,
            release_files.of_release(name),
            subject=str(name),
            ignore_reasons=ignore_reasons,
        )
    )
    return (*of_files, *run_checks(release.FILE_SET_CHECKS, release_files, ignore_reasons=ignore_reasons), *of_releases)


def check_uploads(
    distributions: Iterable[Distribution],
    project_files: ProjectFiles,
    *,
    ignore_reasons: Mapping[str, str] | None = None,
) -> tuple[CheckResult, ...]:
    """Run the checks of each distribution next to what an index has of the project now."""
    now = datetime.now(timezone.utc)
    return tuple(
        result
        for file in distributions
        for result in run_checks(
            checks_for_pending_file(file),
            Upload(file, project_files, now),
            subject=file.name,
            ignore_reasons=ignore_reasons,
        )
    )


def require_acceptable(
    distributions: Sequence[Distribution],
    ignore: Mapping[str, str],
    progress: Progress,
    sources: Iterable[PurePosixPath] = (),
) -> None:
    """Raise `DistributionsRefused` with all that an index would not take; the warnings are reported.

    twine has the last word, because it is what uploads.
    Raises `PyprojectInvalid` for an unknown code in ``ignore``.
    """
    require_known_codes(ignore)
    results = check_distributions(distributions, sources=sources, ignore_reasons=ignore)
    if any(result.blocks for result in results):
        raise BuildError(
            f"an index would not take the distributions:\n{report.results_text(results)}",
            code="DistributionsRefused",
            fix="correct each of them, then: nox -s check",
        )
    report.report_results(results, progress)
    progress.line(f"twine check: {twine_check([file.path for file in distributions], ignore)}")


def require_known_codes(ignore: Mapping[str, str]) -> None:
    """Raise `PyprojectInvalid` for codes in ``[tool.seatrial.ignore]`` of which there is no check."""
    codes = sorted(rule.code for rule in (*ALL_CHECKS, *WORKFLOW_CHECKS))
    wrong = [
        f"unknown check {code}{did_you_mean(nearest(code, codes, CLOSE_CODE))}" for code in ignore if code not in codes
    ]
    if wrong:
        raise PyprojectInvalid(
            "\n".join(f"[tool.seatrial.ignore]: {line}" for line in wrong),
            fix=f"{Command('explain', program_only=True)} lists the codes",
        )


def _read_distribution(path: Path) -> Distribution:
    if path.exists() and not path.is_file():
        # A pipe would be waited for, and a device has no end.
        raise _unusable(f"{path} is not a file")
    try:
        return Distribution.read(path)
    except OSError as error:
        raise _unusable(f"{path}: {error.strerror}") from None


def _unusable(what: str) -> ToolError:
    fix = f"nox -s build, then: {Command('check', program_only=True)}; or name distributions that exist"
    return ToolError(what, code="FileUnusable", fix=fix)
