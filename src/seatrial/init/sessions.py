"""The noxfile that a project gets: which sessions it calls, where each comes from, and what nox and seatrial it needs.

The latter is the script metadata at its top (PEP 723). nox reads it before it loads the noxfile, and where they are
missing it runs itself again, in an environment that has them. So a noxfile runs in a fresh clone, and the environment
of the project needs neither of them.
"""

from __future__ import annotations

import ast
import contextlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from seatrial import __version__
from seatrial.commands import own_origin
from seatrial.distributions.metadata import parse_requirement
from seatrial.errors import ProjectError
from seatrial.init.command_requirements import MEASURING, Needs, declared_needs, names_of
from seatrial.init.detect_tests import USUAL_GROUPS, package_folders
from seatrial.init.runners import Purpose, Runner, first_runner, session_words
from seatrial.project.config_files import read_module
from seatrial.project.nox_sessions import BLOCK, DEPENDENCIES, is_session, session_name
from seatrial.project.requirements import read_requirements
from seatrial.pythons import virtualenv_supports
from seatrial.sessions.tests import TYPE_GROUPS

if TYPE_CHECKING:
    from seatrial.init.detect import DetectedProject, PreCommitHook
    from seatrial.project.project import Project


OUT_OF_RELEASE = ("ci",)
"""The tags of a session that a release does not run."""

OTHER_NAME = "wheel"
"""The name of the session where the project has a session ``tests`` already."""

DOCTESTS = "doctest"
"""The name of a session that runs the examples of docstrings next to the tests."""

LINE_LENGTH = 88
"""The length of a line where the project does not say another."""


