"""What is installed for a command of a project, as the commands before it in CI, and its own options, name it."""

from __future__ import annotations

import ast
import contextlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from seatrial.distributions.metadata import parse_requirement
from seatrial.errors import ProjectError
from seatrial.project.config_files import SetupScript, read_ini, table_at
from seatrial.project.requirements import read_requirements

if TYPE_CHECKING:
    from seatrial.ci.job_commands import Program
    from seatrial.project.project import Project


@dataclass(frozen=True)
class Needs:
    """What is installed for a command, in addition to the project.

    ``requirements``: by name; ``files``: requirements files; ``extras``: those of the project; ``groups``: dependency
    groups, those in the tables of tools too.
    """

    requirements: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()

    def __or__(self, other: Needs) -> Needs:
        """Return both, each only once."""
        pairs = zip(self._all, other._all)
        return Needs(*(tuple(dict.fromkeys((*values, *other_values))) for values, other_values in pairs))

    def __bool__(self) -> bool:
        """Whether there is anything."""
        return any(self._all)

    @property
    def _all(self) -> tuple[tuple[str, ...], ...]:
        return self.requirements, self.files, self.extras, self.groups

    @classmethod
    def of_lines(cls, lines: Iterable[str]) -> Needs:
        """Read lines as in a requirements file; what is neither a requirement nor a file is left out."""
        needs = cls()
        for line in lines:
            file = re.fullmatch(r"(?:-r|--requirement)[ =]*(\S+)", line)
            extras = extras_of_itself(line)
            if file:
                needs |= cls(files=(file[1],))
            elif extras:
                needs |= cls(extras=extras)
            else:
                requirement = parse_requirement(line)
                # With the quotes of a marker that need none around them.
                needs |= cls(requirements=(str(requirement).replace('"', "'"),)) if requirement else cls()
        return needs


def extras_of_itself(line: str) -> tuple[str, ...]:
    """Return the extras with which a line of requirements (``-e .[fast]``) installs the project itself, or its wheel.

    What a variable or a command fills in is one of both.
    """
    itself = r"\./?|\S*\.(?:whl|tar\.gz)|\$\(.*\)|\$[\w{}]+"
    match = re.fullmatch(rf"(?:-e\s*|--editable[ =])?(?:{itself})\s*\[([\w.,\s-]+)\]", line.strip())
    return tuple(name.strip() for name in match[1].split(",")) if match else ()


def words_after(args: Sequence[str], *options: str) -> list[str]:
    """Return the values of options, several behind one too, up to the next option."""
    values: list[str] = []
    is_value = False
    for word in args:
        if word == "--":
            break
        option, sign, value = word.partition("=")
        if word.startswith("-"):
            is_value = option in options and not sign
            values += [value] if option in options and sign else []
        elif is_value:
            values.append(word)
    return values


TOOLS_OF_CI = frozenset(
    (
        *("pip", "setuptools", "wheel", "build", "twine", "tox", "tox-uv", "tox-gh", "tox-gh-actions", "nox", "uv"),
        *("poetry", "pdm", "hatch", "flit", "pipx", "codecov", "coveralls", "pre-commit", "prek", "virtualenv"),
        *("flake8", "pycodestyle", "ruff", "black", "isort", "poethepoet", "taskipy", "pipenv", "bandit", "codespell"),
        *("pyupgrade", "autoflake", "pydocstyle", "vulture", "interrogate", "safety", "pip-audit", "check-manifest"),
        *("bump2version", "bump-my-version", "cibuildwheel"),
    )
)
"""What CI installs to do its own work, and no test needs that does not import it."""

MODULES = {"setuptools": ("setuptools", "pkg_resources", "distutils")}
"""The modules of a tool whose name is not that of its module."""


def _is_needed(requirement: Requirement, is_imported: Callable[[str], bool]) -> bool:
    name = canonicalize_name(requirement.name)
    is_tool = name in TOOLS_OF_CI or name.startswith("flake8-")
    return not is_tool or any(map(is_imported, MODULES.get(name, (name.replace("-", "_"),))))


def _imports_no_tool(_: str) -> bool:
    return False


