"""The files of CI that a project gets with seatrial, when it has none."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from seatrial.adoption import faces
from seatrial.adoption.proposal import ProposedFile
from seatrial.errors import SeatrialError
from seatrial.facts import workflow
from seatrial.facts.project import Project
from seatrial.facts.publishing import is_of_another
from seatrial.facts.workflow import Workflow
from seatrial.workflows.desk import GITLAB, Desk
from seatrial.workflows.drift import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from seatrial.adoption.looking import Found


def workflow_files(found: Found, own: Sequence[ProposedFile]) -> tuple[tuple[ProposedFile, ...], tuple[str, ...]]:
    """Return the files of CI for a project that has none, and what is left to the user.

    ``own``: what is written into its folder before.

    Where there are some already, a second workflow might publish what the first one does, too; where nothing can be
    tested, CI has nothing to call.
    """
    called = {call for call in faces.calls(found) if not call.startswith("#")}
    proves = called - {"sessions.build()", "sessions.check()"}
    if has_own(found) or not proves:
        return (), ()
    try:
        with _as_it_will_be(found, own) as then:
            drifted = Desk.at(found.repository, then).drift()
    except SeatrialError:
        # A forge for which nothing is generated, or no Python to run on.
        return (), ()
    # Where a link leads elsewhere, the one that writes says so.
    missing = (one for one in drifted if one.reason in {Reason.MISSING, Reason.ELSEWHERE})
    files = tuple(ProposedFile(PurePosixPath(one.path), None, one.then) for one in missing)
    return files, tuple(f"{one.path} {one.reason.value}" for one in drifted if one.reason is Reason.OTHER)


@contextlib.contextmanager
def _as_it_will_be(found: Found, own: Iterable[ProposedFile]) -> Iterator[Project]:
    """Yield the project with what is written into its folder, elsewhere: all that says how it is proved.

    Classifiers may stand in setup.cfg, and a pipeline of GitLab names the sessions of the noxfile.
    """
    with tempfile.TemporaryDirectory(prefix="seatrial-init-") as folder:
        root = Path(folder, found.project.root.name)
        root.mkdir()
        there = (found.project.root / path for path in found.files if len(path.parts) == 1)
        for path in there:
            if path.is_file():
                shutil.copyfile(path, root / path.name)
        for one in own:
            if len(one.path.parts) == 1:
                (root / one.path).write_bytes(one.new.encode())
        yield Project.from_directory(root)


def has_own(found: Found) -> bool:
    """Whether the repository has files of CI that were written by hand, but for those of other packages in it."""
    top, prefix = found.repository.root, found.repository.prefix
    paths = [path for path in (*(top / workflow.FOLDER).glob("*.y*ml"), top / GITLAB) if path.is_file()]
    texts = {path: path.read_text(encoding="utf-8", errors="replace") for path in paths}
    by_hand = [path for path in paths if "seatrial" not in texts[path]]
    known = [Workflow.from_text(path.name, texts[path]) for path in by_hand]
    return any(one is None or not is_of_another(one, top, prefix) for one in known)
