"""Runs all checks of distributions that need nothing but the files, their sources and the index."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

from seatrial import report
from seatrial.checks.check import run_checks
from seatrial.checks.registry import (
    ALL_CHECKS,
    FILE_SET_CHECKS,
    RELEASE_FILES_CHECKS,
    WORKFLOW_CHECKS,
    checks_for_file,
    checks_for_pending_file,
)
from seatrial.distributions.distribution import Archive
from seatrial.distributions.sources import ReleaseFiles
from seatrial.errors import BuildError, PyprojectInvalid, ToolError
from seatrial.index.client import Upload
from seatrial.index.twine import twine_check
from seatrial.invocation import program_command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path, PurePosixPath

    from seatrial.findings import CheckResult
    from seatrial.index.client import ProjectFiles


def check_files(
    paths: Sequence[Path], *, sources: Iterable[PurePosixPath] = (), ignore_reasons: Mapping[str, str] | None = None
) -> tuple[CheckResult, ...]:
    """Judge files, each alone and all together.

    ``sources``: the files that git knows, below the project; ``ignore_reasons``: codes that the project ignores, with
    its reasons. Raises `FileUnusable` for a file that can't be read.
    """
    return check_archives(tuple(_read_archive(path) for path in paths), sources=sources, ignore_reasons=ignore_reasons)


def check_archives(
    archives: Sequence[Archive],
    *,
    sources: Iterable[PurePosixPath] = (),
    ignore_reasons: Mapping[str, str] | None = None,
) -> tuple[CheckResult, ...]:
    """Judge what has been read, each alone and all together."""
    alone = (
        result
        for archive in archives
        for result in run_checks(checks_for_file(archive), archive, subject=archive.name, ignore_reasons=ignore_reasons)
    )
    release_files = ReleaseFiles(tuple(archives), tuple(sources))
    beside = (
        result
        for release in release_files.releases
        for result in run_checks(
            RELEASE_FILES_CHECKS, release_files.of_release(release), subject=str(release), ignore_reasons=ignore_reasons
        )
    )
    return (*alone, *run_checks(FILE_SET_CHECKS, release_files, ignore_reasons=ignore_reasons), *beside)


def check_pending_files(
    archives: Sequence[Archive], project_files: ProjectFiles, *, ignore_reasons: Mapping[str, str] | None = None
) -> tuple[CheckResult, ...]:
    """Judge what has been read beside what an index shows of the project now."""
    now = datetime.now(timezone.utc)
    return tuple(
        result
        for archive in archives
        for result in run_checks(
            checks_for_pending_file(archive),
            Upload(archive, project_files, now),
            subject=archive.name,
            ignore_reasons=ignore_reasons,
        )
    )


def require_fit_files(
    paths: Sequence[Path], ignore: Mapping[str, str], say: Callable[[str], None], sources: Iterable[PurePosixPath] = ()
) -> None:
    """Raise `DistributionsRefused` with all that an index would not take; ``say`` is told what is just bad.

    twine has the last word, because it is what uploads. Raises `PyprojectInvalid` for a code that there is none of.
    """
    require_known_codes(ignore)
    judged = check_files(paths, sources=sources, ignore_reasons=ignore)
    blocking = [one for one in judged if one.blocks]
    if blocking:
        raise BuildError(
            f"an index would not take the distributions:\n{report.results_text(judged)}",
            code="DistributionsRefused",
            fix="mend each of them, then: nox -s check",
        )
    for line in report.results_text(judged).splitlines():
        say(line)
    say(twine_check(paths))


def require_known_codes(ignore: Mapping[str, str]) -> None:
    """Raise `PyprojectInvalid` for codes in ``[tool.seatrial.ignore]`` of which there is no check."""
    known = {rule.code for rule in (*ALL_CHECKS, *WORKFLOW_CHECKS)}
    wrong = [code for code in ignore if code not in known]
    if wrong:
        raise PyprojectInvalid(
            f"[tool.seatrial.ignore]: there is no check {', '.join(wrong)}", fix="see docs/checks.md for the codes"
        )


def _read_archive(path: Path) -> Archive:
    fix = f"say which files: {program_command('check dist/*')}"
    if path.exists() and not path.is_file():
        # A pipe would be waited for, and a device has no end.
        raise ToolError(f"{path} is no file", code="FileUnusable", fix=fix)
    try:
        return Archive.from_path(path)
    except OSError as error:
        raise ToolError(f"{path}: {error.strerror}", code="FileUnusable", fix=fix) from None
