"""Takes seatrial out of a project: what is still as `seatrial init` writes it goes, and the rest is named."""

from __future__ import annotations

import ast
import contextlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Optional

import tomlkit
from platformdirs import user_cache_path

from seatrial.errors import SeatrialError, count_text
from seatrial.git.command import Git
from seatrial.init.changelog import FRAGMENTS, UNRELEASED_TITLE
from seatrial.init.detect import BEGUN_PYPROJECT, DetectedProject
from seatrial.init.files import Proposal, ProposedFile, write_proposal
from seatrial.init.propose import IGNORED
from seatrial.init.sessions import without_seatrial
from seatrial.project.changelog import default_marker, new_changelog
from seatrial.project.unreleased_section import find_unreleased, unreleased_notes, with_unreleased_heading
from seatrial.workflows.generate import Generator, find_drift

MOST_LINES = 10
"""More lines that name seatrial than these are only counted."""


@dataclass(frozen=True)
class Removal:
    """The files to delete, and those to change; ``remarks``: what is left to the user."""

    deleted: tuple[ProposedFile, ...] = ()
    changed: tuple[ProposedFile, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def proposal(self) -> Proposal:
        """All files, of which the deleted ones have no text."""
        return Proposal((*self.deleted, *self.changed), self.remarks)

    @property
    def diff(self) -> str:
        """All changes, as a unified diff."""
        return "".join((*map(_deletion, self.deleted), *(file.diff for file in self.changed)))

    @property
    def table(self) -> str:
        """A line for each file, with the number of lines that go."""
        rows = [
            *(("deleted", file.path, (0, len((file.old or "").splitlines()))) for file in self.deleted),
            *(("changed", file.path, file.counts) for file in self.changed),
        ]
        width = max((len(str(path)) for _, path, _ in rows), default=0)
        return "\n".join(
            f"  {word:8} {path!s:{width}}  {f'+{added} ' if added else ''}-{removed}"
            for word, path, (added, removed) in rows
        )


def _deletion(file: ProposedFile) -> str:
    lines = (file.old or "").splitlines()
    head = f"--- a/{file.path}\n+++ /dev/null\n"
    return head + (f"@@ -1,{len(lines)} +0,0 @@\n" + "".join(f"-{line}\n" for line in lines) if lines else "")


def plan_removal(detected: DetectedProject) -> Removal:
    """Return what takes seatrial out of a project. Nothing is written."""
    kept_fragments, before = _fragments(detected), FilesBefore.of(detected)
    changes = [
        *_without_faces(detected, before),
        *_without_tables(detected, kept_fragments, before),
        *_without_changelog(detected, kept_fragments, before),
    ]
    changes = [(path, old, before.text_like(path, new)) for path, old, new in changes]
    prefix = PurePosixPath(detected.repository.prefix)
    files = [ProposedFile(prefix / path, old, new or "") for path, old, new in changes if new != old]
    gone = {prefix / path for path, _, new in changes if new is None}
    deleted = (*(file for file in files if file.path in gone), *_workflow_files(detected))
    changed = tuple(file for file in files if file.path not in gone)
    remarks = tuple(_remarks(detected, kept_fragments, {file.path: file.new for file in (*deleted, *changed)}))
    return Removal(deleted, changed, remarks)


Change = tuple[PurePosixPath, str, Optional[str]]
"""A path, its text, and its text without seatrial: None where nothing else is in it."""


@dataclass(frozen=True)
class FilesBefore:
    """The files of a project as they were before a commit brought seatrial into its noxfile.py or tasks.py.

    ``commit``: the one before it, HEAD while there is none, None where that is unknown.
    """

    git: Git
    commit: str | None

    @classmethod
    def of(cls, detected: DetectedProject) -> FilesBefore:
        """Find the commit of a project."""
        git = Git(detected.project.root)
        if detected.repository.commit is None:
            return cls(git, None)
        adopting = git.attempt(
            "log", "--no-show-signature", "--reverse", "--format=%P;", "-S", "seatrial", "--", "noxfile.py", "tasks.py"
        )
        parents, sign, _ = adopting.output.partition(";")
        return cls(git, (parents.partition(" ")[0] or None) if sign else "HEAD")

    def read(self, path: PurePosixPath) -> str | None:
        """Return the text of a file, with LF for its line ends; None where it was not there, or that is unknown."""
        done = self.git.attempt("show", f"{self.commit}:./{path}") if self.commit else None
        return done.output.replace("\r\n", "\n") if done and not done.returncode else None

    def text_like(self, path: PurePosixPath, text: str | None) -> str | None:
        """Return the former text of a file where ``text`` differs from it by its last line end alone, else ``text``."""
        former = self.read(path) if text is not None else None
        return former if text and former and former.rstrip("\n") == text.rstrip("\n") else text


def _without_faces(detected: DetectedProject, before: FilesBefore) -> Iterator[Change]:
    """Yield noxfile.py, tasks.py and .gitignore, as far as they are of seatrial."""
    noxfile, tasks, ignored = (detected.read(PurePosixPath(name)) for name in ("noxfile.py", "tasks.py", ".gitignore"))
    has_sessions, has_tasks = "seatrial" in (noxfile or ""), bool(tasks and is_own_tasks_file(tasks))
    kept = noxfile_without_sessions(noxfile) if noxfile and has_sessions else noxfile
    if noxfile and has_sessions:
        yield PurePosixPath("noxfile.py"), noxfile, kept
    if ignored and (has_sessions or has_tasks):
        path = PurePosixPath(".gitignore")
        former = before.read(path) or ""
        # Where nox stays, its lines are the project's own unless they came with seatrial.
        came_with_it = before.commit and without_ignored(ignored, former) == former
        if kept is None or came_with_it:
            yield path, ignored, (former if came_with_it else without_ignored(ignored)) or None
    if tasks and has_tasks:
        yield PurePosixPath("tasks.py"), tasks, None


def _without_tables(
    detected: DetectedProject, fragments: Iterable[PurePosixPath], before: FilesBefore
) -> Iterator[Change]:
    path = PurePosixPath("pyproject.toml")
    if text := detected.read(path):
        # Settings of towncrier without a fragment are as init wrote them; with fragments, they are in use.
        kept = pyproject_without_tables(text, changelog=not tuple(fragments))
        is_new = before.commit and before.read(path) is None
        yield path, text, None if is_new and kept == BEGUN_PYPROJECT else kept


def _without_changelog(
    detected: DetectedProject, fragments: Iterable[PurePosixPath], before: FilesBefore
) -> Iterator[Change]:
    """Yield the Unreleased heading that init wrote, or the marker of towncrier and what keeps an empty folder."""
    if detected.log and before.commit and (text := detected.read(detected.log)):
        former = before.read(detected.log)
        begun = with_unreleased_heading(former or UNRELEASED_TITLE, is_rst=detected.log.suffix == ".rst")
        if begun == text != former:
            yield detected.log, text, former
    if detected.news is None or detected.news.folders != (PurePosixPath(FRAGMENTS),) or tuple(fragments):
        return
    keep, path = PurePosixPath(FRAGMENTS, ".gitkeep"), PurePosixPath(detected.news.filename)
    if (text := detected.read(keep)) is not None:
        yield keep, text, None
    if log := detected.read(path):
        kept, marker = without_marker(path, log), default_marker(path)
        is_new = before.commit and before.read(path) is None
        begun = without_marker(path, new_changelog(marker, is_markdown=path.suffix == ".md"))
        yield path, log, None if is_new and kept == begun else kept


def noxfile_without_sessions(text: str) -> str | None:
    """Return a noxfile without the sessions of seatrial and what they need, None where nothing else is in it."""
    try:
        statements = ast.parse(text).body
    except (SyntaxError, ValueError):
        return text
    own = [statement for statement in statements if not _is_of_seatrial(statement)]
    if all(_needs_no_noxfile(statement) for statement in own):
        return None
    lines = text.splitlines(keepends=True)
    gone = {
        number
        for statement in statements
        if _is_of_seatrial(statement)
        for number in range(statement.lineno - 1, statement.end_lineno or statement.lineno)
    }
    gone |= {number for number, line in enumerate(lines) if line.startswith("# sessions.")}
    kept = [line for number, line in enumerate(lines) if number not in gone]
    return without_seatrial("".join(kept)).rstrip("\n") + "\n"


def _is_of_seatrial(statement: ast.stmt) -> bool:
    """Whether a statement imports seatrial, or calls a function of `seatrial.sessions`."""
    if isinstance(statement, ast.ImportFrom):
        return (statement.module or "").partition(".")[0] == "seatrial"
    if isinstance(statement, ast.Import):
        return all(alias.name.partition(".")[0] == "seatrial" for alias in statement.names)
    if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Call):
        return False
    function = statement.value.func
    return (
        isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and function.value.id == "sessions"
    )


