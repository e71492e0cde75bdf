"""What was found, turned into what would be written."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from seatrial.adoption import additions, changelog, faces, old_style
from seatrial.adoption.looking import BEGUN_PYPROJECT
from seatrial.adoption.proposal import Proposal, ProposedFile
from seatrial.adoption.workflow_files import has_own, workflow_files
from seatrial.adoption.writing import UNFINISHED
from seatrial.command_line import typed
from seatrial.facts.news import begun, default_marker
from seatrial.tools import git

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from seatrial.adoption.looking import Found

IGNORED = (".nox/", "dist/", ".coverage")
"""What sessions leave behind, for git to ignore."""
PYPROJECT = PurePosixPath("pyproject.toml")
FIRST_FRAGMENT = "Releases are made with seatrial.\n"
DEFAULT_LOG = PurePosixPath("CHANGELOG.md")


def propose(found: Found, *, workflows: bool) -> Proposal:
    """Return what would be written into a project, in the order in which it is written."""
    title, log, remarks = _log(found)
    new = [*_face(found, "noxfile.py", faces.noxfile(found)), *_face(found, "tasks.py", faces.TASKS)]
    old = [*_news(found, log), *_pyproject(found, log, title), *old_style.classifiers(found)]
    own = [*old, *_ignored(found, [*old, *new]), *new]
    files = [replace(one, path=PurePosixPath(found.repository.prefix, one.path)) for one in own]
    if workflows:
        of_ci, told = workflow_files(found, own)
        files, remarks = [*files, *of_ci], [*remarks, *told]
    if workflows and has_own(found):
        remarks.append(
            f"CI is told by files of your own, which were left alone; to have them generated: {typed('workflows')}"
        )
    return Proposal(tuple(files), (*remarks, *_remarks(found)))


def _log(found: Found) -> tuple[str, PurePosixPath | None, list[str]]:
    """Return the form of a title, the changelog that towncrier is to keep, None for none, and what to say of it."""
    if found.news is not None:
        return "", None, []
    if found.log is None:
        return "## {version} ({project_date})", DEFAULT_LOG, []
    text = read(found, found.log)
    if text is None:
        return "", None, [f"{found.log} is not UTF-8 and was left alone: releases go without a changelog"]
    title = additions.title_of(text)[0]
    bare = re.search(r"^\W*v?\d+\.\d+", text, re.MULTILINE)
    if bare and not title:
        line = text[: bare.start()].count("\n") + 1
        why = "releases are named here, but by no heading: left alone, releases go without a changelog"
        return "", None, [f"{found.log}:{line}: {why}"]
    line = changelog.unreleased(text)
    waits = (
        [f"{found.log}:{line}: what stands here is in no fragment: move it into {additions.FRAGMENTS}"] if line else []
    )
    plain = "## {version} ({project_date})" if found.log.suffix == ".md" else "{version} ({project_date})"
    return title or plain, found.log, waits


def _news(found: Found, log: PurePosixPath | None) -> Iterator[ProposedFile]:
    """Yield the changelog with its marker, and the folder of the fragments."""
    news = found.news
    name = PurePosixPath(news.filename) if news and news.single else log
    own = news is None or news.marker == default_marker(PurePosixPath(news.filename))
    if name and own:
        old = read(found, name)
        if old is not None:
            yield from _changed(name, old, changelog.with_marker(name, old))
        elif not (found.project.root / name).exists() and news is None:
            yield ProposedFile(name, None, begun(default_marker(name), is_markdown=name.suffix == ".md"))
    if news is None and log and not _has_fragments(found):
        # The first fragment: a release without any is refused, and git knows no empty folders.
        suffix = log.suffix if log.suffix in {".md", ".rst"} else ".rst"
        yield ProposedFile(PurePosixPath(additions.FRAGMENTS, f"+seatrial.misc{suffix}"), None, FIRST_FRAGMENT)


def _has_fragments(found: Found) -> bool:
    """Whether somebody keeps fragments: the folder alone may be what a run that was killed has left."""
    folder = found.project.root / additions.FRAGMENTS
    return folder.is_dir() and any(path.suffix != UNFINISHED for path in folder.iterdir())


def _pyproject(found: Found, log: PurePosixPath | None, title: str) -> Iterator[ProposedFile]:
    old = read(found, PYPROJECT)
    new = additions.to_pyproject(found, old or BEGUN_PYPROJECT, log, title)
    yield from _changed(PYPROJECT, old, new)


def _ignored(found: Found, files: Iterable[ProposedFile]) -> Iterator[ProposedFile]:
    """Yield .gitignore with what is left behind, and without ``files``: what git ignores is in no release."""
    path, root = PurePosixPath(".gitignore"), found.project.root
    missing = [name for name in IGNORED if not git.ignores(root, name)]
    missing += [f"!/{one.path}" for one in files if one.old is None and git.ignores(root, str(one.path))]
    if missing:
        old = read(found, path)
        text = f"{old.rstrip(chr(10))}\n" if old and old.strip() else ""
        yield ProposedFile(path, old, text + "".join(f"{name}\n" for name in missing))


def _face(found: Found, name: str, text: str) -> Iterator[ProposedFile]:
    if not (found.project.root / name).exists():
        yield ProposedFile(PurePosixPath(name), None, text)


def _remarks(found: Found) -> Iterator[str]:
    """Yield what is left to the user."""
    wanted = {
        "noxfile.py": "\n".join(("from seatrial import sessions", "", *faces.calls(found))),
        "tasks.py": "from seatrial.tasks import ns",
    }
    texts = {name: read(found, PurePosixPath(name)) for name in wanted}
    left = [name for name, text in texts.items() if text is not None and "seatrial" not in text]
    for name, lines in wanted.items():
        if name in left:
            yield f"{name} is yours and was left alone; add to it:\n{lines}"
    taken = sorted({"build", "check"} & faces.own_sessions(found)) if "noxfile.py" in left else []
    if taken:
        yield f"noxfile.py has a session {' and '.join(taken)} already, and nox takes one of a name: rename yours"
    if found.trouble:
        yield str(found.trouble)
    if not found.tests.runner:
        yield "there are no tests: a release proves no more than that the package builds and installs"


def _changed(path: PurePosixPath, old: str | None, new: str) -> Iterator[ProposedFile]:
    if old != new:
        yield ProposedFile(path, old, new)


def read(found: Found, path: PurePosixPath) -> str | None:
    """Return the text of a file with LF for its line ends; None when it is not there or not UTF-8."""
    try:
        return (found.project.root / path).read_bytes().decode().replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError):
        return None
