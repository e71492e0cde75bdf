"""The files that `seatrial init` adds or changes: pyproject.toml, noxfile.py, tasks.py, setup.cfg; and writing them.

Each is written atomically, so that an interrupted run can be repeated.
"""

from __future__ import annotations

import ast
import contextlib
import difflib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import tomlkit
from tomlkit.items import Array, Table
from trove_classifiers import classifiers

from seatrial import process
from seatrial.errors import ProjectError
from seatrial.git.repository import Repository, files_of_commit
from seatrial.init.sessions import (
    PlannedSession,
    checks_every_file,
    line_length,
    plan_sessions,
    script_block,
    with_block,
)
from seatrial.installer import best_installer, create_environment, install_requirements, python_of
from seatrial.project.config_files import SETUP_CFG, SETUP_PY, SetupScript, file_of_metadata
from seatrial.project.nox_sessions import BLOCK
from seatrial.project.project import Project, require_inside
from seatrial.storage import restore_line_ends

if TYPE_CHECKING:
    from seatrial.events import Progress
    from seatrial.init.detect import DetectedProject
    from seatrial.init.trial import ProjectCopy
    from seatrial.project.version_places import VersionPlace


@dataclass(frozen=True)
class ProposedFile:
    """A file as it is and as it would be, below the top of the repository; ``old`` is None where there is none.

    The line ends of both texts are LF.
    """

    path: PurePosixPath
    old: str | None
    new: str

    @property
    def diff(self) -> str:
        """The change as a unified diff, headed as git heads it."""
        before = f"a/{self.path}" if self.old is not None else "/dev/null"
        old, new = (self.old or "").splitlines(keepends=True), self.new.splitlines(keepends=True)
        diff = "".join(_whole(line) for line in difflib.unified_diff(old, new, before, f"b/{self.path}"))
        return diff or f"--- {before}\n+++ b/{self.path}\n"

    @property
    def counts(self) -> tuple[int, int]:
        """How many lines are added, and how many removed."""
        signs = [line[:1] for line in self.diff.splitlines() if line[:3] not in {"+++", "---"}]
        return signs.count("+"), signs.count("-")


@dataclass(frozen=True)
class Proposal:
    """The files to write, and ``remarks`` about what is left to the user."""

    files: tuple[ProposedFile, ...] = ()
    remarks: tuple[str, ...] = field(default=())

    @property
    def diff(self) -> str:
        """All changes, one after the other."""
        return "".join(file.diff for file in self.files)

    @property
    def lines(self) -> int:
        """How many lines change."""
        return sum(sum(file.counts) for file in self.files)

    @property
    def table(self) -> str:
        """A line for each file: new or changed, its path, and the lines added and removed."""
        width = max((len(str(file.path)) for file in self.files), default=0)
        rows = []
        for file in self.files:
            added, removed = file.counts
            count = f"+{added}" + (f" -{removed}" if removed else "")
            rows.append(f"  {'new' if file.old is None else 'changed':8} {file.path!s:{width}}  {count}")
        return "\n".join(rows)

    def __iter__(self) -> Iterator[ProposedFile]:
        return iter(self.files)


def _whole(line: str) -> str:
    """Return a line of a diff with its line end, marked as git does where the file has none."""
    return line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


FIELDS = (("search", "current_version"), ("replace", "new_version"))
"""The field for the version in each text of bump-my-version (its "Configuration")."""


