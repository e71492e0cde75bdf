"""How a project's tests will run: its own command, for the installed wheel, and what has to be installed for it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from seatrial.init.command_requirements import Needs, completed, declared_needs, places_of_pytest
from seatrial.init.runners import OTHER_TESTS, Purpose, Runner, is_positional, positional
from seatrial.project.find_versions import DEVELOPMENT_FOLDERS, NO_SOURCES, source_folder
from seatrial.project.project import Project, words_of_setting

USUAL_GROUPS = ("test", "tests", "dev")
"""The groups that `seatrial.sessions` uses by default."""
TEST_FILE = re.compile(r"test_.+\.py|.+_test\.py|tests?\.py")


@dataclass(frozen=True)
class DetectedTests:
    """The tests of a project.

    ``command``: that of the session, None where there are no tests; ``more``: other tests, which run after them;
    ``where``: the place that says so, and ``source`` the place of their requirements, in words; ``today``: how the
    project runs them, None where no file says it.
    """

    command: tuple[str, ...] | None = None
    where: str = ""
    source: str = ""
    needs: Needs = field(default_factory=Needs)
    variables: tuple[tuple[str, str], ...] = ()
    pythons: tuple[str, ...] = ()
    today: Runner | None = None
    more: tuple[DetectedTests, ...] = ()

    def __str__(self) -> str:
        """Say how they run, and where that comes from."""
        if self.command is None:
            return "no tests"
        needs = f", with {self.source}" if self.source else ""
        return f"{' '.join(self.command)}{needs}" + (f" ({self.where})" if self.where else "")


def detect_tests(project: Project, files: Sequence[PurePosixPath], runners: Sequence[Runner] = ()) -> DetectedTests:
    """Return how a project is tested.

    ``files``: those of the project, relative to it; ``runners``: how it runs everything today.
    """
    tests = [path for path in files if TEST_FILE.fullmatch(path.name) and "docs" not in path.parts]
    tests = tests or list(_configured_tests(project, files))
    runner = _chosen(project, [each for each in runners if each.purpose is Purpose.TESTS])
    if runner is None and not tests:
        return DetectedTests()
    folder = _inside(tests, set(files))
    if runner is not None:
        needs = declared_needs(project, runner.needs)
        command: tuple[str, ...] = runner.command
    else:
        needs = Needs()
        runs_pytest = any("pytest" in each.command for each in runners)
        uses_pytest = runs_pytest or any(places_of_pytest(project, files)) or _uses_pytest(project, files, tests)
        command = ("pytest",) if uses_pytest else _unittest(tests, set(files))
    command = wheel_command(project, files, command, folder)
    if project.measures_coverage and not project.is_measured(command):
        command = measuring(command)
    needs, source = completed(project, files, needs, command)
    tests_of_all = DetectedTests(command, source=source, needs=needs)
    if runner is None:
        return tests_of_all
    return replace(
        tests_of_all,
        where=runner.where,
        variables=runner.variables,
        pythons=runner.pythons,
        today=runner,
        more=tuple(_of_runner(project, files, other, folder) for other in _runners_after(runner, runners)),
    )


def _of_runner(project: Project, files: Sequence[PurePosixPath], runner: Runner, folder: str) -> DetectedTests:
    command = wheel_command(project, files, runner.command, folder)
    needs, _ = completed(project, files, declared_needs(project, runner.needs), command)
    return DetectedTests(command, runner.where, needs=needs, variables=runner.variables, today=runner)


def _runners_after(runner: Runner, runners: Sequence[Runner]) -> Iterator[Runner]:
    """Yield what tox runs for tests next to a runner: in the same environment, and in others those in other folders.

    Each command comes once.
    """
    paths = {_paths_of(runner.command)}
    commands = {runner.command}
    for other in runners if (runner.by_hand or ())[:1] == ("tox",) else ():
        if other.purpose is not Purpose.TESTS or other.where != runner.where or other.command in commands:
            continue
        is_same = (other.needs, other.variables) == (runner.needs, runner.variables)
        is_elsewhere = all(map(bool, paths)) and _paths_of(other.command) not in {(), *paths}
        if is_same or is_elsewhere:
            commands.add(other.command)
            paths.add(_paths_of(other.command))
            yield other


def _chosen(project: Project, runners: Sequence[Runner]) -> Runner | None:
    """Return the runner that counts: the first, or where coverage is configured the first that measures.

    Those that run a part of the tests do not count.
    """
    whole = [runner for runner in runners if not selects_part(runner.command)]
    runners = [runner for runner in whole if not OTHER_TESTS.search(runner.where.rpartition(" ")[2])] or whole
    first = next(iter(runners), None)
    if first is None or not project.measures_coverage or project.is_measured(first.command):
        return first
    paths = _paths_of(first.command)
    measuring_runner = next((each for each in runners if each.measures and _paths_of(each.command) == paths), None)
    if measuring_runner is None:
        return first
    # An environment of the same tool has all that it needs.
    is_same_tool = (first.by_hand or ())[:1] == (measuring_runner.by_hand or ())[:1] == ("tox",)
    needs = measuring_runner.needs if is_same_tool else first.needs | measuring_runner.needs
    return replace(measuring_runner, needs=needs, pythons=first.pythons)


PART = re.compile(
    r"--co|--collect-only|--(?:lf|last-failed|ff|failed-first|nf|new-first|sw|stepwise)-only|--lf|--last-failed|--sw"
    r"|--stepwise|--deselect|--benchmark-(?:only|compare|save|autosave|enable).*|--codspeed|--fuzz.*|--hypothesis-seed.*"
)
"""Options of pytest that run some of the tests, or other things than tests."""
NO_TESTS = frozenset(("bench", "benches", "benchmark", "benchmarks", "perf", "performance", "examples", "docs", "doc"))


def selects_part(command: Sequence[str]) -> bool:
    """Whether a command of pytest runs a part of the tests: those of a name or a mark, or benchmarks."""
    words = command[command.index("pytest") + 1 :] if "pytest" in command else ()
    paths, chosen = _paths_of(command), [word for word, before in zip(words, ("", *words)) if before in {"-k", "-m"}]
    only_others = bool(paths) and all(path.lstrip("./").partition("/")[0] in NO_TESTS for path in paths)
    return only_others or any(map(PART.fullmatch, words)) or any(not text.startswith("not ") for text in chosen)


def _paths_of(command: Sequence[str]) -> tuple[str, ...]:
    """Return the paths that a command gives to pytest."""
    return positional(command[command.index("pytest") + 1 :]) if "pytest" in command else ()


def _configured_tests(project: Project, files: Sequence[PurePosixPath]) -> Iterator[PurePosixPath]:
    """Yield the files that pytest is configured to take for tests, below the folders that it is configured for."""
    settings = project.pytest_settings
    patterns = words_of_setting(settings.get("python_files", ""))
    folders = words_of_setting(settings.get("testpaths", ""))
    for path in files:
        is_below = any(PurePosixPath(folder) in path.parents for folder in folders)
        if patterns and is_below and path.suffix == ".py" and any(fnmatch(path.name, pattern) for pattern in patterns):
            yield path


def measuring(command: Sequence[str]) -> tuple[str, ...]:
    """Return a command that measures coverage, as seatrial does it."""
    if command[0] == "python":
        return ("coverage", "run", *command[1:])
    return ("coverage", "run", "-m", *command)


def _unittest(tests: Sequence[PurePosixPath], files: set[PurePosixPath]) -> tuple[str, ...]:
    """Return the command for unittest, which finds tests below a folder."""
    start = _folder(tests, files)
    top = ("-t", ".") if PurePosixPath(start, "__init__.py") in files else ()
    return ("python", "-m", "unittest", "discover", *((*top, "-s", start) if start else ()))


def wheel_command(
    project: Project, files: Sequence[PurePosixPath], command: Sequence[str], folder: str
) -> tuple[str, ...]:
    """Return a command that tests what is installed: modules of the package are named as such, and not by their path.

    ``folder``: the package that holds all tests, "" for none.
    """
    if "unittest" in command:
        return _unittest_of_wheel(package_folders(project, files), files, command, folder)
    if "pytest" not in command:
        return tuple(command)
    at = command.index("pytest") + 1
    words = list(command[at:])
    packages = package_folders(project, files)
    is_path = [_is_path(project.root, words, place) for place in range(len(words))]
    if not any(is_path) and "--pyargs" not in words:
        paths = _default_paths(project, files, [*words, *project.pytest_options], folder)
        words, is_path = [*words, *paths], [*is_path, *(True for _ in paths)]
    dotted = [
        _module_of(word, packages) if path and "--pyargs" not in words else None for word, path in zip(words, is_path)
    ]
    if not any(dotted):
        return (*command[:at], *words)
    named = [part for word, modules in zip(words, dotted) for part in (modules or (word,))]
    # An option before the paths, because it is for all of them.
    first = next(place for place, modules in enumerate(dotted) if modules)
    return (*command[:at], *named[:first], "--pyargs", *named[first:])


def _unittest_of_wheel(
    packages: Sequence[PurePosixPath], files: Sequence[PurePosixPath], command: Sequence[str], folder: str
) -> tuple[str, ...]:
    """Return a command that finds the tests of an installed package by its name, which unittest takes for a folder."""
    at = command.index("unittest") + 1
    words = list(command[at:]) or ["discover"]
    if words[0] != "discover":
        return tuple(command)
    options, kept = _options_of_discover(words[1:])
    start = options.get("-s")
    tests = [path for path in files if TEST_FILE.fullmatch(path.name)] if folder else []
    folders = tuple(dict.fromkeys(map(_folder_of_tests, tests)))
    path = folders[0] if start in {None, ".", *map(str, packages)} and len(folders) == 1 else start
    named = _module_of(path, packages) if path else None
    in_namespace = any(len(package.parts) > len(("src", "package")) for package in packages)
    # A package without a dot is a folder for unittest, that of the source tree. In a namespace it finds none by name.
    if in_namespace or not named or (named[0] == path and "." not in path):
        return tuple(command)
    pattern = ("-p", options["-p"]) if "-p" in options else ()
    return (*command[:at], "discover", *pattern, *kept, "-s", named[0])


OPTIONS_OF_DISCOVER = {"--start-directory": "-s", "--pattern": "-p", "--top-level-directory": "-t"}
"""The options of ``unittest discover`` that name what can be named without an option, in this order."""


def _options_of_discover(words: Sequence[str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return what the arguments of ``unittest discover`` say of the folder, the pattern and the top; and the others."""
    named, options, others = list[str](), dict[str, str](), list[str]()
    remaining = iter(words)
    for word in remaining:
        long, sign, value = word.partition("=") if word.startswith("--") else (word[:2], word[2:], word[2:])
        option = OPTIONS_OF_DISCOVER.get(long, long)
        if not word.startswith("-"):
            named.append(word)
        elif option in OPTIONS_OF_DISCOVER.values():
            options[option] = value if sign else next(remaining, "")
        else:
            others += [word] if sign or option not in {"-k", "--durations"} else [word, next(remaining, "")]
    return {**dict(zip(OPTIONS_OF_DISCOVER.values(), named)), **options}, tuple(others)


