"""How a project is tested, and where it declares the requirements of its tests."""

from __future__ import annotations

import configparser
import contextlib
import re
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement

from seatrial.errors import ProjectError
from seatrial.project.requirements import parse_requirements, read_requirements

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from seatrial.project.project import Project


USUAL_GROUPS = ("test", "tests", "dev")
"""The groups that `seatrial.sessions` uses by default."""
NAMES = ("test", "tests", "testing", "pytest", "dev", "develop", "development", "all")
TEST_FILE = re.compile(r"test_.+\.py|.+_test\.py|tests?\.py")
SHORT = r"(tests?|testing|dev|pytest)"
FILES = re.compile(
    rf"(requirements/)?({SHORT}[-_]requirements|(requirements[-_.])?{SHORT})\.txt|{SHORT}/requirements\.txt"
)
"""The usual names of requirements files for tests."""


@dataclass(frozen=True)
class DetectedTests:
    """The tests of a project.

    ``runner``: pytest, unittest, or None where there are no tests; ``source``: the place of their requirements, in
    words; ``groups``, ``extras``, ``files``: the arguments of the session for these; ``listed``: requirements that no
    table of the project has; ``start``: a package or a folder for the runner, "" for the top; ``is_package``: whether
    that folder is a package.
    """

    runner: str | None = None
    source: str = ""
    groups: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()
    start: str = ""
    is_package: bool = True

    @property
    def command(self) -> tuple[str, ...]:
        """The command of the session, empty for pytest without arguments."""
        if self.runner == "unittest":
            top = ("-t", ".") if self.is_package else ()
            return ("python", "-m", "unittest", "discover", *((*top, "-s", self.start) if self.start else ()))
        return ("pytest", "--pyargs", self.start) if self.start else ()


def detect_tests(project: Project, files: Sequence[PurePosixPath]) -> DetectedTests:
    """Return how a project is tested; ``files``: those of the project, relative to it."""
    tests = [path for path in files if TEST_FILE.fullmatch(path.name) and "docs" not in path.parts]
    if not tests:
        return DetectedTests()
    needs = next(iter(_needs(project, files)), None)
    if needs is None and not _uses_pytest(project, files, tests):
        start = _folder(tests, set(files))
        is_package = PurePosixPath(start, "__init__.py") in files
        return DetectedTests("unittest", "the standard library", start=start, is_package=is_package)
    detected = needs or DetectedTests(source="nothing but pytest", listed=("pytest",))
    return replace(detected, runner="pytest", start=_inside(tests, set(files)))


def _needs(project: Project, files: Sequence[PurePosixPath]) -> Iterator[DetectedTests]:
    """Yield the places whose requirements include pytest, the best first."""
    with contextlib.suppress(ProjectError):
        for name in sorted(project.groups, key=_rank):
            if _has_pytest(project.requirements((name,))):
                usual = project.group(*USUAL_GROUPS) == name
                yield DetectedTests(source=f"the dependency group {name}", groups=() if usual else (name,))
    for name, requirements in sorted(_extras(project), key=lambda extra: _rank(extra[0])):
        if _has_pytest(requirements):
            yield DetectedTests(source=f"the extra {name}", extras=(name,))
    for path in files:
        if FILES.fullmatch(str(path)):
            with contextlib.suppress(ProjectError):
                if _has_pytest(read_requirements(project.root, str(path))):
                    yield DetectedTests(source=str(path), files=(str(path),))
    with contextlib.suppress(ProjectError):
        listed = tuple(parse_requirements(project.root, PurePosixPath(), _tox(project.root), "tox.ini"))
        if _has_pytest(listed):
            yield DetectedTests(source="tox.ini", listed=tuple(dict.fromkeys(listed)))


def _tox(root: Path) -> Iterator[str]:
    """Yield the dependencies of tox's environments, including those for some factors only."""
    parser = _ini(root / "tox.ini")
    for section in ("testenv", "testenv:test", "testenv:tests", "testenv:py"):
        for line in parser.get(section, "deps", fallback="").splitlines():
            # "py{39,310}: NAME" is for some environments; {…} is filled in by tox.
            yield "" if "{" in line else re.sub(r"^[\w,!{}.-]+:\s+", "", line.strip())


def _extras(project: Project) -> list[tuple[str, list[str]]]:
    extras = project.table.get("project", {}).get("optional-dependencies", {})
    parser = _ini(project.root / "setup.cfg")
    section = "options.extras_require"
    legacy = {key: value.splitlines() for key, value in parser.items(section)} if parser.has_section(section) else {}
    return [(name, list(lines)) for name, lines in {**legacy, **extras}.items()]


def _ini(path: Path) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser()
    with contextlib.suppress(configparser.Error, UnicodeDecodeError):
        parser.read(path, encoding="utf-8")
    return parser


def _has_pytest(requirements: Iterable[str]) -> bool:
    return any(_name(text) == "pytest" or _name(text).startswith("pytest-") for text in requirements)


def _name(text: str) -> str:
    try:
        return Requirement(text).name.lower()
    except InvalidRequirement:
        return ""


def _rank(name: str) -> tuple[int, str]:
    return (NAMES.index(name) if name in NAMES else len(NAMES), name)


def _uses_pytest(project: Project, files: Sequence[PurePosixPath], tests: Sequence[PurePosixPath]) -> bool:
    if project.configures("pytest", "pytest.ini", "pytest.toml") or any(path.name == "conftest.py" for path in files):
        return True
    texts = [(project.root / path).read_text(encoding="utf-8", errors="replace") for path in tests]
    return any(re.search(r"^(import pytest|from pytest|(async )?def test_)", text, re.MULTILINE) for text in texts)


def _folder(tests: Sequence[PurePosixPath], files: set[PurePosixPath]) -> str:
    """Return the folder from which unittest finds the tests, "" where it is the top."""
    tops = {path.parts[0] for path in tests if len(path.parts) > 1}
    name = min(tops, default="")
    is_package = any(path.parts == (name, "__init__.py") for path in files)
    return name if name and (is_package or not any(len(path.parts) == 1 for path in tests)) else ""


def _inside(tests: Sequence[PurePosixPath], files: set[PurePosixPath]) -> str:
    """Return the package that contains all tests, "" where some are outside of it."""
    tops = set()
    for path in tests:
        parts = path.parts[1:] if path.parts[0] == "src" else path.parts
        top = path.parent
        if len(parts) < len(("package", "tests", "module")) or top / "__init__.py" not in files:
            return ""
        tops.add(parts[0])
    return tops.pop() if len(tops) == 1 and not tops & {"test", "tests", "testing"} else ""