def extend_pyproject(
    detected: DetectedProject,
    text: str,
    towncrier: str | None,
    changelog: Mapping[str, str],
    *,
    classifiers: bool = False,
) -> str:
    """Return pyproject.toml with the missing tables.

    ``towncrier``: its settings as TOML, None for none; ``changelog``: those of ``[tool.seatrial.changelog]``;
    ``classifiers``: whether those of the Pythons are added.
    """
    document = tomlkit.parse(text)
    before = document.as_string()
    for classifier in detected.excluded:
        # nox can't load the sessions with those of Pythons that requires-python excludes.
        table: Any = document["project"]
        table["classifiers"].remove(classifier)
    if classifiers:
        _add_classifiers(detected, document)
    tables = [
        _settings_table(detected, document, changelog),
        _bumpversion_table(detected, document),
        towncrier,
    ]
    changed = document.as_string()
    tail = "\n".join(table for table in tables if table)
    text = changed if changed != before else text
    return f"{text.rstrip(chr(10))}\n\n{tail}" if tail and text.strip() else text or tail


def missing_classifiers(project: Project) -> tuple[str, ...]:
    """Return the classifiers of the Pythons that a project supports; none where its classifiers name some."""
    minors = () if project.pythons_classified else (int(python.partition(".")[2]) for python in project.pythons)
    return python_classifiers(minors)


def _add_classifiers(detected: DetectedProject, document: tomlkit.TOMLDocument) -> None:
    """Add the classifiers of the Pythons to the project's classifiers."""
    project: Any = document.get("project")
    classifiers = missing_classifiers(detected.project)
    if not classifiers or project is None or "classifiers" in project.get("dynamic", []):
        return
    if "classifiers" not in project:
        project["classifiers"] = tomlkit.array().multiline(multiline=True)
    array = project["classifiers"]
    if isinstance(array, Array):
        for classifier in classifiers:
            array.append(classifier)


def _settings_table(
    detected: DetectedProject, document: tomlkit.TOMLDocument, changelog: Mapping[str, str]
) -> str | None:
    """Return the settings of seatrial, or add them to the existing ones; None where they are not needed.

    They are a name that setup.py computes, the form of the tags where several packages share a repository that has no
    tags yet, the way of releases where the branch is protected, and how the changelog is kept, where that is not what
    seatrial would take.
    """
    settings: Any = document.get("tool", {}).get("seatrial", {})
    additions = {"name": detected.backend_answers.name} if detected.backend_answers.name else {}
    if detected.repository.prefix and not detected.has_tags and "tag" not in settings:
        additions |= {"tag": detected.tag_form}
    additions |= {"through": "pull-request"} if detected.protection else {}
    if "seatrial" in document.get("tool", {}):
        settings.update({key: text for key, text in additions.items() if key not in settings})
        if changelog:
            settings["changelog"] = {**settings.get("changelog", {}), **changelog}
        return None
    tables = {"[tool.seatrial]": additions, "[tool.seatrial.changelog]": changelog}
    texts = (
        "".join((f"{head}\n", *(f"{key} = {tomlkit.item(text).as_string()}\n" for key, text in table.items())))
        for head, table in tables.items()
        if table
    )
    return "\n".join(texts) or None


def _bumpversion_table(detected: DetectedProject, document: tomlkit.TOMLDocument) -> str | None:
    """Return the settings of bump-my-version for a version that setup.py computes, None for any other."""
    backend_answers, settings = detected.backend_answers, document.get("tool", {}).get("bumpversion")
    if not backend_answers.places:
        return None
    if isinstance(settings, Table):
        # The table lists the files already.
        settings["current_version"] = backend_answers.version
        return None
    text = f"[tool.bumpversion]\ncurrent_version = {tomlkit.item(backend_answers.version).as_string()}\n"
    for place in backend_answers.places:
        table = {"filename": str(place.path), **_search(place)}
        text += "\n[[tool.bumpversion.files]]\n"
        text += "".join(f"{key} = {_quoted(value)}\n" for key, value in table.items())
    return text


def _quoted(text: str) -> str:
    is_literal = '"' in text and "'" not in text and text.isprintable()
    return tomlkit.string(text, literal=is_literal).as_string()


def _search(place: VersionPlace) -> dict[str, str]:
    """Return the texts to search and to replace: the whole line, unless braces in it would be fields."""
    line = place.text.splitlines()[-1]
    before, _, after = line.rpartition(place.version)
    if "{" in line or not before:
        return {}
    return {key: f"{before}{{{field}}}{after}" for key, field in FIELDS}


