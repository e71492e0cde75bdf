"""The contents of the files that `seatrial init` adds or changes: pyproject.toml, noxfile.py, tasks.py, setup.cfg."""

from __future__ import annotations

import ast
import difflib
import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import tomlkit
from tomlkit.items import Array, Table

from seatrial.init.changelog import release_headings
from seatrial.project.legacy import SETUP_CFG, SETUP_PY, SetupScript, file_of_metadata
from seatrial.project.project import PYTHON_CLASSIFIER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seatrial.init.detect import DetectedProject
    from seatrial.project.version_files import VersionPlace


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
        told = "".join(_whole(line) for line in difflib.unified_diff(old, new, before, f"b/{self.path}"))
        return told or f"--- {before}\n+++ b/{self.path}\n"

    @property
    def lines(self) -> int:
        """How many lines are added or taken away."""
        return sum(line[:1] in "+-" and line[:3] not in {"+++", "---"} for line in self.diff.splitlines())


@dataclass(frozen=True)
class Proposal:
    """All that would be written, and ``remarks`` about what is left to the user."""

    files: tuple[ProposedFile, ...] = ()
    remarks: tuple[str, ...] = field(default=())

    @property
    def diff(self) -> str:
        """All changes, one after the other."""
        return "".join(one.diff for one in self.files)

    @property
    def lines(self) -> int:
        """How many lines change."""
        return sum(one.lines for one in self.files)

    def __iter__(self) -> Iterator[ProposedFile]:
        return iter(self.files)


def _whole(line: str) -> str:
    """Return a line of a diff that ends; git says so of one that did not."""
    return line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


FRAGMENTS = "changelog.d"
FIELDS = (("search", "current_version"), ("replace", "new_version"))
"""What stands for the version in either text of bump-my-version (its "Configuration")."""


def extend_pyproject(found: DetectedProject, text: str, log: PurePosixPath | None, title: str) -> str:
    """Return pyproject.toml with what it lacks; ``log``: the changelog that towncrier is to keep, None for none."""
    document = tomlkit.parse(text)
    before = document.as_string()
    added = [
        _classifiers(found, document),
        _group(found, document),
        _settings(found, document),
        _bumpversion(found, document),
        _towncrier(log, title) if log else "",
    ]
    changed = document.as_string()
    tail = "\n".join(one for one in added if one)
    text = changed if changed != before else text
    return f"{text.rstrip(chr(10))}\n\n{tail}" if tail and text.strip() else text or tail


def admitted_minors(found: DetectedProject) -> tuple[int, ...]:
    """Return the minor versions of Python that the project admits, where its classifiers name none."""
    if any(PYTHON_CLASSIFIER.fullmatch(text.strip()) for text in found.project.classifiers):
        return ()
    return found.project.pythons_admitted


def _classifiers(found: DetectedProject, document: tomlkit.TOMLDocument) -> str:
    """Add the classifiers of the Pythons, in the place where classifiers are."""
    project: Any = document.get("project")
    minors = admitted_minors(found)
    if not minors or project is None or "classifiers" in project.get("dynamic", []):
        return ""
    if "classifiers" not in project:
        project["classifiers"] = tomlkit.array().multiline(multiline=True)
    array = project["classifiers"]
    if isinstance(array, Array):
        for minor in minors:
            array.append(f"Programming Language :: Python :: 3.{minor}")
    return ""


def _group(found: DetectedProject, document: tomlkit.TOMLDocument) -> str:
    """Add a dependency group for the tests where they say nowhere else what they need."""
    if not found.tests.copied:
        return ""
    group: Array = tomlkit.array()
    for requirement in found.tests.copied:
        group.append(requirement)
    if len(found.tests.copied) > len(("one", "two", "three")):
        group.multiline(multiline=True)
    groups = document.get("dependency-groups")
    if isinstance(groups, Table):
        groups["test"] = group
        return ""
    return f"[dependency-groups]\ntest = {group.as_string()}\n"


