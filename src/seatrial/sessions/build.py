"""The sessions ``build`` and ``check``."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.pythons import Interpreter
from seatrial.sessions.registration import (
    RUN_VARIABLE,
    Registration,
    as_strings,
    current_project,
    log_of,
    register_session,
    user_facing,
)

if TYPE_CHECKING:
    import nox

    from seatrial.distributions.cache import BuiltDistributions


DEFAULT_TAGS = ("ci", "release")
LOCAL_VERSION = "DIST122"
"""The check that a version has no local part, such as ``+g1a2b3c4``."""


@user_facing
def build(*, tags: Sequence[str] = DEFAULT_TAGS) -> None:
    """Register ``build``: one sdist, and the wheel from that sdist, in ``dist/``.

    The same tree is not built twice; to build it again, remove ``dist/``.
    """
    about = f"Build the sdist of {current_project().name}, and the wheel from that sdist, into dist/"
    register_session(Registration("build", about, as_strings(tags, "tags"), environment=False), _build)


@user_facing
def check(*, tags: Sequence[str] = DEFAULT_TAGS) -> None:
    """Register ``check``: whether an index would accept the distributions (docs/checks.md; ``twine check``)."""
    about = "Check that an index would accept the files in dist/ (builds them first if needed)"
    register_session(Registration("check", about, as_strings(tags, "tags"), environment=False), _check)


def built_distributions(session: nox.Session, python: Interpreter | None = None) -> BuiltDistributions:
    """Return the distributions of the current tree, and build them if needed.

    If another job of CI has built them, its files are returned, and nothing is built except a wheel that has to be
    compiled for ``python``, by default the Python that runs nox.
    """
    # The imports of a session are in its function, because `nox -l` starts faster without them.
    from seatrial.distributions.build import compiled_wheel, ensure_built  # noqa: PLC0415
    from seatrial.distributions.cache import BUILT_VARIABLE, accept_built  # noqa: PLC0415

    built_line = os.environ.get(BUILT_VARIABLE)
    if built_line is not None:
        here = python or Interpreter(f"{sys.version_info[0]}.{sys.version_info[1]}", Path(sys.executable))
        return accept_built(
            current_project(),
            built_line,
            lambda sdist: compiled_wheel(sdist, here, state_folder(session), log_of(session)),
        )
    return ensure_built(current_project(), state_folder(session), os.environ.get(RUN_VARIABLE, ""), log_of(session))


def state_folder(session: nox.Session) -> Path:
    """Return the folder for data that is kept between runs, next to nox's environments."""
    try:
        folder = session.cache_dir
    except FileNotFoundError as error:
        # Before 2026.7.11 nox created it only together with an environment.
        Path(error.filename).mkdir(parents=True)
        folder = session.cache_dir
    return folder.resolve() / "seatrial"


def _build(session: nox.Session) -> None:
    for file in built_distributions(session):
        session.log(f"dist/{file.path.name} is built from this tree")


def _check(session: nox.Session) -> None:
    from seatrial.checks.registry import require_acceptable  # noqa: PLC0415 - as in built_distributions()
    from seatrial.events import Progress  # noqa: PLC0415
    from seatrial.git.command import tracked_files  # noqa: PLC0415
    from seatrial.project.settings import Config  # noqa: PLC0415

    built = built_distributions(session)
    ignore = {**Config.from_project(current_project()).ignore, **_between_releases(built)}
    require_acceptable(tuple(built), ignore, Progress.of_texts(log_of(session)), tracked_files(current_project().root))


def _between_releases(built: BuiltDistributions) -> dict[str, str]:
    """Return the checks to ignore between two releases, when a version from the tag has a local part for the commit.

    A release builds at a tag, where the version has no local part.
    """
    from seatrial.git.command import is_between_tags  # noqa: PLC0415 - as in built_distributions()
    from seatrial.project.find_versions import comes_from_tag  # noqa: PLC0415

    if not built.sdist.version.local:
        return {}
    if comes_from_tag(current_project()):
        return {LOCAL_VERSION: "no tag is on this commit, from which a release takes its version"}
    if is_between_tags(current_project().root):
        return {LOCAL_VERSION: "no tag is on this commit, and a release gives it a version of its own"}
    return {}