def _is_path(root: Path, words: Sequence[str], place: int) -> bool:
    return is_positional(words, place) and (root / words[place].partition("::")[0]).exists()


def _default_paths(
    project: Project, files: Sequence[PurePosixPath], words: Sequence[str], folder: str
) -> tuple[str, ...]:
    """Return the paths to name where a command has none, and pytest would take the modules of the source tree."""
    configured = words_of_setting(project.pytest_settings.get("testpaths", ""))
    packages = package_folders(project, files)
    if configured:
        return configured if any(_module_of(path, packages) for path in configured) else ()
    if folder:
        tests = [path for path in files if TEST_FILE.fullmatch(path.name) and "docs" not in path.parts]
        return tuple(dict.fromkeys(map(_folder_of_tests, tests)))
    if "--doctest-modules" in words:
        tests = [path for path in files if TEST_FILE.fullmatch(path.name)]
        tops = dict.fromkeys(path.parts[0] for path in tests if path.parts[0] != "src")
        return (*map(str, packages), *(top for top in tops if top in DEVELOPMENT_FOLDERS or top.endswith(".py")))
    return ()


def _folder_of_tests(path: PurePosixPath) -> str:
    """Return the folder of tests that a test inside a package is in, else the package."""
    for place, part in enumerate(path.parts[:-1]):
        if part in {"test", "tests"}:
            return "/".join(path.parts[: place + 1])
    return "/".join(path.parts[: 2 if path.parts[0] == "src" else 1])


