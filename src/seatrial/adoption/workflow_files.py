"""The files of CI that a project gets with seatrial, when it has none."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from seatrial.adoption import faces
from seatrial.adoption.proposal import ProposedFile
from seatrial.errors import SeatrialError
from seatrial.facts import workflow
from seatrial.workflows.desk import GITLAB, Desk
from seatrial.workflows.drift import Reason

if TYPE_CHECKING:
    from seatrial.adoption.looking import Found
    from seatrial.facts.project import Project


def workflow_files(found: Found, then: Project) -> tuple[ProposedFile, ...]:
    """Return the files of CI for a project that has none; ``then``: the project as it will be.

    Where there are some already, a second workflow might publish what the first one does, too; where nothing can be
    tested, CI has nothing to call.
    """
    called = {call for call in faces.calls(found) if not call.startswith("#")}
    proves = called - {"sessions.build()", "sessions.check()"}
    if found.repository.prefix or has_own(found) or not proves:
        return ()
    try:
        drifted = Desk.at(found.repository, then).drift()
    except SeatrialError:
        # A forge for which nothing is generated, or no Python to run on.
        return ()
    # Where a link leads elsewhere, the one that writes says so.
    missing = (one for one in drifted if one.reason in {Reason.MISSING, Reason.ELSEWHERE})
    return tuple(ProposedFile(PurePosixPath(one.path), None, one.then) for one in missing)


def has_own(found: Found) -> bool:
    """Whether the repository has files of CI that were written by hand."""
    top = found.repository.root
    texts = [path for path in (*(top / workflow.FOLDER).glob("*.y*ml"), top / GITLAB) if path.is_file()]
    return any("seatrial" not in path.read_text(encoding="utf-8", errors="replace") for path in texts)
