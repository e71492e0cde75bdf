"""A project as its pyproject.toml describes it."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from seatrial.errors import GroupInvalid, ProjectError, PyprojectInvalid
from seatrial.project.config_files import (
    CLASSIFIER_EXAMPLES,
    build_backend,
    file_of_metadata,
    groups_of_tools,
    legacy_value,
    poetry_classifiers,
    poetry_python,
    read_ini,
    read_toml,
    require_types,
    table_at,
)
from seatrial.pythons import OLDEST_MINOR, end_of_life, newest_minor
from seatrial.storage import leaves_repository

PYTHON_CLASSIFIER = re.compile(r"Programming Language :: Python :: 3\.(\d+)")
FREE_THREADING = "Programming Language :: Python :: Free Threading"
FIRST_FREE_THREADED = 14
"""The first minor version whose free-threaded build is supported rather than an experiment (PEP 779)."""

CLASSIFIERS = """\
[project]
classifiers = [
  "Programming Language :: Python :: 3.12",
  "Programming Language :: Python :: 3.13",
]"""


@dataclass(frozen=True)
class Project:
    """A project as its pyproject.toml describes it (the specification: PyPA, "pyproject.toml").

    ``root`` is the folder of pyproject.toml; ``table`` is the parsed file and is not to be written to.
    """

    root: Path
    table: Mapping[str, Any] = field(repr=False, compare=False, default_factory=dict)

    @classmethod
    def from_directory(cls, root: Path) -> Project:
        """Read ``root/pyproject.toml``.

        Raises `PyprojectMissing`, `PyprojectUnreadable` or `PyprojectInvalid`.
        """
        path = root / "pyproject.toml"
        table = read_toml(path)
        require_types(path, table)
        return cls(root, table)

    @property
    def path(self) -> Path:
        """Where pyproject.toml is."""
        return self.root / "pyproject.toml"

    @property
    def name(self) -> str:
        """The name as it is written, in setup.py, setup.cfg or ``[tool.seatrial]`` too, else that of the folder."""
        flit = self._flit.get("dist-name") or self._flit.get("module")
        declared = self._project.get("name") or self._poetry.get("name") or flit or self.declared("metadata", "name")
        return str(declared or self.table.get("tool", {}).get("seatrial", {}).get("name") or self.root.name)

    @property
    def import_name(self) -> str:
        """The name that the package most likely has in an import statement."""
        return re.sub(r"[-_.]+", "_", self.name)

    @property
    def requires_python(self) -> str:
        """The value of ``requires-python``, or what another backend has for it, "" for none."""
        specifier = self._project.get("requires-python") or poetry_python(self._poetry)
        return str(specifier or self._flit.get("requires-python") or self.declared("options", "python_requires"))

    @property
    def classifiers(self) -> tuple[str, ...]:
        """The trove classifiers, those that a backend has for itself where there is no ``[project]``.

        Poetry adds one for each Python that its table admits (Poetry, "classifiers").
        """
        if self._poetry:
            classifiers = poetry_classifiers(self._poetry)
            names_python = any(PYTHON_CLASSIFIER.fullmatch(text.strip()) for text in classifiers)
            added = () if names_python or not self.requires_python else self.pythons_admitted
            return (*classifiers, *(f"Programming Language :: Python :: 3.{minor}" for minor in added))
        named = self._project.get("classifiers") or self._flit.get("classifiers")
        return tuple(named or self.declared("metadata", "classifiers").split("\n"))

    @property
    def backend(self) -> str:
        """The build backend's import path, setuptools' when none is named (PEP 517)."""
        return build_backend(self.table)

    @property
    def version_is_dynamic(self) -> bool:
        """Whether the backend finds the version somewhere else than in ``[project]``."""
        return "version" not in self._project

    @property
    def pythons(self) -> tuple[str, ...]:
        """The Python versions that are supported, oldest first: ``("3.9", …, "3.13")``.

        They are those that the classifiers name, else those that ``requires-python`` admits, else those that still get
        fixes. With the free-threading classifier, each version that supports it comes a second time as ``"3.14t"``.
        Raises `NoPythonsNamed`, or `PythonsContradict` when ``requires-python`` excludes one of them.
        """
        minors = [int(python[len("3.") :]) for python in self.pythons_classified]
        admitted = tuple(f"3.{minor}" for minor in self.pythons_admitted)
        if not minors and admitted:
            ended = () if self.requires_python else end_of_life(admitted)
            return tuple(python for python in admitted if python not in ended)
        if not minors:
            name = file_of_metadata(self.root, self.table)
            raise ProjectError(
                f"no classifier in {self.root / name} names a Python version, and requires-python = "
                f'"{self.requires_python}" admits none of them, so no tests can run',
                code="NoPythonsNamed",
                fix="name each Python that is supported, or give pythons= to tests() and mypy() in the noxfile:\n"
                + CLASSIFIER_EXAMPLES.get(name, CLASSIFIERS),
            )
        self._refuse_excluded(minors)
        free = any(text.startswith(FREE_THREADING) for text in self.classifiers)
        return tuple(
            [f"3.{minor}" for minor in minors]
            + [f"3.{minor}t" for minor in minors if free and minor >= FIRST_FREE_THREADED]
        )

    @property
    def pythons_classified(self) -> tuple[str, ...]:
        """The Python versions that classifiers name, oldest first."""
        matches = (PYTHON_CLASSIFIER.fullmatch(text.strip()) for text in self.classifiers)
        return tuple(f"3.{minor}" for minor in sorted({int(match[1]) for match in matches if match}))

    @property
    def pythons_admitted(self) -> tuple[int, ...]:
        """The minor versions of Python 3 that ``requires-python`` admits, of those that are released."""
        minors = range(OLDEST_MINOR, newest_minor() + 1)
        return tuple(minor for minor in minors if admits(self.requires_python, f"3.{minor}"))

    @property
    def groups(self) -> tuple[str, ...]:
        """The names of the dependency groups, normalised as PEP 735 compares them.

        Those in a table of Poetry, PDM, uv or hatch count too.
        """
        return tuple(_normalised(name) for name in self._groups)

    @property
    def _groups(self) -> Mapping[str, Any]:
        groups = self.table.get("dependency-groups", {})
        others = groups_of_tools(self.table.get("tool", {}))
        standard = {_normalised(name) for name in groups}
        return {**groups, **{name: lines for name, lines in others.items() if _normalised(name) not in standard}}

    def group(self, *names: str) -> str | None:
        """Return the first of ``names`` that is a dependency group, if any is."""
        return next((name for name in names if _normalised(name) in self.groups), None)

    def requirements(self, groups: Sequence[str]) -> tuple[str, ...]:
        """Resolve dependency groups, ``include-group`` and all, to requirements (PEP 508), each once.

        Raises `GroupMissing` for a name that is not a group, `GroupInvalid` for what PEP 735 forbids.
        """
        # Loaded here because only sessions need it.
        from packaging.dependency_groups import resolve_dependency_groups  # noqa: PLC0415
        from packaging.errors import ExceptionGroup  # noqa: PLC0415

        missing = [name for name in groups if self.group(name) is None]
        if missing:
            raise ProjectError(
                f"{self.path} has no dependency group {', '.join(missing)}, which the noxfile names",
                code="GroupMissing",
                fix=f'[dependency-groups]\n{missing[0]} = ["pytest"]',
            )
        try:
            return tuple(dict.fromkeys(resolve_dependency_groups(self._groups, *groups)))
        except ExceptionGroup as error:
            reasons = "; ".join(map(str, error.exceptions))
            raise GroupInvalid(
                f"[dependency-groups] in {self.path}, group {', '.join(groups)}: {reasons}",
                fix='write each entry as a requirement string or as { include-group = "NAME" }',
            ) from None

    def configures(self, tool: str, *files: str) -> bool:
        """Whether the project configures a tool: by a ``[tool.NAME]`` table or by one of ``files``."""
        return tool in self.table.get("tool", {}) or any((self.root / name).is_file() for name in files)

    def declared(self, section: str, key: str) -> str:
        """Return what setup.py or setup.cfg says where the metadata are there, "" when neither does."""
        return legacy_value(self.root, self.table, section, key)

    @property
    def _project(self) -> Mapping[str, Any]:
        table: Mapping[str, Any] = self.table.get("project", {})
        return table

    @property
    def _poetry(self) -> Mapping[str, Any]:
        """Poetry's own table, where the metadata stand there."""
        table: Mapping[str, Any] = {} if "project" in self.table else self.table.get("tool", {}).get("poetry", {})
        return table

    @property
    def _flit(self) -> Mapping[str, Any]:
        """The own table of flit, where the metadata stand there (flit, "Old style metadata")."""
        table: Mapping[str, Any] = self.table.get("tool", {}).get("flit", {}).get("metadata", {})
        return {} if "project" in self.table else table

    @property
    def formats_with_ruff(self) -> bool:
        """Whether there is a ``[tool.ruff.format]``."""
        return "format" in self.table.get("tool", {}).get("ruff", {})

    @property
    def mypy_settings(self) -> Mapping[str, Any]:
        """The settings of mypy, from the first of its configuration files that there is (mypy, "Config file").

        Values from an ini file are strings.
        """
        settings = self._of_ini({"mypy.ini": "mypy", ".mypy.ini": "mypy"})
        settings = self.table.get("tool", {}).get("mypy") if settings is None else settings
        return (self._of_ini({"setup.cfg": "mypy"}) if settings is None else settings) or {}

    def coverage_configuration(self, named: str | None = None) -> CoverageConfiguration:
        """Return the configuration of coverage, from the file that is ``named``, or from the first that has it.

        As coverage looks for it ("Configuration reference"): a file of its own is taken whatever it has.
        """
        for name in (named,) if named else COVERAGE_FILES:
            path, is_own = self.root / name, bool(named) or name in OWN_COVERAGE_FILES
            if path.suffix == ".toml":
                table = self.table if path == self.path else read_toml(path) if path.is_file() else {}
                tables = table_at(table_at(table, "tool"), "coverage") or (table if is_own else {})
            else:
                prefix = "coverage:"
                sections = read_ini(path)
                tables = {key[len(prefix) :]: sections[key] for key in sections if key.startswith(prefix)}
                others = {key: sections[key] for key in sections if is_own and not key.startswith(prefix)}
                tables = {**others, **tables}
            if "run" in tables or (is_own and path.is_file()):
                return CoverageConfiguration(tables, is_ini=path.suffix != ".toml")
        return CoverageConfiguration({}, is_ini=True)

    @property
    def measures_coverage(self) -> bool:
        """Whether coverage is configured."""
        return self.configures("coverage", *OWN_COVERAGE_FILES) or self._of_ini(COVERAGE_SECTIONS) is not None

    @property
    def pytest_settings(self) -> Mapping[str, Any]:
        """The settings of pytest, from the first of its files that has some (pytest, "Configuration file formats").

        Values from an ini file are strings.
        """
        for name in ("pytest.ini", ".pytest.ini"):
            if (self.root / name).is_file():
                return self._of_ini({name: "pytest"}) or {}
        table = table_at(self.table.get("tool", {}), "pytest")
        if table:
            return table_at(table, "ini_options") if "ini_options" in table else table
        return self._of_ini({"tox.ini": "pytest", "setup.cfg": "tool:pytest"}) or {}

    @property
    def pytest_options(self) -> tuple[str, ...]:
        """The options that pytest has in every run (``addopts``)."""
        return words_of_setting(self.pytest_settings.get("addopts", ""))

    def is_measured(self, command: Sequence[str]) -> bool:
        """Whether a command measures coverage, by its own options or by those that pytest always has."""
        options = self.pytest_options if "pytest" in command else ()
        return runs_coverage(command) or any(word.startswith("--cov") for word in (*command, *options))

    def _of_ini(self, sections: Mapping[str, str]) -> Mapping[str, Any] | None:
        """Return the first section that its ini file has; ``sections``: their names by those of the files."""
        every = (read_ini(self.root / name).get(section) for name, section in sections.items())
        return next((settings for settings in every if settings is not None), None)

    def _refuse_excluded(self, minors: Sequence[int]) -> None:
        try:
            allowed = SpecifierSet(self.requires_python)
        except InvalidSpecifier as error:
            raise PyprojectInvalid(f"{self.path}: requires-python: {error}", fix='requires-python = ">=3.9"') from None
        excluded = [f"3.{minor}" for minor in minors if not admits(allowed, f"3.{minor}")]
        if excluded:
            raise ProjectError(
                f'{self.path}: requires-python = "{self.requires_python}" excludes Python '
                f"{', '.join(excluded)}, which the classifiers name",
                code="PythonsContradict",
                fix="widen requires-python, or remove from the classifiers:\n"
                + "\n".join(f'"Programming Language :: Python :: {version}",' for version in excluded),
            )


