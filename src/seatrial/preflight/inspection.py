"""All checks, over all that there is to know before a tag."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from seatrial import fitness
from seatrial.checks import catalogue
from seatrial.checks.judging import judge, unlearned
from seatrial.errors import SeatrialError
from seatrial.facts.archive import Archive
from seatrial.facts.trigger import Trigger
from seatrial.facts.walk import Stage, Unlearned
from seatrial.findings import printable
from seatrial.preflight import learning, rebuilding
from seatrial.preflight.insisting import judged
from seatrial.preflight.walking import build, try_push, walked
from seatrial.release import voyage
from seatrial.tools import git

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from packaging.version import Version

    from seatrial.build_record import Built
    from seatrial.facts.rebuilt import Rebuilt
    from seatrial.facts.shelf import Landing
    from seatrial.facts.sources import Sources
    from seatrial.findings import Judgement
    from seatrial.plan import Wish
    from seatrial.preflight.learning import Asked
    from seatrial.preflight.walking import Walking


@dataclass(frozen=True)
class Inspected:
    """What was found: ``version`` and ``tag`` of the release that was looked at, None and "" where there is none."""

    judgements: tuple[Judgement, ...]
    project: str = ""
    version: Version | None = None
    tag: str = ""

    def __str__(self) -> str:
        name = printable(self.project)
        return f"{name} {self.version}, tag {self.tag}" if self.version else f"{name}: no version"


def inspect(folder: Path, wish: Wish, say: Callable[[str], None]) -> Inspected:
    """Run every check on the release that ``wish`` asks for, and leave everything as it was.

    ``say`` is told, a line at a time, what takes long.
    """
    with walked(folder, wish) as walking, contextlib.ExitStack() as stack:
        with walking.reasons.gather():
            fitness.insist_on_codes(walking.config.ignore)
        asked = stack.enter_context(learning.asked(walking.project, walking.config)) if walking.project else None
        try_push(walking)
        built = build(walking, say)
        rebuilt = _rebuilt(walking, built, say)
        excuses = walking.config.ignore
        told = (
            *judge(catalogue.OF_THE_WALK, walking.walk(), excuses=excuses),
            *_of_project(walking, asked, excuses),
            *_of_landing(walking, asked, excuses),
            *_of_files(walking, asked, built, excuses),
            *judged(catalogue.OF_THE_REBUILD, rebuilt, excuses),
        )
        name = walking.project.name if walking.project else folder.name
        return Inspected(tuple(_of_checkout(told, walking)), name, walking.version, walking.tag)


def _of_checkout(told: Iterable[Judgement], walking: Walking) -> Iterator[Judgement]:
    """Yield what was found with the names of the user's files: the scratch clone is gone when it is read."""
    for one in told:
        if walking.survey and walking.scratch:
            seen = voyage.in_checkout(one.finding.seen, walking.survey.repository, walking.scratch.root)
            yield replace(one, finding=replace(one.finding, seen=seen))
        else:
            yield one


def _rebuilt(walking: Walking, built: Built | None, say: Callable[[str], None]) -> Rebuilt | Unlearned:
    if built is None or walking.scratch is None:
        return Unlearned(Stage.BUILT.value)
    try:
        return rebuilding.again(walking.scratch, built, say)
    except SeatrialError as error:
        return Unlearned(f"it could not be built a second time: {error.what}")


def _of_project(walking: Walking, asked: Asked | None, excuses: Mapping[str, str]) -> tuple[Judgement, ...]:
    sources: Sources | Unlearned = Unlearned(Stage.PARSED.value)
    trigger: Trigger | Unlearned = Unlearned(Stage.PARSED.value)
    if walking.project and walking.scratch and asked:
        listing = asked.listing.result()
        publishing = learning.publishing(walking.project, walking.config, walking.scratch, walking.tag)
        sources = learning.sources(walking.project, walking.scratch, listing, publishing)
        known = Trigger(walking.tag, publishing, listing)
        trigger = learning.trigger(walking.project, walking.scratch, known)
    return (
        *judged(catalogue.OF_THE_SOURCES, sources, excuses),
        *judged(catalogue.OF_THE_TRIGGER, trigger, excuses),
    )


def _of_landing(walking: Walking, asked: Asked | None, excuses: Mapping[str, str]) -> tuple[Judgement, ...]:
    held: Landing | Unlearned = Unlearned(Stage.READ.value)
    if walking.outlook and asked:
        held = learning.landing(walking.outlook, walking.version, asked)
    return judged(catalogue.OF_THE_LANDING, held, excuses)


def _of_files(
    walking: Walking, asked: Asked | None, built: Built | None, excuses: Mapping[str, str]
) -> Iterator[Judgement]:
    if built is None or walking.scratch is None or asked is None:
        yield from unlearned(catalogue.OF_BUILT_FILES, Unlearned(Stage.BUILT.value), excuses=excuses)
        return
    archives = [Archive.from_path(one.path) for one in built]
    yield from fitness.judge_archives(archives, sources=git.tracked_files(walking.scratch.project), excuses=excuses)
    shelf = asked.shelf.result() if walking.planned else Unlearned(Stage.WRITTEN.value)
    if isinstance(shelf, Unlearned):
        for archive in archives:
            checks = catalogue.of_an_arrival(archive)
            yield from unlearned(checks, shelf, subject=archive.name, excuses=excuses)
    else:
        yield from fitness.judge_arrivals(archives, shelf, excuses=excuses)
