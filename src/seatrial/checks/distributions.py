"""Runs all checks of distributions that need nothing but the files, their sources and the index."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

from seatrial import report
from seatrial.checks.check import run_checks
from seatrial.checks.registry import (
    ALL_CHECKS,
    FILE_CHECKS,
    FILE_SET_CHECKS,
    RELEASE_FILES_CHECKS,
    WORKFLOW_CHECKS,
    checks_for_pending_file,
)
from seatrial.commands import Command
from seatrial.distributions.comparison import ReleaseFiles
from seatrial.distributions.distribution import Distribution
from seatrial.errors import CLOSE_CODE, BuildError, PyprojectInvalid, ToolError, did_you_mean, nearest
from seatrial.index.client import Upload
from seatrial.index.twine import twine_check

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from pathlib import Path, PurePosixPath

    from seatrial.events import Progress
    from seatrial.findings import CheckResult
    from seatrial.index.client import ProjectFiles


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
        for release in release_files.releases
        for result in run_checks(
            RELEASE_FILES_CHECKS, release_files.of_release(release), subject=str(release), ignore_reasons=ignore_reasons
        )
    )
    return (*of_files, *run_checks(FILE_SET_CHECKS, release_files, ignore_reasons=ignore_reasons), *of_releases)


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

    twine has the last word, because it is what uploads. Raises `PyprojectInvalid` for an unknown code in ``ignore``.
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
    twine_check([file.path for file in distributions])
    progress.line("twine check: passed")


def require_known_codes(ignore: Mapping[str, str]) -> None:
    """Raise `PyprojectInvalid` for codes in ``[tool.seatrial.ignore]`` of which there is no check."""
    codes = sorted(rule.code for rule in (*ALL_CHECKS, *WORKFLOW_CHECKS))
    wrong = [
        f"there is no check {code}{did_you_mean(nearest(code, codes, CLOSE_CODE))}"
        for code in ignore
        if code not in codes
    ]
    if wrong:
        raise PyprojectInvalid(
            "\n".join(f"[tool.seatrial.ignore]: {line}" for line in wrong),
            fix=f"{Command('explain', program_only=True)} lists the codes",
        )


def _read_distribution(path: Path) -> Distribution:
    if path.exists() and not path.is_file():
        # A pipe would be waited for, and a device has no end.
        raise _unusable(f"{path} is no file")
    try:
        return Distribution.read(path)
    except OSError as error:
        raise _unusable(f"{path}: {error.strerror}") from None


def _unusable(what: str) -> ToolError:
    fix = f"name distributions: {Command('check', 'dist/*', program_only=True)}"
    return ToolError(what, code="FileUnusable", fix=fix)
