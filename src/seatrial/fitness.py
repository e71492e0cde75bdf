"""Whether files are fit for an index: all that can be known of them before they are uploaded."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

from seatrial import report
from seatrial.checks import catalogue, workflow_catalogue
from seatrial.checks.judging import judge
from seatrial.command_line import typed_to_program
from seatrial.errors import BuildError, PyprojectInvalid, ToolError
from seatrial.facts.archive import Archive
from seatrial.facts.shelf import Arrival
from seatrial.facts.shipment import Shipment
from seatrial.tools import twine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path, PurePosixPath

    from seatrial.facts.shelf import Shelf
    from seatrial.findings import Judgement


def judge_files(
    paths: Sequence[Path], *, sources: Iterable[PurePosixPath] = (), excuses: Mapping[str, str] | None = None
) -> tuple[Judgement, ...]:
    """Judge files, each alone and all together.

    ``sources``: the files that git knows, below the project; ``excuses``: codes that the project ignores, with its
    reasons. Raises `FileUnusable` for a file that can't be read.
    """
    return judge_archives(tuple(_read(path) for path in paths), sources=sources, excuses=excuses)


def judge_archives(
    archives: Sequence[Archive], *, sources: Iterable[PurePosixPath] = (), excuses: Mapping[str, str] | None = None
) -> tuple[Judgement, ...]:
    """Judge what has been read, each alone and all together."""
    alone = (
        judgement
        for archive in archives
        for judgement in judge(catalogue.rules(archive), archive, subject=archive.name, excuses=excuses)
    )
    shipment = Shipment(tuple(archives), tuple(sources))
    beside = (
        judgement
        for release in shipment.releases
        for judgement in judge(
            catalogue.OF_A_RELEASE, shipment.of_release(release), subject=str(release), excuses=excuses
        )
    )
    return (*alone, *judge(catalogue.OF_ALL_FILES, shipment, excuses=excuses), *beside)


def judge_arrivals(
    archives: Sequence[Archive], shelf: Shelf, *, excuses: Mapping[str, str] | None = None
) -> tuple[Judgement, ...]:
    """Judge what has been read beside what an index shows of the project now."""
    now = datetime.now(timezone.utc)
    return tuple(
        judgement
        for archive in archives
        for judgement in judge(
            catalogue.of_an_arrival(archive), Arrival(archive, shelf, now), subject=archive.name, excuses=excuses
        )
    )


def insist(
    paths: Sequence[Path], ignore: Mapping[str, str], say: Callable[[str], None], sources: Iterable[PurePosixPath] = ()
) -> None:
    """Raise `DistributionsRefused` with all that an index would not take; ``say`` is told what is just bad.

    twine has the last word, because it is what uploads. Raises `PyprojectInvalid` for a code that there is none of.
    """
    insist_on_codes(ignore)
    judged = judge_files(paths, sources=sources, excuses=ignore)
    blocking = [one for one in judged if one.blocks]
    if blocking:
        raise BuildError(
            f"an index would not take the distributions:\n{report.findings(judged)}",
            code="DistributionsRefused",
            fix="mend each of them, then: nox -s check",
        )
    for line in report.findings(judged).splitlines():
        say(line)
    say(twine.check(paths))


def insist_on_codes(ignore: Mapping[str, str]) -> None:
    """Raise `PyprojectInvalid` for codes in ``[tool.seatrial.ignore]`` of which there is no check."""
    known = {rule.code for rule in (*catalogue.ALL, *workflow_catalogue.ALL)}
    wrong = [code for code in ignore if code not in known]
    if wrong:
        raise PyprojectInvalid(
            f"[tool.seatrial.ignore]: there is no check {', '.join(wrong)}", fix="see docs/checks.md for the codes"
        )


def _read(path: Path) -> Archive:
    fix = f"say which files: {typed_to_program('check dist/*')}"
    if path.exists() and not path.is_file():
        # A pipe would be waited for, and a device has no end.
        raise ToolError(f"{path} is no file", code="FileUnusable", fix=fix)
    try:
        return Archive.from_path(path)
    except OSError as error:
        raise ToolError(f"{path}: {error.strerror}", code="FileUnusable", fix=fix) from None