def needs_installed(program: Program, imported: Callable[[str], bool] = _imports_no_tool) -> Needs:
    """Return what a program installs into the environment that later commands run in.

    ``imported``: whether a file of the project imports a module, which then is no tool of CI alone.
    """
    name, args = program.name, program.args
    if name == "pip" and args[:1] == ("install",):
        return needs_of_pip(args[1:], imported)
    if name == "uv" and args[:2] == ("pip", "install"):
        return needs_of_pip(args[2:], imported)
    if name == "uv" and args[:1] == ("sync",):
        return needs_of_uv(args)
    if name == "poetry" and args[:1] == ("install",):
        groups = [part for word in words_after(args, "--with", "--only") for part in word.split(",")]
        # What --with names comes in addition to the groups that are not optional.
        groups += [ALL] if words_after(args, "--with") and not words_after(args, "--only") else []
        extras = [part for word in words_after(args, "--extras", "-E") for part in re.split(r"[ ,]+", word)]
        extras += [ALL] if "--all-extras" in args else []
        return Needs(groups=tuple(filter(None, groups)), extras=tuple(filter(None, extras)))
    if name == "pdm" and args[:1] == ("install",):
        words = [part for word in words_after(args, "-G", "--group", "-dG") for part in word.split(",")]
        return Needs(extras=tuple(word for word in words if not word.startswith(":")))
    return Needs()


def needs_of_run(program: Program) -> Needs:
    """Return what a runner installs for one command: ``uv run --group test --with tide pytest``."""
    words = program.command.words
    if words[:2] == ("hatch", "test"):
        return Needs(groups=("hatch-test",))
    return needs_of_uv(words[1:]) if words[:2] == ("uv", "run") else Needs()


ALL = "*"
"""The name for all extras, and for all groups of Poetry that are not optional."""


def needs_of_uv(args: Sequence[str]) -> Needs:
    """Return the groups, extras and requirements that options of uv name."""
    options = {"--group": "groups", "--only-group": "groups", "--extra": "extras", "--with": "requirements"}
    options["--with-requirements"] = "files"
    needs = Needs(extras=(ALL,) if "--all-extras" in args else ())
    for place, word in enumerate(args):
        option, sign, value = word.partition("=")
        if option in options:
            value = value if sign else next(iter(args[place + 1 : place + 2]), "")
            if value and "$" not in value:
                needs |= Needs(**{options[option]: (value,)})
    return needs


OPTIONS_OF_PIP = frozenset(
    (
        *("-c", "--constraint", "--constraints", "-i", "--index-url", "--extra-index-url", "--index"),
        *("--default-index",),
        *("-f", "--find-links", "-t", "--target", "--prefix", "--root", "--src", "--python", "-p", "--python-version"),
        *("--platform", "--python-platform", "--implementation", "--abi", "--only-binary", "--no-binary", "--group"),
        *("--upgrade-strategy", "--progress-bar", "--timeout", "--retries", "--trusted-host", "--cache-dir", "--proxy"),
        *("-C", "--config-settings", "--config-setting", "--report", "--log", "--use-feature", "--use-deprecated"),
        *("--resolution", "--prerelease", "--exclude-newer", "--index-strategy", "--link-mode", "--override"),
        *("--overrides", "-P", "--upgrade-package", "--extra", "--torch-backend", "--keyring-provider", "--cert"),
        *("--no-build-isolation-package", "--no-build-package", "--no-binary-package", "--reinstall-package"),
    )
)
"""The options of ``pip install`` and ``uv pip install`` that take the word behind them, requirements files excepted."""


def needs_of_pip(args: Sequence[str], imported: Callable[[str], bool] = _imports_no_tool) -> Needs:
    """Return what the arguments of ``pip install`` install, without the project itself and what only CI needs."""
    needs = Needs()
    files, groups = words_after(args, "-r", "--requirement"), words_after(args, "--group")
    values = {place + 1 for place, word in enumerate(args) if word in OPTIONS_OF_PIP}
    needs |= Needs(extras=tuple(extra for word in args for extra in extras_of_itself(word)))
    plain = [word for place, word in enumerate(args) if not (word.startswith("-") or place in values or "$" in word)]
    # A file may be followed by requirements.
    named = [name for name in files if name.endswith((".txt", ".in", ".pip"))]
    for word in plain:
        is_path = word.startswith(".") or "/" in word or word.endswith((".txt", ".whl", ".gz"))
        requirement = None if is_path or word in named else parse_requirement(word)
        if requirement and _is_needed(requirement, imported):
            needs |= Needs(requirements=(str(requirement),))
    return needs | Needs(files=tuple(name for name in named if "$" not in name), groups=tuple(groups))