def _settings(found: DetectedProject, document: tomlkit.TOMLDocument) -> str:
    """Add what seatrial is told: the name that setup.py computes; the tag where several packages share a repository.

    The latter where no tag says how theirs are told apart.
    """
    told: Any = document.get("tool", {}).get("seatrial", {})
    wanted = {"name": found.backend_answers.name} if found.backend_answers.name else {}
    if found.repository.prefix and not found.has_tags and "tag" not in told:
        wanted |= {"tag": found.tag_form, "message": "Release {name} {version}"}
    if "seatrial" in document.get("tool", {}):
        told.update({key: text for key, text in wanted.items() if key not in told})
        return ""
    lines = (f"{key} = {tomlkit.item(text).as_string()}\n" for key, text in wanted.items())
    return "".join(("[tool.seatrial]\n", *lines)) if wanted else ""


def _bumpversion(found: DetectedProject, document: tomlkit.TOMLDocument) -> str:
    """Tell bump-my-version where the version stands that setup.py computes."""
    backend_answers, told = found.backend_answers, document.get("tool", {}).get("bumpversion")
    if not backend_answers.places:
        return ""
    if isinstance(told, Table):
        # The files are those that it has named.
        told["current_version"] = backend_answers.version
        return ""
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
    """Return what is to be replaced in a file: the line alone, unless braces in it would be fields."""
    line = place.text.splitlines()[-1]
    before, _, after = line.rpartition(place.version)
    if "{" in line or not before:
        return {}
    return {key: f"{before}{{{field}}}{after}" for key, field in FIELDS}


def _towncrier(log: PurePosixPath, title: str) -> str:
    table = tomlkit.table()
    table["directory"] = FRAGMENTS
    table["filename"] = str(log)
    table["title_format"] = title
    return f"[tool.towncrier]\n{table.as_string()}"


def title_format_of(text: str) -> tuple[str, str]:
    """Return the ``title_format`` that goes on with a changelog, and the sign under its headings."""
    found = release_headings(text)
    return (found[0].title_format, found[0].underline) if found else ("", "")


TASKS_FILE = 'from seatrial.tasks import ns\n\n__all__ = ["ns"]\n'
NOXFILE_HEAD = """\
import nox
from seatrial import sessions

nox.options.default_venv_backend = "uv|virtualenv"

"""


FACE_FILES = ("noxfile.py", "tasks.py")
TAGS = 'tags=["ci"]'
OTHER_NAME = "wheel"
"""What the tests against the wheel are called where the project has a session ``tests`` already."""


def session_calls(found: DetectedProject) -> tuple[str, ...]:
    """Return the sessions that a project gets, a line each; where it has its own for linters or types, none."""
    own = existing_sessions(found)
    lint = "sessions.lint()" if found.lints and "lint" not in own else ""
    types = _mypy(found) if "mypy" not in own else ""
    lines = ("sessions.build()", "sessions.check()", _tests(found, own), types, lint)
    return tuple(line for line in lines if line)


def existing_sessions(found: DetectedProject) -> frozenset[str]:
    """Return the names of the sessions in a noxfile that is there: functions with nox's decorator, as they stand."""
    try:
        text = (found.project.root / "noxfile.py").read_text(encoding="utf-8")
        functions = [one for one in ast.parse(text).body if isinstance(one, ast.FunctionDef)]
    except (OSError, SyntaxError, ValueError):
        return frozenset()
    return frozenset(name for one in functions for decorator in one.decorator_list for name in _named(one, decorator))


def _named(function: ast.FunctionDef, decorator: ast.expr) -> Iterator[str]:
    """Yield the name of a session, if the decorator is nox's (nox, "Configuration & API": ``name``)."""
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    keywords = decorator.keywords if isinstance(decorator, ast.Call) else []
    told = [one.value.value for one in keywords if one.arg == "name" and isinstance(one.value, ast.Constant)]
    if ast.unparse(called) in {"nox.session", "session"}:
        yield str(told[0]) if told else function.name


def new_noxfile(found: DetectedProject) -> str:
    """Return the noxfile of a project that has none."""
    return NOXFILE_HEAD + "\n".join(session_calls(found)) + "\n"


def _tests(found: DetectedProject, own: frozenset[str]) -> str:
    tests = found.tests
    if not tests.runner:
        return "# sessions.tests(): there are no tests yet, so nothing is tested before a release"
    told = {
        "groups": tests.groups,
        "extras": tests.extras,
        "requirements": tests.files,
        "command": tests.command,
    }
    words = [f"{key}={_listed(value)}" for key, value in told.items() if value]
    name = [f'name="{OTHER_NAME}"'] if "tests" in own else []
    return f"sessions.tests({', '.join([*name, *words])})"