TASKS_FILE = 'from seatrial.tasks import ns\n\n__all__ = ["ns"]\n'
NOXFILE_HEAD = """\
import nox
from seatrial import sessions

nox.options.default_venv_backend = "uv|virtualenv"

"""

UNCHECKED = "# mypy: ignore-errors\n"
"""A line of a file that imports what an environment of mypy does not have (mypy, "Inline configuration")."""

NO_TESTS = "# sessions.tests(): {}, so nothing is tested before a release"


def session_calls(detected: DetectedProject, planned: Sequence[PlannedSession] | None = None) -> tuple[str, ...]:
    """Return the calls in a noxfile; what can't be called yet is a comment."""
    planned, length = plan_sessions(detected) if planned is None else planned, line_length(detected.project)
    calls = [session.call(length) for session in planned]
    if not any(session.name == "tests" for session in planned):
        calls.insert(2, NO_TESTS.format("no tests yet" if detected.tests.command is None else "left out"))
    return tuple(calls)


def noxfile_with_sessions(text: str, calls: Sequence[str]) -> str:
    """Return a noxfile of the project's own with the calls at its end, and what they need at its top."""
    imported = "from seatrial import sessions\n"
    lines = text.rstrip("\n").splitlines(keepends=True)
    try:
        statements = ast.parse(text).body
    except (SyntaxError, ValueError):
        return text
    imports = [statement for statement in statements if isinstance(statement, (ast.Import, ast.ImportFrom))]
    # That of annotations has to be the first statement.
    imports.sort(key=lambda each: not (isinstance(each, ast.ImportFrom) and each.module == "__future__"))
    at = (imports[-1].end_lineno or 0) if imports else 0
    body = "".join((*lines[:at], imported, *lines[at:])).rstrip("\n")
    return f"{with_block(body)}\n\n\n" + "\n".join(calls) + "\n"


def new_face_files(detected: DetectedProject, planned: Sequence[PlannedSession] | None = None) -> dict[str, str]:
    """Return the noxfile.py and the tasks.py of a project that has none."""
    head, calls = UNCHECKED if checks_every_file(detected) else "", "\n".join(session_calls(detected, planned))
    return {"noxfile.py": f"{script_block()}{head}{NOXFILE_HEAD}{calls}\n", "tasks.py": head + TASKS_FILE}


CFG, SCRIPT = PurePosixPath(SETUP_CFG), PurePosixPath(SETUP_PY)


def add_classifiers(detected: DetectedProject) -> Iterator[ProposedFile]:
    """Yield setup.py or setup.cfg with the classifiers of the Pythons, where the metadata are there and name none."""
    project, classifiers = detected.project, missing_classifiers(detected.project)
    file_name = file_of_metadata(project.root, project.table)
    if not classifiers or file_name not in {SETUP_CFG, SETUP_PY}:
        return
    script = SetupScript.read(project.root)
    if file_name == SETUP_PY and script.has("classifiers"):
        old = detected.read(SCRIPT) or ""
        value = script.value("classifiers")
        # What is computed is left alone.
        new = _in_list(old, value, classifiers) if isinstance(value, ast.List) else old
        if new != old:
            yield ProposedFile(SCRIPT, old, new)
        return
    text = detected.read(CFG)
    yield ProposedFile(CFG, text, _in_cfg(text or "", classifiers))


def _in_cfg(old: str, classifiers: Sequence[str]) -> str:
    lines = "".join(f"    {text}\n" for text in classifiers)
    existing = re.search(r"^classifiers? *=[^\n]*\n((?:[ \t]+\S[^\n]*\n)*)", old, re.MULTILINE)
    head = re.search(r"^\[metadata\]\n", old, re.MULTILINE)
    if existing:
        return old[: existing.end()] + lines + old[existing.end() :]
    if head:
        return old[: head.end()] + f"classifiers =\n{lines}" + old[head.end() :]
    return f"[metadata]\nclassifiers =\n{lines}" + (f"\n{old}" if old else "")


