"""Turns what was found in a project into the changes that `seatrial init` proposes."""

from __future__ import annotations

import contextlib
import re
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from seatrial.ci.github import WORKFLOWS_FOLDER, Workflow
from seatrial.ci.publisher import is_of_another
from seatrial.errors import SeatrialError
from seatrial.git.command import is_ignored
from seatrial.init.changelog import insert_marker, unreleased_line
from seatrial.init.detect import BEGUN_PYPROJECT
from seatrial.init.files import (
    FRAGMENTS,
    TASKS_FILE,
    Proposal,
    ProposedFile,
    add_classifiers,
    existing_sessions,
    extend_pyproject,
    new_noxfile,
    session_calls,
    title_format_of,
)
from seatrial.init.write import UNFINISHED_SUFFIX
from seatrial.invocation import task_command
from seatrial.project.changelog import default_marker, new_changelog
from seatrial.project.project import Project
from seatrial.workflows.generate import GITLAB_FILE, DriftReason, Generator

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from seatrial.init.detect import DetectedProject


IGNORED = (".nox/", "dist/", ".coverage")
"""What sessions leave behind, for git to ignore."""
PYPROJECT = PurePosixPath("pyproject.toml")
FIRST_FRAGMENT = "Releases are made with seatrial.\n"
DEFAULT_LOG = PurePosixPath("CHANGELOG.md")


def propose_changes(found: DetectedProject, *, workflows: bool) -> Proposal:
    """Return what would be written into a project, in the order in which it is written."""
    title, log, remarks = _changelog_plan(found)
    new = [*_face_file(found, "noxfile.py", new_noxfile(found)), *_face_file(found, "tasks.py", TASKS_FILE)]
    old = [*_changelog_files(found, log), *_pyproject(found, log, title), *add_classifiers(found)]
    own = [*old, *_ignored(found, [*old, *new]), *new]
    files = [replace(one, path=PurePosixPath(found.repository.prefix, one.path)) for one in own]
    if workflows:
        of_ci, told = workflow_files(found, own)
        files, remarks = [*files, *of_ci], [*remarks, *told]
    if workflows and has_own_ci(found):
        remarks.append(
            "CI is told by files of your own, which were left alone; to have them generated: "
            f"{task_command('workflows')}"
        )
    return Proposal(tuple(files), (*remarks, *_remarks(found)))


def _changelog_plan(found: DetectedProject) -> tuple[str, PurePosixPath | None, list[str]]:
    """Return the form of a title, the changelog that towncrier is to keep, None for none, and what to say of it."""
    if found.news is not None:
        return "", None, []
    if found.log is None:
        return "## {version} ({project_date})", DEFAULT_LOG, []
    text = read_file(found, found.log)
    if text is None:
        return "", None, [f"{found.log} is not UTF-8 and was left alone: releases go without a changelog"]
    title = title_format_of(text)[0]
    bare = re.search(r"^\W*v?\d+\.\d+", text, re.MULTILINE)
    if bare and not title:
        line = text[: bare.start()].count("\n") + 1
        why = "releases are named here, but by no heading: left alone, releases go without a changelog"
        return "", None, [f"{found.log}:{line}: {why}"]
    line = unreleased_line(text)
    waits = [f"{found.log}:{line}: what stands here is in no fragment: move it into {FRAGMENTS}"] if line else []
    plain = "## {version} ({project_date})" if found.log.suffix == ".md" else "{version} ({project_date})"
    return title or plain, found.log, waits


def _changelog_files(found: DetectedProject, log: PurePosixPath | None) -> Iterator[ProposedFile]:
    """Yield the changelog with its marker, and the folder of the fragments."""
    news = found.news
    name = PurePosixPath(news.filename) if news and news.single else log
    own = news is None or news.marker == default_marker(PurePosixPath(news.filename))
    if name and own:
        old = read_file(found, name)
        if old is not None:
            yield from _changed(name, old, insert_marker(name, old))
        elif not (found.project.root / name).exists() and news is None:
            yield ProposedFile(name, None, new_changelog(default_marker(name), is_markdown=name.suffix == ".md"))
    if news is None and log and not _has_fragments(found):
        # The first fragment: a release without any is refused, and git knows no empty folders.
        suffix = log.suffix if log.suffix in {".md", ".rst"} else ".rst"
        yield ProposedFile(PurePosixPath(FRAGMENTS, f"+seatrial.misc{suffix}"), None, FIRST_FRAGMENT)


def _has_fragments(found: DetectedProject) -> bool:
    """Whether somebody keeps fragments: the folder alone may be what a run that was killed has left."""
    folder = found.project.root / FRAGMENTS
    return folder.is_dir() and any(path.suffix != UNFINISHED_SUFFIX for path in folder.iterdir())


def _pyproject(found: DetectedProject, log: PurePosixPath | None, title: str) -> Iterator[ProposedFile]:
    old = read_file(found, PYPROJECT)
    new = extend_pyproject(found, old or BEGUN_PYPROJECT, log, title)
    yield from _changed(PYPROJECT, old, new)


