"""What the files of CI lack of what they should be, and why. Pure: texts in, differences out."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Callable

from seatrial.command_line import typed
from seatrial.facts import pins
from seatrial.workflows import regions
from seatrial.workflows.regions import Region

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Reason(Enum):
    """Why a file is not what it should be."""

    MISSING = "is not there yet"
    FOREIGN = "was written by hand: no line says which part of it is generated"
    ELSEWHERE = "is no file of this repository's own: it, or a folder above it, is a link, or a folder is in its place"
    OTHER = "is that of another package: GitLab has one pipeline for a repository"
    EDITED = "was changed by hand between the marks"
    OUTDATED = "would be written otherwise today: the project, its settings or seatrial have changed"


FIXES = {
    Reason.MISSING: "{write}",
    Reason.FOREIGN: "to have it generated, move {path} out of the way, run {write}, and put your own jobs below the "
    "last mark",
    Reason.ELSEWHERE: "move {path} out of the way, then: {write}",
    Reason.OTHER: "call its jobs from one pipeline of your own; to have it written for this package instead: "
    "{write} --overwrite",
    Reason.EDITED: "put your own jobs below the last mark of {path}, then: {write} --overwrite",
    Reason.OUTDATED: "{write}",
}


@dataclass(frozen=True)
class Wanted:
    """A file that is generated: its path in the repository, and its generated lines.

    ``text`` is asked with the names of the jobs that the maintainer has below the region.
    """

    path: str
    text: Callable[[tuple[str, ...]], str]


@dataclass(frozen=True)
class Drift:
    """A file that is not what it should be; ``now`` is its text, "" where it is not there, ``then`` what it should be.

    Of a file without a region, ``then`` is ``now``: nothing in it is seatrial's.
    """

    path: str
    reason: Reason
    now: str
    then: str

    @property
    def fix(self) -> str:
        """What mends it."""
        return FIXES[self.reason].format(path=self.path, write=typed("workflows"))

    def __str__(self) -> str:
        """Say what is the matter, then show the difference."""
        lines = difflib.unified_diff(
            self.now.splitlines(), self.then.splitlines(), f"a/{self.path}", f"b/{self.path}", lineterm="", n=1
        )
        shown = "" if self.reason in {Reason.MISSING, Reason.OTHER} else "".join(f"\n  {line}" for line in lines)
        return f"{self.path} {self.reason.value}{shown}"


def drift(wanted: Iterable[Wanted], files: Mapping[str, str | None]) -> tuple[Drift, ...]:
    """Compare what is wanted with the texts of files by their path.

    One that is not there is none of them; one that is not the repository's own, such as a link, has None for a text.
    """
    return tuple(found for one in wanted if (found := _drift(one, files)))


def _drift(wanted: Wanted, files: Mapping[str, str | None]) -> Drift | None:
    now = files.get(wanted.path)
    if now is None and wanted.path in files:
        return Drift(wanted.path, Reason.ELSEWHERE, "", "")
    if now is None:
        return Drift(wanted.path, Reason.MISSING, "", regions.new(wanted.text(())))
    region = Region.find(now)
    if region is None:
        return Drift(wanted.path, Reason.FOREIGN, now, now)
    text = pins.kept(wanted.text(regions.jobs_below(region)), region.text)
    then = region.with_text(text).whole()
    if now == then:
        return None
    if _folder(region.text) != _folder(text):
        return Drift(wanted.path, Reason.OTHER, now, then)
    is_ours = region.is_untouched and pins.are_true(region.text)
    return Drift(wanted.path, Reason.OUTDATED if is_ours else Reason.EDITED, now, then)


def _folder(text: str) -> str:
    """Return the folder of the package that a pipeline of GitLab is written for, "" for the top."""
    found = re.search(r'^ +- "cd ([^"]+)"$', text, re.MULTILINE)
    return found[1] if found else ""