def _in_list(old: str, value: ast.List, classifiers: Sequence[str]) -> str:
    """Return a script with more items at the end of a list; one that has none is left alone."""
    last = value.elts[-1] if value.elts else None
    if last is None or last.end_lineno is None or last.end_col_offset is None:
        return old
    lines = old.split("\n")
    # Columns count bytes (Python, "ast").
    line = lines[last.end_lineno - 1].encode()
    blanks = " " * (len(line) - len(line.lstrip()) if value.lineno != last.lineno else last.col_offset)
    more = "".join(f',\n{blanks}"{text}"' for text in classifiers)
    lines[last.end_lineno - 1] = (line[: last.end_col_offset] + more.encode() + line[last.end_col_offset :]).decode()
    return "\n".join(lines)


UNFINISHED_SUFFIX = ".seatrial"
"""The suffix of a file that is written and then moved into place."""


def write_proposal(detected: DetectedProject, proposal: Proposal) -> None:
    """Write all files. Raises `OSError` before any file is changed when one can't be written."""
    ready: list[tuple[Path, Path]] = []
    try:
        for file in proposal:
            target = (detected.repository.root / file.path).resolve()
            target.parent.mkdir(parents=True, exist_ok=True)
            old = target.read_bytes() if file.old is not None else b""
            if target.exists():
                # A read-only file must not change, although it could be replaced.
                target.open("r+b").close()
            # The same name in every run, so that the leftover of a run that was killed is replaced.
            new = target.with_name(f".{target.name}{UNFINISHED_SUFFIX}")
            ready.append((new, target))
            new.write_bytes(restore_line_ends(old, file.new.encode()))
            if file.old is not None:
                new.chmod(target.stat().st_mode)
        for new, target in ready:
            new.replace(target)
    finally:
        for new, _ in ready:
            with contextlib.suppress(FileNotFoundError):
                new.unlink()


def require_clean_files(detected: DetectedProject, proposal: Proposal) -> None:
    """Raise `NotMine` for a file with uncommitted changes, or outside of the repository."""
    repository = detected.repository
    committed = set(files_of_commit(replace(repository, prefix=""))) if repository.commit else set()
    unfinished = {Path(repository.root, name).resolve() for name in repository.unfinished}
    for file in proposal:
        path = repository.root / file.path
        require_inside(repository.root, [path])
        if file.path in committed and path.resolve() in unfinished:
            raise ProjectError(
                f"{path} has changes that are not committed, and seatrial would write into it",
                code="NotMine",
                fix=_commands(repository, file.path),
            )


def _commands(repository: Repository, path: PurePosixPath) -> str:
    # From the top of the repository (gitglossary(7), "pathspec"), because it can be typed in any folder.
    top = ":/" if repository.prefix else ""
    return f"git commit {top}{path}; or, to put it aside: git stash"


@dataclass(frozen=True)
class Formatter:
    """A formatter of the project: the requirement that brings it, and its commands, without the files."""

    requirement: str
    commands: tuple[tuple[str, ...], ...]


def formatters(detected: DetectedProject) -> tuple[Formatter, ...]:
    """Return the formatters that a project configures, in the version that its hooks have."""
    versions = {hook.name: hook.version for hook in detected.hooks}
    project = detected.project

    def requirement(name: str, *hooks: str) -> str:
        version = next((versions[hook] for hook in hooks if versions.get(hook)), None)
        return f"{name}=={version}" if version else name

    tools = []
    ruff_hooks = ("ruff", "ruff-check", "ruff-format")
    if project.configures("ruff", "ruff.toml", ".ruff.toml") or set(ruff_hooks) & set(versions):
        commands: tuple[tuple[str, ...], ...] = (("ruff", "check", "--fix", "--exit-zero", "--quiet"),)
        if project.formats_with_ruff or "ruff-format" in versions:
            commands = (*commands, ("ruff", "format", "--quiet"))
        tools.append(Formatter(requirement("ruff", *ruff_hooks), commands))
    others = [name for name in ("isort", "black") if name in versions or name in project.table.get("tool", {})]
    return (*tools, *(Formatter(requirement(name, name), ((name, "--quiet"),)) for name in others))