def _mypy(found: DetectedProject) -> str:
    """Return the call for mypy: it proves a release only where the project says on which files mypy has to pass."""
    if not (found.asks_for_mypy or found.is_typed):
        return ""
    told = found.project.mypy_settings
    one = str(told.get("python_version", ""))
    # Comments that keep mypy quiet for one Python are idle for another, and then it complains of them.
    is_strict = any(str(told.get(name, "")).lower() == "true" for name in ("strict", "warn_unused_ignores"))
    is_supported = f"Programming Language :: Python :: {one}" in found.project.classifiers
    is_supported = is_supported or one in [f"3.{minor}" for minor in admitted_minors(found)]
    words = [f'pythons=["{one}"]'] if is_strict and is_supported else []
    if not found.names_files_for_mypy:
        return f"sessions.mypy({', '.join((*words, TAGS))})"
    given = told.get("files", ())
    files = tuple(one.strip() for one in (given.split(",") if isinstance(given, str) else given))
    rest = tuple(one for one in files if one not in FACE_FILES)
    # nox and seatrial, which these import, are not where the wheel is.
    words += [f"command={_listed(('mypy', *rest))}"] if rest and rest != files else []
    return f"sessions.mypy({', '.join(words)})"


def _listed(words: tuple[str, ...]) -> str:
    return "[" + ", ".join(f'"{word}"' for word in words) + "]"


CFG, SCRIPT = PurePosixPath(SETUP_CFG), PurePosixPath(SETUP_PY)


def add_classifiers(found: DetectedProject) -> Iterator[ProposedFile]:
    """Yield setup.py or setup.cfg with the classifiers of the Pythons, where the metadata stand there and name none."""
    project, minors = found.project, admitted_minors(found)
    where = file_of_metadata(project.root, project.table)
    if not minors or where not in {SETUP_CFG, SETUP_PY}:
        return
    named = [f"Programming Language :: Python :: 3.{minor}" for minor in minors]
    script = SetupScript.read(project.root)
    if where == SETUP_PY and script.has("classifiers"):
        old = _read_file(found, SCRIPT)
        value = script.value("classifiers")
        # What is computed is left alone.
        new = _in_list(old, value, named) if isinstance(value, ast.List) else old
        if new != old:
            yield ProposedFile(SCRIPT, old, new)
        return
    known = _read_file(found, CFG) if (project.root / CFG).is_file() else None
    yield ProposedFile(CFG, known, _in_cfg(known or "", named))


def _in_cfg(old: str, named: list[str]) -> str:
    lines = "".join(f"    {text}\n" for text in named)
    at = re.search(r"^classifiers? *=[^\n]*\n((?:[ \t]+\S[^\n]*\n)*)", old, re.MULTILINE)
    head = re.search(r"^\[metadata\]\n", old, re.MULTILINE)
    if at:
        return old[: at.end()] + lines + old[at.end() :]
    if head:
        return old[: head.end()] + f"classifiers =\n{lines}" + old[head.end() :]
    return f"[metadata]\nclassifiers =\n{lines}" + (f"\n{old}" if old else "")


def _in_list(old: str, value: ast.List, named: list[str]) -> str:
    """Return a script with more items at the end of a list; one that has none is left alone."""
    last = value.elts[-1] if value.elts else None
    if last is None or last.end_lineno is None or last.end_col_offset is None:
        return old
    lines = old.split("\n")
    # Columns count bytes (Python, "ast").
    line = lines[last.end_lineno - 1].encode()
    blanks = " " * (len(line) - len(line.lstrip()) if value.lineno != last.lineno else last.col_offset)
    more = "".join(f',\n{blanks}"{text}"' for text in named)
    lines[last.end_lineno - 1] = (line[: last.end_col_offset] + more.encode() + line[last.end_col_offset :]).decode()
    return "\n".join(lines)


def _read_file(found: DetectedProject, path: PurePosixPath) -> str:
    return (found.project.root / path).read_text(encoding="utf-8-sig" if path == SCRIPT else "utf-8")
