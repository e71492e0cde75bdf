"""The checks that a release makes beside its walk: what they call an error stands in its way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seatrial import fitness, report
from seatrial.checks import catalogue
from seatrial.checks.judging import judge, unlearned
from seatrial.command_line import typed
from seatrial.facts.archive import Archive
from seatrial.facts.shelf import Shelf
from seatrial.facts.trigger import Trigger
from seatrial.facts.walk import Unlearned
from seatrial.findings import WORDS
from seatrial.preflight import learning
from seatrial.refusals import ReleaseError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from seatrial.build_record import Built
    from seatrial.checks.judging import Check
    from seatrial.findings import Judgement
    from seatrial.plan import Plan
    from seatrial.preflight.learning import Asked
    from seatrial.release.voyage import Prospect


def insist(found: Prospect, planned: Plan, asked: Asked, say: Callable[[str], None]) -> None:
    """Raise `ChecksFailed` for errors in what the project says, in what the tag starts, or of the index.

    ``say`` is told what is just bad, and what could not be learned.
    """
    outlook, listing = found.outlook, asked.listing.result()
    publishing = learning.publishing(outlook.project, outlook.config, found.scratch, planned.tag)
    facts: tuple[tuple[Sequence[Check[Any]], object], ...] = (
        (catalogue.OF_THE_SOURCES, learning.sources(outlook.project, found.scratch, listing, publishing)),
        (
            catalogue.OF_THE_TRIGGER,
            learning.trigger(outlook.project, found.scratch, Trigger(planned.tag, publishing, listing)),
        ),
        (catalogue.OF_THE_LANDING, learning.landing(outlook, planned.version, asked)),
    )
    excuses = outlook.config.ignore
    _tell(tuple(one for checks, known in facts for one in judged(checks, known, excuses)), say)


def insist_on_room(found: Prospect, built: Built, asked: Asked, say: Callable[[str], None]) -> None:
    """Raise `ChecksFailed` when the index has no room for what was built."""
    shelf = asked.shelf.result()
    if isinstance(shelf, Shelf):
        archives = [Archive.from_path(one.path) for one in built]
        _tell(fitness.judge_arrivals(archives, shelf, excuses=found.outlook.config.ignore), say)


def judged(
    checks: Sequence[Check[Any]], facts: object, excuses: Mapping[str, str], subject: str = ""
) -> tuple[Judgement, ...]:
    """Judge what was learned, or tell why it was not."""
    if isinstance(facts, Unlearned):
        return unlearned(checks, facts, subject=subject, excuses=excuses)
    return judge(checks, facts, subject=subject, excuses=excuses)


def _tell(judgements: tuple[Judgement, ...], say: Callable[[str], None]) -> None:
    if any(one.blocks for one in judgements):
        raise ReleaseError(
            f"an error stands in the way of the release:\n{report.findings(judgements)}",
            code="ChecksFailed",
            fix=f"mend it and commit; all checks: {typed('preflight')}",
        )
    if any(one.outcome in WORDS for one in judgements):
        for line in report.findings(judgements).splitlines():
            say(line)