def _ignored(found: DetectedProject, files: Iterable[ProposedFile]) -> Iterator[ProposedFile]:
    """Yield .gitignore with what is left behind, and without ``files``: what git ignores is in no release."""
    path, root = PurePosixPath(".gitignore"), found.project.root
    missing = [name for name in IGNORED if not is_ignored(root, name)]
    missing += [f"!/{one.path}" for one in files if one.old is None and is_ignored(root, str(one.path))]
    if missing:
        old = read_file(found, path)
        text = f"{old.rstrip(chr(10))}\n" if old and old.strip() else ""
        yield ProposedFile(path, old, text + "".join(f"{name}\n" for name in missing))


def _face_file(found: DetectedProject, name: str, text: str) -> Iterator[ProposedFile]:
    if not (found.project.root / name).exists():
        yield ProposedFile(PurePosixPath(name), None, text)


def _remarks(found: DetectedProject) -> Iterator[str]:
    """Yield what is left to the user."""
    wanted = {
        "noxfile.py": "\n".join(("from seatrial import sessions", "", *session_calls(found))),
        "tasks.py": "from seatrial.tasks import ns",
    }
    texts = {name: read_file(found, PurePosixPath(name)) for name in wanted}
    left = [name for name, text in texts.items() if text is not None and "seatrial" not in text]
    for name, lines in wanted.items():
        if name in left:
            yield f"{name} is yours and was left alone; add to it:\n{lines}"
    taken = sorted({"build", "check"} & existing_sessions(found)) if "noxfile.py" in left else []
    if taken:
        yield f"noxfile.py has a session {' and '.join(taken)} already, and nox takes one of a name: rename yours"
    if found.trouble:
        yield str(found.trouble)
    if not found.tests.runner:
        yield "there are no tests: a release proves no more than that the package builds and installs"


def _changed(path: PurePosixPath, old: str | None, new: str) -> Iterator[ProposedFile]:
    if old != new:
        yield ProposedFile(path, old, new)


def read_file(found: DetectedProject, path: PurePosixPath) -> str | None:
    """Return the text of a file with LF for its line ends; None when it is not there or not UTF-8."""
    try:
        return (found.project.root / path).read_bytes().decode().replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError):
        return None


def workflow_files(
    found: DetectedProject, own: Sequence[ProposedFile]
) -> tuple[tuple[ProposedFile, ...], tuple[str, ...]]:
    """Return the files of CI for a project that has none, and what is left to the user.

    ``own``: what is written into its folder before.

    Where there are some already, a second workflow might publish what the first one does, too; where nothing can be
    tested, CI has nothing to call.
    """
    called = {call for call in session_calls(found) if not call.startswith("#")}
    proves = called - {"sessions.build()", "sessions.check()"}
    if has_own_ci(found) or not proves:
        return (), ()
    try:
        with _as_it_will_be(found, own) as then:
            drifted = Generator.at(found.repository, then).drift()
    except SeatrialError:
        # A forge for which nothing is generated, or no Python to run on.
        return (), ()
    # Where a link leads elsewhere, the one that writes says so.
    missing = (one for one in drifted if one.reason in {DriftReason.MISSING, DriftReason.ELSEWHERE})
    files = tuple(ProposedFile(PurePosixPath(one.path), None, one.then) for one in missing)
    return files, tuple(f"{one.path} {one.reason.value}" for one in drifted if one.reason is DriftReason.OTHER)


@contextlib.contextmanager
def _as_it_will_be(found: DetectedProject, own: Iterable[ProposedFile]) -> Iterator[Project]:
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


def has_own_ci(found: DetectedProject) -> bool:
    """Whether the repository has files of CI that were written by hand, but for those of other packages in it."""
    top, prefix = found.repository.root, found.repository.prefix
    paths = [path for path in (*(top / WORKFLOWS_FOLDER).glob("*.y*ml"), top / GITLAB_FILE) if path.is_file()]
    texts = {path: path.read_text(encoding="utf-8", errors="replace") for path in paths}
    by_hand = [path for path in paths if "seatrial" not in texts[path]]
    known = [Workflow.from_text(path.name, texts[path]) for path in by_hand]
    return any(one is None or not is_of_another(one, top, prefix) for one in known)


NONE_FOUND = "none found"


def detected_text(one: DetectedProject) -> str:
    """Return what was found in a project, a line for each thing."""
    rows = {
        "backend": one.project.backend.split(".")[0],
        "version": one.version_source,
        "layout": one.layout,
        "tests": f"{one.tests.runner}, with {one.tests.source}" if one.tests.runner else "no tests",
        "types": "mypy is configured"
        if one.asks_for_mypy
        else "typed, mypy is not configured"
        if one.is_typed
        else "none",
        "lint": one.lints or "none",
        "changelog": _changelog(one),
        "tags": f"{one.tag_form} ({'as they are' if one.has_tags else 'none yet'})",
        "branch": one.repository.branch or "none is checked out",
        "forge": one.forge or NONE_FOUND,
    }
    return "\n".join([one.project.name, "", *(f"{name:10} {told}" for name, told in rows.items())])


def _changelog(one: DetectedProject) -> str:
    if one.news is not None:
        return f"{one.news.filename}, made by towncrier from {one.news.folders[0]}"
    return f"{one.log}, kept by hand" if one.log else NONE_FOUND


def remarks_text(proposal: Proposal) -> str:
    """Return what is left to the user."""
    return "\n".join("- " + one.replace("\n", "\n  ") for one in proposal.remarks)