def _needs_no_noxfile(statement: ast.stmt) -> bool:
    """Whether a statement is of no use without sessions: a docstring, an import, an option of nox."""
    if isinstance(statement, ast.Assign):
        return ast.unparse(statement.targets[0]).startswith("nox.")
    is_text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return is_text or isinstance(statement, (ast.Import, ast.ImportFrom))


def is_own_tasks_file(text: str) -> bool:
    """Whether a tasks.py has nothing but the tasks of seatrial."""
    try:
        statements = ast.parse(text).body
    except (SyntaxError, ValueError):
        return False
    names = {
        ast.unparse(statement.targets[0])
        for statement in statements
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1
    }
    others = (statement for statement in statements if not isinstance(statement, ast.Assign))
    return any(map(_is_of_seatrial, statements)) and names <= {"__all__"} and all(map(_needs_no_noxfile, others))


def pyproject_without_tables(text: str, *, changelog: bool) -> str:
    """Return pyproject.toml without the tables of seatrial; ``changelog``: without those of towncrier, too.

    Those of towncrier go only where they name the folder that init gives them.
    """
    document = tomlkit.parse(text)
    tool = document.get("tool", {})
    names = [name for name in ("seatrial",) if name in tool]
    if changelog and tool.get("towncrier", {}).get("directory") == FRAGMENTS:
        names.append("towncrier")
    for name in names:
        del tool[name]
    if "tool" in document and not tool:
        del document["tool"]
    return re.sub(r"\n{3,}", "\n\n", document.as_string()).rstrip("\n") + "\n" if names else text