NAMES = ("test", "tests", "testing", "pytest", "dev", "develop", "development", "all")

SHORT = r"(tests?|testing|dev|pytest)"

TESTING = re.compile(r"(unit[-_]?)?test(s|ing)?", re.IGNORECASE)

FILES = re.compile(
    rf"(requirements/)?({SHORT}[-_]requirements|(requirements[-_.])?{SHORT})\.txt|{SHORT}/requirements\.txt|requirements\.txt"
)
"""The usual names of requirements files for tests."""


def declared_needs(project: Project, needs: Needs) -> Needs:
    """Return needs as the project declares them: what one tool calls a group can be an extra for another."""
    extras = {canonicalize_name(name): name for name, _ in _extras(project)}
    for file in needs.files:
        needs |= _extras_in_file(project, file)
    is_open = SetupScript.read(project.root).computes("extras_require")
    declared = Needs()
    for name in extras.values() if ALL in needs.extras else needs.extras:
        if canonicalize_name(name) in extras or is_open:
            declared |= Needs(extras=(extras.get(canonicalize_name(name), name),))
        elif project.group(name):
            declared |= Needs(groups=(name,))
    of_poetry = table_at(table_at(table_at(project.table, "tool"), "poetry"), "group")
    usual = [name for name in of_poetry if not table_at(of_poetry, name).get("optional")]
    for name in dict.fromkeys((*(usual if ALL in needs.groups else ()), *needs.groups)):
        if project.group(name):
            declared |= Needs(groups=(name,))
        elif canonicalize_name(name) in extras:
            declared |= Needs(extras=(extras[canonicalize_name(name)],))
    own = canonicalize_name(project.name)
    requirements = tuple(text for text in needs.requirements if canonicalize_name(_name(text)) != own)
    return declared | Needs(requirements, tuple(name for name in needs.files if (project.root / name).is_file()))