@dataclass(frozen=True)
class PlannedSession:
    """A call in the noxfile.

    ``name``: of the function of `seatrial.sessions`; ``where``: the place that it comes from, in words; ``today``: how
    the project runs it, None where no file says it; ``called``: the name of the session, where it is another.
    """

    name: str
    where: str = ""
    needs: Needs = field(default_factory=Needs)
    command: tuple[str, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    pythons: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    called: str | None = None
    today: Runner | None = None

    @property
    def session(self) -> str:
        """The name of the session."""
        return self.called or self.name

    def arguments(self) -> Iterator[tuple[str, str | dict[str, str] | tuple[str, ...]]]:
        """Yield the keyword arguments that are not the usual ones."""
        if self.called:
            yield "name", self.called
        lists = {
            "pythons": self.pythons,
            "groups": self.needs.groups,
            "extras": self.needs.extras,
            "requirements": (*self.needs.files, *self.needs.requirements),
            "command": self.command,
        }
        yield from ((key, value) for key, value in lists.items() if value)
        if self.variables:
            yield "env", dict(self.variables)
        if self.tags:
            yield "tags", self.tags

    def call(self, line_length: int = LINE_LENGTH) -> str:
        """Return the call, in several lines where it is too long for one."""
        arguments = [(key, *_literals(value)) for key, value in self.arguments()]
        line = f"sessions.{self.name}({', '.join(f'{key}={line_form}' for key, line_form, _ in arguments)})"
        if len(line) <= line_length:
            return line
        parts = []
        for key, line_form, several in arguments:
            short = f"    {key}={line_form},"
            parts.append(short if len(short) <= line_length else f"    {key}={several},")
        return "\n".join((f"sessions.{self.name}(", *parts, ")"))


def _literals(value: str | dict[str, str] | Sequence[str]) -> tuple[str, str]:
    """Return a value as Python in one line, and with a line for each item."""
    if isinstance(value, str):
        return quoted(value), quoted(value)
    if isinstance(value, dict):
        items = [f"{quoted(key)}: {quoted(text)}" for key, text in value.items()]
        ends = "{}"
    else:
        items, ends = [quoted(text) for text in value], "[]"
    several = "".join(f"        {item},\n" for item in items)
    return f"{ends[0]}{', '.join(items)}{ends[1]}", f"{ends[0]}\n{several}    {ends[1]}"


def quoted(text: str) -> str:
    """Return a text as a literal, in the quotes that formatters prefer."""
    literal = repr(text)
    return literal if '"' in text or literal[0] == '"' else f'"{literal[1:-1]}"'


def plan_sessions(detected: DetectedProject) -> tuple[PlannedSession, ...]:
    """Return the sessions that a project gets, without linters or types that its own noxfile has sessions for."""
    own = existing_sessions(detected)
    sessions = [PlannedSession("build"), PlannedSession("check"), *_tests(detected)]
    sessions += [] if "mypy" in own else _types(detected)
    if detected.linter and "lint" not in own:
        sessions.append(PlannedSession("lint", detected.linter))
    return tuple(
        replace(session, called=OTHER_NAME) if session.session == "tests" and "tests" in own else session
        for session in sessions
    )


def existing_sessions(detected: DetectedProject) -> frozenset[str]:
    """Return the names of the sessions in an existing noxfile: functions with nox's decorator."""
    tree = read_module(detected.project.root / "noxfile.py")
    functions = (statement for statement in (tree.body if tree else ()) if isinstance(statement, ast.FunctionDef))
    return frozenset(session_name(statement) for statement in functions if is_session(statement))


def _tests(detected: DetectedProject) -> Iterator[PlannedSession]:
    tests, project = detected.tests, detected.project
    if tests.command is None:
        return
    first = PlannedSession(
        "tests",
        tests.where or tests.source,
        _unusual(project, tests.needs, USUAL_GROUPS),
        () if tests.command == ("pytest",) else tests.command,
        tests.variables,
        tested_pythons(detected),
        today=tests.today,
    )
    yield first
    for number, more in enumerate(tests.more, 2):
        words = more.command or ()
        path = PurePosixPath(words[-1])
        name = f"tests-{path.name}" if len(path.parts) > 1 and not path.suffix else f"tests-{number}"
        called = DOCTESTS if "--doctest-modules" in words else name
        needs = _unusual(project, more.needs, USUAL_GROUPS)
        yield replace(first, called=called, command=words, needs=needs, variables=more.variables, today=more.today)


def tested_pythons(detected: DetectedProject) -> tuple[str, ...]:
    """Return the Pythons that the project is tested on today, without classifiers and requires-python for them."""
    project = detected.project
    if project.pythons_classified:
        return ()
    supported = _pythons(project)
    tested = tuple(python for python in supported if python in detected.tests.pythons)
    return tested if tested != supported else ()


def _pythons(project: Project) -> tuple[str, ...]:
    try:
        return project.pythons
    except ProjectError:
        return ()


def _unusual(project: Project, needs: Needs, usual: Sequence[str]) -> Needs:
    """Return needs without the group that a session installs by itself."""
    default = project.group(*usual)
    is_usual = needs.groups == (default,)
    return replace(needs, groups=()) if is_usual else needs


def _types(detected: DetectedProject) -> list[PlannedSession]:
    """Return the call for mypy, where the project runs mypy or promises types.

    One that checks its types with another tool gets none. A release runs it only where the project runs it today, or
    configures the files that mypy checks.
    """
    project = detected.project
    runner = first_runner(detected.runners, Purpose.TYPES) or types_of_hooks(detected.hooks)
    is_typed = any(path.name == "py.typed" for path in detected.files) or "Typing :: Typed" in project.classifiers
    if runner is None and not detected.asks_for_mypy and (not is_typed or detected.has_other_type_checker):
        return []
    needs, command, where = _needs_of_types(detected, runner), _command_of_types(detected, runner), "its configuration"
    if runner is not None:
        where = runner.where
    is_usual = runner is not None or detected.names_files_for_mypy
    return [
        PlannedSession(
            "mypy",
            where if runner or detected.asks_for_mypy else "py.typed",
            _unusual(project, needs, (*TYPE_GROUPS, *USUAL_GROUPS)),
            command,
            runner.variables if runner else (),
            _pythons_of_types(detected, needs) or tested_pythons(detected),
            () if is_usual else OUT_OF_RELEASE,
            today=runner,
        )
    ]


def _needs_of_types(detected: DetectedProject, runner: Runner | None) -> Needs:
    """Return what mypy is run with: what it is run with today, else what the tests that it checks need."""
    project = detected.project
    needs = declared_needs(project, runner.needs) if runner else Needs()
    if runner is None or not needs:
        # The groups for types, or those of the tests, are installed in any case.
        grouped = project.group(*TYPE_GROUPS, *USUAL_GROUPS)
        testing = detected.tests.needs.groups or tuple(filter(None, (project.group(*USUAL_GROUPS),)))
        if grouped in TYPE_GROUPS and _checks_tests(project) and testing:
            # The types alone, without what the tests import.
            names = names_of(project, Needs(groups=(grouped,)))
            return Needs() if "pytest" in names else Needs(groups=(grouped, *testing))
        of_tests = detected.tests.needs
        imported = tuple(text for text in of_tests.requirements if _parsed_name(text) not in MEASURING)
        of_tests = replace(of_tests, groups=(), requirements=imported)
        if runner is None and not grouped and _brings_mypy(project, of_tests):
            return of_tests
        return Needs() if grouped or not _checks_tests(project) else of_tests
    others = tuple(text for text in needs.requirements if text not in {"mypy", "ruff", "pyright"})
    if runner.where.startswith(".pre-commit"):
        # The wheel brings what it depends on, in versions that fit it.
        own = {_parsed_name(text) for text in project.table.get("project", {}).get("dependencies", ())}
        others = tuple(text for text in others if _parsed_name(text) not in own)
    return replace(needs, requirements=tuple(text for text in others if not text.startswith("pyright")))


def _brings_mypy(project: Project, needs: Needs) -> bool:
    """Whether the requirements of the tests have mypy, in a version that the project chooses."""
    texts = [*needs.requirements]
    for name in needs.files:
        with contextlib.suppress(ProjectError):
            texts += read_requirements(project.root, name)
    return any(requirement.name == "mypy" for requirement in map(parse_requirement, texts) if requirement)


def _checks_tests(project: Project) -> bool:
    """Whether mypy checks the tests, too, which import what they need."""
    files, packages = (str(project.mypy_settings.get(key, "")) for key in ("files", "packages"))
    return (project.root / "tests").is_dir() and (bool(re.search(r"\btests?\b", files)) if files or packages else True)


FACE_FILES = ("noxfile.py", "tasks.py")
"""The files that init writes, which import what the environment of the wheel does not have."""


def _command_of_types(detected: DetectedProject, runner: Runner | None) -> tuple[str, ...]:
    """Return the command for mypy, empty for mypy without arguments."""
    project, settings = detected.project, detected.project.mypy_settings
    if runner is not None:
        # The session names the package and the tests where a command names no file; all would be init's files, too.
        words = [word for word in runner.command[1:] if word not in {*FACE_FILES, "."}]
        if runner.where.startswith(".pre-commit") and not detected.names_files_for_mypy:
            hook = next(each for each in detected.hooks if each.name == "mypy")
            packages = [str(path) for path in package_folders(project, detected.files)]
            passed = [path for path in (*packages, "tests") if hook.takes(f"{path}/test_it.py")]
            words += passed if passed != [*packages, "tests"] else []
        return ("mypy", *words) if words else ()
    value = settings.get("files", ())
    files = tuple(name.strip() for name in (value.split(",") if isinstance(value, str) else value))
    remaining = tuple(name for name in files if name not in FACE_FILES)
    return ("mypy", *remaining) if remaining and remaining != files else ()


def checks_every_file(detected: DetectedProject) -> bool:
    """Whether the project's own mypy checks all files at the top, and complains about imports that it can't find."""
    if str(detected.project.mypy_settings.get("ignore_missing_imports", "")).lower() == "true":
        return False
    commands = [each.command for each in detected.runners if each.purpose is Purpose.TYPES]
    hooks = [
        hook for hook in detected.hooks if hook.name == "mypy" and hook.args is not None and hook.takes(FACE_FILES[0])
    ]
    commands += [(".", *(hook.args or ())) for hook in hooks]
    return any("." in command and "--ignore-missing-imports" not in command for command in commands)


def collects_every_module(detected: DetectedProject) -> bool:
    """Whether the project's own pytest imports all modules at the top, to run the examples of their docstrings."""
    today, project = detected.tests.today, detected.project
    words = (today.command if today else ("pytest",))[1:]
    is_limited = "testpaths" in project.pytest_settings or any((project.root / word).exists() for word in words)
    return "--doctest-modules" in (*words, *project.pytest_options) and not is_limited


def _pythons_of_types(detected: DetectedProject, needs: Needs) -> tuple[str, ...]:
    """Return the Pythons that mypy runs on, none for all of them."""
    project, settings = detected.project, detected.project.mypy_settings
    group = project.group(*TYPE_GROUPS, *USUAL_GROUPS)
    texts = [*needs.requirements]
    if group:
        try:
            texts += project.requirements((group,))
        except ProjectError:
            texts = [*needs.requirements]
    markers = [
        requirement.marker
        for requirement in map(parse_requirement, texts)
        if requirement and requirement.name == "mypy"
    ]
    if markers and all(marker is not None for marker in markers):
        # "mypy; python_version == '3.14'": it is installed there alone.
        return tuple(
            python
            for python in _pythons(project)
            if any(marker.evaluate(_environment(python)) for marker in markers if marker)
        )
    python = str(settings.get("python_version", ""))
    # A "type: ignore" that one Python needs is unused on another, which strict settings report.
    is_strict = any(str(settings.get(name, "")).lower() == "true" for name in ("strict", "warn_unused_ignores"))
    return (python,) if is_strict and virtualenv_supports(python) and python in _pythons(project) else ()


def _parsed_name(text: str) -> str | None:
    requirement = parse_requirement(text)
    return canonicalize_name(requirement.name) if requirement else None


def _environment(python: str) -> dict[str, str]:
    markers = {key: str(value) for key, value in default_environment().items()}
    return {**markers, "python_version": python.rstrip("t"), "python_full_version": f"{python.rstrip('t')}.0"}


def line_length(project: Project) -> int:
    """Return the length of a line that the project's formatter allows."""
    tool = project.table.get("tool", {})
    for name in ("ruff", "black"):
        value = tool.get(name, {}).get("line-length") if isinstance(tool.get(name), dict) else None
        if isinstance(value, int):
            return value
    for name in ("ruff.toml", ".ruff.toml"):
        path = project.root / name
        match = re.search(r"(?m)^line-length\s*=\s*(\d+)", path.read_text(encoding="utf-8")) if path.is_file() else None
        if match:
            return int(match[1])
    return LINE_LENGTH


MYPY_OF_HOOK = ("--ignore-missing-imports",)
"""The argument of the hook of mypy that matters, where the project gives it none (pre-commit/mirrors-mypy)."""


def types_of_hooks(hooks: Iterable[PreCommitHook]) -> Runner | None:
    """Return how pre-commit runs mypy, None where it does not."""
    hook = next((each for each in hooks if each.name == "mypy"), None)
    if hook is None:
        return None
    pinned = f"mypy=={hook.version}" if hook.version else "mypy"
    needs = Needs.of_lines((pinned, *hook.requirements))
    args = session_words(MYPY_OF_HOOK if hook.args is None else hook.args)
    return Runner(Purpose.TYPES, ("mypy", *args), ".pre-commit-config.yaml, hook mypy", needs)


def nox_requirement() -> str:
    """Return nox with the lower bound that seatrial has."""
    bounds = [Requirement(line) for line in metadata.requires("seatrial") or ()]
    return next((str(bound) for bound in bounds if bound.name == "nox"), "nox")


def seatrial_requirement() -> str:
    """Return seatrial with this version as its lower bound.

    Where it was installed from an address, such as that of its repository, it is that: no index needs to have it.
    """
    address = own_origin().address
    # Without its commit: nox compares it with the address of what is installed.
    return f"seatrial @ {address}" if address else f"seatrial>={__version__}"


def script_block() -> str:
    """Return the lines at the top of a noxfile."""
    return f'# /// script\n# dependencies = ["{nox_requirement()}", "{seatrial_requirement()}"]\n# ///\n'


def with_block(noxfile: str) -> str:
    """Return a noxfile with seatrial in its script metadata, or with a block of them at its top."""
    block = BLOCK.search(noxfile)
    if block is None:
        return script_block() + noxfile
    table = DEPENDENCIES.search(block[0])
    if table is None or "seatrial" in block[0]:
        return noxfile
    start, inner, end = table["start"], table["inner"].rstrip("# \n\t"), table["end"]
    comma = "" if not inner.strip() or inner.endswith(",") else ","
    added = f'"{seatrial_requirement()}"'
    items = f"{inner}{comma}\n#   {added},\n# " if "\n" in inner else f"{inner}{comma} {added}".lstrip()
    return noxfile.replace(table[0], f"{start}{items}{end}", 1)


def without_seatrial(noxfile: str) -> str:
    """Return a noxfile without seatrial in its script metadata; a block that had only nox next to it goes."""
    block = BLOCK.search(noxfile)
    table = DEPENDENCIES.search(block[0]) if block else None
    if block is None or table is None or "seatrial" not in table["inner"]:
        return noxfile
    items = re.findall(r"\"[^\"]*\"|'[^']*'", table["inner"])
    kept = [item for item in items if Requirement(item[1:-1]).name != "seatrial"]
    if block["content"].count("\n") == table[0].count("\n") + 1 and all(
        Requirement(item[1:-1]).name == "nox" for item in kept
    ):
        return noxfile.replace(block[0], "", 1)
    return noxfile.replace(table[0], f"{table['start']}{', '.join(kept)}{table['end']}", 1)


def has_block(noxfile: str) -> bool:
    """Whether a noxfile has script metadata."""
    return bool(BLOCK.search(noxfile))