def runs_coverage(command: Sequence[str]) -> bool:
    """Whether a command is coverage, by its own name or as a module of Python."""
    return "coverage" in command[:1] or tuple(command[:3]) == ("python", "-m", "coverage")


@dataclass(frozen=True)
class CoverageConfiguration:
    """What configures coverage: ``tables`` by their names in .coveragerc; ``is_ini``: whether their values are text."""

    tables: Mapping[str, Any]
    is_ini: bool

    @property
    def run(self) -> Mapping[str, Any]:
        """The settings of a run."""
        return table_at(self.tables, "run")


OWN_COVERAGE_FILES = (".coveragerc", ".coveragerc.toml")
COVERAGE_FILES = (*OWN_COVERAGE_FILES, "setup.cfg", "tox.ini", "pyproject.toml")
"""Where coverage looks for its configuration, in this order."""

COVERAGE_SECTIONS = {"setup.cfg": "coverage:run", "tox.ini": "coverage:run"}
"""The sections of ini files with the settings of coverage."""


def words_of_setting(value: Any) -> tuple[str, ...]:
    """Return the words of a setting, which an ini file has as a text, and TOML as a list."""
    if isinstance(value, str):
        try:
            return tuple(shlex.split(value))
        except ValueError:
            return ()
    return tuple(map(str, value)) if isinstance(value, list) else ()


def _normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def admits(specifier: SpecifierSet | str, python: str) -> bool:
    """Whether some release of a Python is admitted: ">=3.9.2" and "<3.12.5" admit 3.9 and 3.12."""
    try:
        versions = SpecifierSet(specifier) if isinstance(specifier, str) else specifier
    except InvalidSpecifier:
        return False
    return any(versions.contains(f"{python}.{patch}") for patch in (*range(50), 999))


def require_inside(root: Path, paths: Iterable[Path]) -> None:
    """Raise `NotMine` for a path that leads out of the repository around ``root``."""
    for path in dict.fromkeys(paths):
        if leaves_repository(root, path):
            target = path.readlink() if path.is_symlink() else os.path.realpath(path)
            raise ProjectError(
                f"{path} leads out of the repository, to {target}: nothing is written there",
                code="NotMine",
                fix="replace the link with a file or a folder, and commit it",
            )
