"""The sessions that make and judge the distributions."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.facts import version_places
from seatrial.interpreters import Interpreter
from seatrial.sessions import closing
from seatrial.sessions.registering import Registration, face, project, register, strings
from seatrial.tools import git

if TYPE_CHECKING:
    from collections.abc import Sequence

    import nox

    from seatrial.build_record import Built

TAGS = ("ci", "release")
LOCAL_VERSION = "DIST122"
"""The check that a version has no local part, such as ``+g1a2b3c4``."""


@face
def build(*, tags: Sequence[str] = TAGS) -> None:
    """Register ``build``: one sdist, and the wheel from that sdist, in ``dist/``.

    What is already built from the same tree is not built again; to build all the same, remove ``dist/``.
    """
    about = f"Build the sdist of {project().name}, and the wheel from that sdist, into dist/"
    register(Registration("build", about, strings(tags, "tags"), environment=False), _build)


@face
def check(*, tags: Sequence[str] = TAGS) -> None:
    """Register ``check``: whether an index would take the distributions (docs/checks.md; ``twine check --strict``)."""
    about = "Check that an index would take what is in dist/ (builds it first if need be)"
    register(Registration("check", about, strings(tags, "tags"), environment=False), _check)


def built(session: nox.Session, python: Interpreter | None = None) -> Built:
    """Return the distributions of the tree as it is now; they are built if need be.

    Where another job of CI has built them, its files are taken, or none at all; what has to be compiled then is
    compiled for ``python``, the one that runs nox unless told.
    """
    # Everything that a session does is loaded when it runs: `nox -l` does without.
    from seatrial import delivered, distributions  # noqa: PLC0415

    said = os.environ.get(delivered.VARIABLE)
    if said is not None:
        here = python or Interpreter(f"{sys.version_info[0]}.{sys.version_info[1]}", Path(sys.executable))
        return delivered.accept(
            project(), said, lambda sdist: distributions.compiled_from(sdist, here, state(session), session.log)
        )
    return distributions.ensure(project(), state(session), os.environ.get(closing.RUN, ""), session.log)


def state(session: nox.Session) -> Path:
    """Return the folder for what is remembered between runs, beside nox's environments."""
    try:
        folder = session.cache_dir
    except FileNotFoundError as error:
        # Before 2026.7.11 nox made it only where there was an environment already.
        Path(error.filename).mkdir(parents=True)
        folder = session.cache_dir
    return folder.resolve() / "seatrial"


def _build(session: nox.Session) -> None:
    for one in built(session):
        session.log(f"dist/{one.path.name} is built from this tree")


def _check(session: nox.Session) -> None:
    from seatrial import fitness  # noqa: PLC0415 - see built()
    from seatrial.config import Config  # noqa: PLC0415

    made = built(session)
    ignore = {**Config.from_project(project()).ignore, **_between_releases(made)}
    paths = [one.path for one in made]
    fitness.insist(paths, ignore, session.log, git.tracked_files(project().root))


def _between_releases(made: Built) -> dict[str, str]:
    """Return what need not hold between two releases: a version says then which commit it is of, or that it is none.

    The proof of a release builds at a tag, where a version has no such part.
    """
    if not made.sdist.version.local:
        return {}
    if version_places.comes_from_tag(project()):
        return {LOCAL_VERSION: "no tag is on this commit, from which a release takes its version"}
    if git.is_between_tags(project().root):
        return {LOCAL_VERSION: "no tag is on this commit, and a release gives it a version of its own"}
    return {}