def _extras_in_file(project: Project, name: str) -> Needs:
    """Return the extras with which a requirements file installs the project itself, as ``-e .[fast]``."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        lines = (project.root / name).read_text(encoding="utf-8").splitlines()
        return Needs(extras=tuple(extra for line in lines for extra in extras_of_itself(line)))
    return Needs()


def completed(
    project: Project, files: Sequence[PurePosixPath], needs: Needs, command: Sequence[str]
) -> tuple[Needs, str]:
    """Return needs with what a command takes at least, and the place of it in words."""
    source = ""
    if "pytest" in command and not _has_pytest(names_of(project, needs)):
        place = next(places_of_pytest(project, files), None)
        added, source = place or (Needs(requirements=("pytest",)), "nothing but pytest")
        needs |= added
    names = names_of(project, needs)
    if not {"pytest", "mypy"} & set(command) and not (needs.groups or needs.extras or needs.files or names - MEASURING):
        # No file says what is installed for the tests: what is called after them.
        needs |= next(_places_by_name(project, files), Needs())
        names = names_of(project, needs)
    if command[0] == "coverage" and not {"coverage", "pytest-cov"} & names:
        needs |= Needs(requirements=("coverage[toml]",))
    if any(word.startswith("--cov") for word in command) and "pytest-cov" not in names:
        needs |= Needs(requirements=("pytest-cov",))
    return needs, source or needs_text(needs)


MEASURING = frozenset(("coverage", "pytest-cov", "covdefaults", "diff-cover"))
"""What measures the tests, which no module imports that mypy checks."""


def needs_text(needs: Needs) -> str:
    """Return needs in words."""
    groups = [f"the dependency group {name}" for name in needs.groups]
    extras = [f"the extra {name}" for name in needs.extras]
    requirements = [", ".join(needs.requirements)] if needs.requirements else []
    return ", ".join([*groups, *extras, *needs.files, *requirements])


def names_of(project: Project, needs: Needs) -> frozenset[str]:
    """Return the names of all that is installed for needs, as far as files say it."""
    extras = {canonicalize_name(name): lines for name, lines in _extras(project)}
    named = [canonicalize_name(name) for name in needs.extras]
    texts = [*needs.requirements, *(line for name in named if name in extras for line in extras[name])]
    with contextlib.suppress(ProjectError):
        texts += project.requirements(needs.groups)
    for name in needs.files:
        with contextlib.suppress(ProjectError):
            texts += read_requirements(project.root, name)
    own = [text for text in texts if canonicalize_name(_name(text)) == canonicalize_name(project.name)]
    inner = [canonicalize_name(name) for text in own for name in Requirement(text).extras]
    texts += (line for name in inner if name in extras for line in extras[name])
    return frozenset(canonicalize_name(_name(text)) for text in texts)


def places_of_pytest(project: Project, files: Sequence[PurePosixPath]) -> Iterator[tuple[Needs, str]]:
    """Yield the places whose requirements include pytest, the best first."""
    with contextlib.suppress(ProjectError):
        for name in sorted(project.groups, key=_rank):
            if _has_pytest(map(_name, project.requirements((name,)))):
                yield Needs(groups=(name,)), f"the dependency group {name}"
    for name, requirements in sorted(_extras(project), key=lambda extra: _rank(extra[0])):
        if _has_pytest(map(_name, requirements)):
            yield Needs(extras=(name,)), f"the extra {name}"
    # The one without a word of its own has everything.
    for path in sorted(files, key=lambda path: str(path) == "requirements.txt"):
        if FILES.fullmatch(str(path)):
            with contextlib.suppress(ProjectError):
                if _has_pytest(map(_name, read_requirements(project.root, str(path)))):
                    yield Needs(files=(str(path),)) | _extras_in_file(project, str(path)), str(path)


def _places_by_name(project: Project, files: Sequence[PurePosixPath]) -> Iterator[Needs]:
    """Yield the places of requirements that are called after tests, the best first."""
    yield from (Needs(groups=(name,)) for name in project.groups if TESTING.fullmatch(name))
    yield from (Needs(extras=(name,)) for name, _ in _extras(project) if TESTING.fullmatch(name))
    paths = (str(path) for path in files if FILES.fullmatch(str(path)) and "test" in str(path))
    yield from (Needs(files=(path,)) | _extras_in_file(project, path) for path in paths)


def _extras(project: Project) -> list[tuple[str, list[str]]]:
    """Return the extras of a project and their requirements, as far as a file has them."""
    extras = project.table.get("project", {}).get("optional-dependencies", {})
    poetry = project.table.get("tool", {}).get("poetry", {}).get("extras", {})
    section = read_ini(project.root / "setup.cfg").get("options.extras_require", {})
    legacy = {key: value.splitlines() for key, value in section.items()}
    merged = {**dict(_extras_of_script(project)), **legacy, **poetry, **extras}
    return [(name, list(lines)) for name, lines in merged.items()]


def _extras_of_script(project: Project) -> Iterator[tuple[str, list[str]]]:
    value = SetupScript.read(project.root).value("extras_require")
    for key, lines in zip(value.keys, value.values) if isinstance(value, ast.Dict) else ():
        if isinstance(key, ast.Constant) and isinstance(lines, (ast.List, ast.Tuple)):
            texts = [element.value for element in lines.elts if isinstance(element, ast.Constant)]
            yield str(key.value), [text for text in texts if isinstance(text, str)]


def _has_pytest(names: Iterable[str]) -> bool:
    return any(name == "pytest" or name.startswith("pytest-") for name in names)


def _name(text: str) -> str:
    requirement = parse_requirement(text)
    return requirement.name.lower() if requirement else ""


def _rank(name: str) -> tuple[int, str]:
    return (NAMES.index(name) if name in NAMES else len(NAMES), name)