def package_folders(project: Project, files: Sequence[PurePosixPath]) -> tuple[PurePosixPath, ...]:
    """Return the folders of the source tree that are packages of the wheel: in ``src``, or at the top."""
    inits = [path.parent for path in files if path.name == "__init__.py"]
    in_src = [path for path in inits if path.parts[:1] == ("src",)]
    if in_src:
        least = min(len(path.parts) for path in in_src)
        return tuple(sorted(path for path in in_src if len(path.parts) == least))
    tops = [path for path in inits if len(path.parts) == 1 and path.name not in NO_SOURCES]
    folder = source_folder(project, files)
    own = [path for path in inits if path == PurePosixPath(folder, project.import_name)]
    module = PurePosixPath(f"{project.import_name}.py")
    return tuple(own or sorted(tops)) or ((module,) if module in files else ())


def _module_of(word: str, packages: Sequence[PurePosixPath]) -> tuple[str, ...] | None:
    """Return the modules below a path of the source tree, None for a path outside of the packages."""
    path, colon, test = word.partition("::")
    parts = PurePosixPath(path).parts
    if parts and all(PurePosixPath(path) in package.parents for package in packages):
        # The folder of the packages, or a namespace that they are in.
        return tuple(".".join(package.parts[1:]) for package in packages) or None
    for package in packages:
        if parts[: len(package.parts)] == package.parts:
            dotted = ".".join(parts[len(package.parts) > 1 :])
            return ((dotted.removesuffix(".py")) + colon + test,)
    return None


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
