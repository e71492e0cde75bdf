"""The walk of a release up to its push, which goes on where a release stops, so that all reasons are found at once."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from seatrial import plan
from seatrial.command_line import typed
from seatrial.config import Config
from seatrial.errors import SeatrialError
from seatrial.facts.project import Project
from seatrial.facts.walk import Stage, Walk
from seatrial.refusals import Reasons, ReleaseError
from seatrial.release import sending, voyage
from seatrial.release import survey as surveying
from seatrial.release.survey import insist_on_free_tag
from seatrial.release.voyage import Prospect
from seatrial.tools import checkout, remote, towncrier, twine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from packaging.version import Version

    from seatrial.build_record import Built
    from seatrial.facts.repository import Repository
    from seatrial.outlook import Outlook
    from seatrial.plan import Plan, Wish
    from seatrial.release.survey import Survey
    from seatrial.tools.scratch import Scratch


@dataclass
class Walking:
    """How far the walk has come, and what it has found on its way; None for what it has not.

    It is the only thing here that changes: each stage adds to it, or a reason why it could not.
    """

    reasons: Reasons = field(default_factory=Reasons)
    reached: set[Stage] = field(default_factory=set)
    survey: Survey | None = None
    scratch: Scratch | None = None
    outlook: Outlook | None = None
    project: Project | None = None
    version: Version | None = None
    planned: Plan | None = None
    config: Config = field(default_factory=Config)

    @contextlib.contextmanager
    def through(self, stage: Stage) -> Iterator[None]:
        """Count a stage as walked through unless something is raised, which is kept as a reason."""
        before = len(tuple(self.reasons))
        with self.reasons.gather():
            yield
        if len(tuple(self.reasons)) == before:
            self.reached.add(stage)

    def take(self, outlook: Outlook | None = None, version: Version | None = None) -> None:
        """Keep what a stage has found."""
        self.outlook, self.version = outlook or self.outlook, version or self.version

    @property
    def repository(self) -> Repository | None:
        """The user's repository."""
        return self.survey.repository if self.survey else None

    @property
    def tag(self) -> str:
        """The name of the tag that the release would have, "" without a version."""
        return self.outlook.tag(self.version) if self.outlook and self.version else ""

    def walk(self) -> Walk:
        """Return what is to be judged."""
        if self.survey and self.scratch:
            for one in self.reasons:
                one.what = voyage.in_checkout(one.what, self.survey.repository, self.scratch.root)
        return Walk(
            reasons=tuple(self.reasons),
            reached=frozenset(self.reached),
            unfinished=checkout.unfinished_of_package(self.survey.repository) if self.survey else (),
            unpushed=self.survey.standing.ahead if self.survey else 0,
        )


@contextlib.contextmanager
def walked(folder: Path, wish: Wish) -> Iterator[Walking]:
    """Walk as a release of the project in ``folder`` does, up to what is built; at the end, nothing of it is left."""
    walking = Walking()
    with contextlib.ExitStack() as stack:
        with walking.reasons.gather():
            ahead = stack.enter_context(towncrier.begun(folder))
            repository = surveying.look(folder)
            stack.enter_context(voyage.alone(repository))
            walking.survey = survey = surveying.survey(repository)
            walking.scratch = scratch = stack.enter_context(voyage.cloned(repository))
            _look(walking, survey, scratch)
            if walking.outlook:
                prospect = Prospect(survey, scratch, walking.outlook, ahead=ahead)
                _choose(walking, prospect, wish)
                _write(walking, prospect)
        yield walking


def build(walking: Walking, say: Callable[[str], None]) -> Built | None:
    """Build what the release would ship; where no version could be written, HEAD as it is. None when it failed."""
    built = None
    with walking.through(Stage.BUILT):
        if walking.scratch and walking.project:
            built = voyage.build(walking.scratch, say)
            twine.check([one.path for one in built])
            if walking.planned:
                voyage.insist_on_built_version(walking.planned, built)
    if built is None:
        walking.reached.discard(Stage.BUILT)
    return built


def try_push(walking: Walking) -> None:
    """Have git do all of a push but the push, where there is a remote that was asked."""
    if walking.survey and Stage.ASKED in walking.reached and walking.survey.remote.tip:
        with walking.through(Stage.TRIED):
            remote.try_push(walking.survey.repository)


def _look(walking: Walking, survey: Survey, scratch: Scratch) -> None:
    walking.reached.add(Stage.LOOKED)
    walking.reached.update([Stage.ASKED] if survey.remote.addresses else [])
    with walking.reasons.gather():
        left = sending.left_over(survey.repository)
        if left:
            raise ReleaseError(
                f"{left.tag} was pushed, and has to be caught up with first", code="NotCaughtUp", fix=typed("release")
            )
    with contextlib.suppress(SeatrialError):
        # It may be readable although something that it leads to is not.
        walking.project = Project.from_directory(scratch.project)
        walking.config = Config.from_project(walking.project)
        walking.reached.add(Stage.PARSED)
    with walking.through(Stage.READ):
        walking.take(outlook=voyage.outlook_of(scratch))
    known = voyage.reasons_of(survey, walking.outlook) if walking.outlook else survey.reasons
    walking.reasons.extend(known)


def _choose(walking: Walking, prospect: Prospect, wish: Wish) -> None:
    with walking.reasons.gather():
        walking.take(version=plan.choose(prospect.outlook, wish))
    with contextlib.suppress(SeatrialError):
        # What can't be released yet can be looked at all the same.
        walking.take(version=walking.version or plan.asked_for(prospect.outlook, wish))
    walking.reached.update([Stage.CHOSEN] if walking.version else [])


def _write(walking: Walking, prospect: Prospect) -> None:
    version = walking.version
    if version is None:
        return
    is_free = False
    with walking.reasons.gather():
        insist_on_free_tag(prospect.survey, prospect.outlook.tag(version))
        is_free = True
    if version > prospect.outlook.current:
        with walking.through(Stage.WRITTEN):
            walking.planned = voyage.write(prospect, version)
    if walking.planned and is_free:
        with walking.through(Stage.SEALED):
            voyage.seal(prospect, walking.planned)