DOCSTRINGS = {"noxfile.py": '"""The sessions of nox."""', "tasks.py": '"""The tasks of invoke."""'}

MISSING_DOCSTRING = "D100"


def format_files(
    detected: DetectedProject,
    proposal: Proposal,
    copy: ProjectCopy,
    progress: Progress,
    environ: Mapping[str, str],
) -> Proposal:
    """Return a proposal whose Python files are as the project's formatters and its ruff want them."""
    new = [file for file in proposal.files if file.old is None and file.path.suffix == ".py"]
    tools = formatters(detected)
    if not tools or not new:
        return proposal
    environment = copy.folder / "formatters"
    python = python_of(environment)
    installer = best_installer()
    paths = {copy.root / file.path: file for file in new}
    with progress.step("format", "with the project's formatters"):
        create_environment(installer, environment)
        install_requirements(installer, python, [tool.requirement for tool in tools], cwd=copy.folder)
        for path, file in paths.items():
            path.write_bytes(file.new.encode())
        env = process.child_environment(PATH=os.pathsep.join([str(python.parent), environ.get("PATH", "")]))
        commands = [command for tool in tools for command in tool.commands]
        _format(commands, paths, copy.project, env)
        if commands[0][0] == "ruff":
            # What can't be fixed is a docstring, or said to be on purpose.
            for path, codes in _violations(paths, copy.project, env).items():
                if MISSING_DOCSTRING in codes:
                    _below_block(path, DOCSTRINGS[path.name] + "\n\n")
            for path, codes in _violations(paths, copy.project, env).items():
                _below_block(path, f"# ruff: noqa: {', '.join(sorted(codes))}\n")
            _format(commands, paths, copy.project, env)
    texts = {file.path: path.read_text(encoding="utf-8") for path, file in paths.items()}
    files = tuple(replace(file, new=texts.get(file.path, file.new)) for file in proposal.files)
    return replace(proposal, files=files)


def _format(commands: Sequence[tuple[str, ...]], paths: Iterable[Path], cwd: Path, env: Mapping[str, str]) -> None:
    for command in commands:
        process.attempt((*command, *map(str, paths)), cwd=cwd, env=env)


def _violations(paths: Iterable[Path], cwd: Path, env: Mapping[str, str]) -> dict[Path, set[str]]:
    """Return the codes of what ruff finds in files."""
    args = ("ruff", "check", "--output-format=json", *map(str, paths))
    done = process.attempt(args, cwd=cwd, env=env)
    codes: dict[Path, set[str]] = {}
    with contextlib.suppress(ValueError, KeyError, TypeError):
        for violation in json.loads(done.output):
            if violation["code"]:
                codes.setdefault(Path(violation["filename"]), set()).add(str(violation["code"]))
    return codes


def _below_block(path: Path, lines: str) -> None:
    """Write lines into a file, below its script metadata."""
    text = path.read_text(encoding="utf-8")
    block = BLOCK.match(text)
    at = block.end() if block else 0
    path.write_text(text[:at] + lines + text[at:], encoding="utf-8")


def python_classifiers(minors: Iterable[int]) -> tuple[str, ...]:
    """Return the classifiers of minor versions of Python 3, as far as there are such classifiers."""
    names = (f"Programming Language :: Python :: 3.{minor}" for minor in minors)
    return tuple(name for name in names if name in classifiers)
