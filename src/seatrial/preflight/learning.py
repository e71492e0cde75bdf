"""What is asked of others while the walk goes on: of nox, and of the index."""

from __future__ import annotations

import contextlib
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Union

from seatrial.errors import IndexUnreachable, SeatrialError
from seatrial.facts.answer import Answer
from seatrial.facts.pipeline import FILE, TO_LISTEN, Pipeline
from seatrial.facts.publishing import ENVIRONMENT, Publishing
from seatrial.facts.shelf import Landing
from seatrial.facts.sources import Sources
from seatrial.facts.trigger import Heard
from seatrial.facts.walk import Unlearned
from seatrial.masking import shown_address
from seatrial.mishaps import PipelineInvalid
from seatrial.outlook import released
from seatrial.tools import checkout, index, nox, pip_settings, web
from seatrial.workflows.desk import Desk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future

    from packaging.version import Version

    from seatrial.config import Config
    from seatrial.facts.listing import Listing
    from seatrial.facts.project import Project
    from seatrial.facts.shelf import Shelf
    from seatrial.facts.trigger import Trigger
    from seatrial.outlook import Outlook
    from seatrial.tools.scratch import Scratch

Shelved = Union["Shelf", Unlearned]

LOOK = "in GitLab: Build, Pipeline editor, Validate, with the tag"
"""Where GitLab says what a tag would start."""


@dataclass(frozen=True)
class Asked:
    """What others have been asked; ``where``: the address of the index."""

    where: str
    shelf: Future[Shelved]
    listing: Future[Listing]


@contextlib.contextmanager
def asked(project: Project, config: Config) -> Iterator[Asked]:
    """Ask both at once, in threads: each takes its time, and neither needs the other.

    nox is waited for, because it reads the folder; an index that does not answer is not.
    """
    where = config.index or pip_settings.index_url(os.environ)
    with ThreadPoolExecutor(max_workers=1) as pool:
        yield Asked(where, web.aside(_shelf, where, project.name), pool.submit(nox.listed, project.root))


def _shelf(where: str, name: str) -> Shelved:
    try:
        return index.shelf(where, name)
    except IndexUnreachable as error:
        return Unlearned(error.what, error.fix)


def publishing(project: Project, config: Config, scratch: Scratch, tag: str) -> Publishing:
    """Return who publishes the project when this tag is pushed."""
    return Publishing.of(scratch.repository, project, scratch.root, config.publisher, tag)


def trigger(project: Project, scratch: Scratch, known: Trigger) -> Trigger:
    """Return what the tag starts, with the generated files that have drifted."""
    known = replace(known, by_pipeline=_by_pipeline(known, scratch))
    # A forge for which nothing is generated is no matter here.
    with contextlib.suppress(SeatrialError):
        found = Desk.at(scratch.repository, project).drift_in(scratch.root)
        drifted = tuple(f"{one.path} {one.reason.value}" for one in found)
        return replace(known, drifted=drifted, mends=tuple(dict.fromkeys(one.fix for one in found)))
    return known


def _by_pipeline(known: Trigger, scratch: Scratch) -> Heard | None:
    """Return whether the tag starts the job of GitLab that publishes; None where no pipeline does."""
    found = known.publishing
    if found.workflow is not None or FILE not in found.others or not known.tag:
        return None
    try:
        text = (scratch.root / FILE).read_text(encoding="utf-8", errors="replace")
        pipeline = Pipeline.of(text, known.tag)
    except PipelineInvalid as error:
        return Heard(Answer.NO, error.what, error.fix)
    answer, reason = pipeline.heard(pipeline.publishing_job(found.told.get("environment", ENVIRONMENT)))
    return Heard(answer, reason, TO_LISTEN if answer is Answer.NO else LOOK)


def sources(project: Project, scratch: Scratch, listing: Listing, found: Publishing) -> Sources:
    """Return the project as it stands in the commit."""
    files = checkout.files(scratch.repository)
    return Sources(project, files, listing, found.workflows, (found.owner, found.repository))


def landing(outlook: Outlook, version: Version | None, asked: Asked) -> Landing | Unlearned:
    """Return what the index holds beside the release that is to come."""
    shelf = asked.shelf.result()
    if isinstance(shelf, Unlearned):
        return shelf
    known = released(outlook.tags, outlook.tag_form, outlook.project.name)
    found = Landing(shown_address(asked.where), outlook.project.name, version, shelf, tuple(known))
    return replace(found, holder=index.holder(shelf)) if found.is_strange else found