def without_ignored(text: str, former: str = "") -> str:
    """Return a .gitignore without the lines that init adds at its end, as far as they are not those of a former one."""
    lines = text.splitlines(keepends=True)
    while len(lines) > len(former.splitlines()) and lines[-1].strip() in {*IGNORED, "!/noxfile.py", "!/tasks.py"}:
        del lines[-1]
    return former if former.rstrip() == "".join(lines).rstrip() else "".join(lines)


def without_marker(path: PurePosixPath, text: str) -> str:
    """Return a changelog without the marker of towncrier, and the blank line below it."""
    return re.sub(rf"^{re.escape(default_marker(path))}[ \t]*\n\n?", "", text, count=1, flags=re.MULTILINE)


def _fragments(detected: DetectedProject) -> tuple[PurePosixPath, ...]:
    return detected.news.among(detected.files) if detected.news else ()


def _workflow_files(detected: DetectedProject) -> Iterator[ProposedFile]:
    """Yield the files of CI that are as they would be written today."""
    try:
        expected = Generator.at(detected.repository, detected.project).expected
        generated = find_drift(expected, {})
    except SeatrialError:
        return
    for file in generated:
        path = detected.repository.root / file.path
        with contextlib.suppress(OSError, UnicodeDecodeError):
            text = path.read_bytes().decode().replace("\r\n", "\n")
            if text == file.then:
                yield ProposedFile(PurePosixPath(file.path), text, "")


def _remarks(
    detected: DetectedProject, fragments: Iterable[PurePosixPath], texts: dict[PurePosixPath, str]
) -> Iterator[str]:
    """Yield where else seatrial is named, and what it keeps next to the project."""
    repository = detected.repository
    prefix = f"{repository.prefix}/" if repository.prefix else ""
    listed = Git(repository.root).attempt(
        "grep", "-n", "-I", "-i", "--full-name", "-e", "seatrial", "--", prefix or "."
    )
    places = [line.split(":", 2) for line in listed.output.splitlines() if line.count(":") > 1]
    lines = [f"{path}:{number}: {text.strip()}" for path, number, text in places if PurePosixPath(path) not in texts]
    lines += [
        f"{path}:{number}: {line.strip()}"
        for path, text in texts.items()
        for number, line in enumerate(text.splitlines(), 1)
        if "seatrial" in line.lower()
    ]
    if lines:
        more = [f"and {count_text(len(lines) - MOST_LINES, 'more line')}"] if len(lines) > MOST_LINES else []
        yield "\n".join(("seatrial is still named in:", *lines[:MOST_LINES], *more))
    if fragments := tuple(fragments):
        count = count_text(len(fragments), "fragment")
        yield f"[tool.towncrier] and {count} were left: towncrier works without seatrial"
    if "bumpversion" in detected.project.table.get("tool", {}):
        yield "[tool.bumpversion] in pyproject.toml was left: bump-my-version works without seatrial"
    path = detected.log
    text = (detected.read(path) if path else None) or ""
    is_changed = path and PurePosixPath(repository.prefix, path) in texts
    if not is_changed and (heading := find_unreleased(text)) and not unreleased_notes(text):
        yield f"{path}:{heading.line + 1}: the heading without notes was left"
    folders = (detected.project.root / ".nox", repository.common_dir / "seatrial", user_cache_path("seatrial"))
    root = repository.root
    leftovers = [
        folder.relative_to(root).as_posix() if root in folder.parents else str(folder)
        for folder in folders
        if folder.is_dir()
    ]
    if leftovers:
        yield f"{', '.join(leftovers)} can be deleted: git does not track {'it' if len(leftovers) == 1 else 'them'}"


def remove_files(detected: DetectedProject, removal: Removal) -> None:
    """Write what changes, and delete the rest. Raises `OSError`."""
    write_proposal(detected, Proposal(removal.changed))
    for file in removal.deleted:
        path = detected.repository.root / file.path
        path.unlink()
        with contextlib.suppress(OSError):
            # Only an empty folder can be removed.
            path.parent.rmdir()
