"""How a project runs its tests, type checks, linters and documentation today, and where that is configured.

Everything becomes a `Runner`: a command, and what is installed for it. The files are read and nothing is run: workflows
of GitHub, tox, an existing noxfile, the scripts of hatch, PDM, poe and taskipy, Makefile, justfile and pre-commit. What
CI runs comes first, and where that is a target or a script, what the target runs.
"""

from __future__ import annotations

import ast
import contextlib
import posixpath
import re
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import yaml
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from seatrial.ci.commands import TOP, Folders, programs_in, programs_of
from seatrial.ci.github import WorkflowFiles
from seatrial.ci.shell import ShellCommand
from seatrial.init.tox import as_list, read_tox

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from seatrial.ci.commands import Program
    from seatrial.ci.github import Job
    from seatrial.init.tox import ToxEnvironment
    from seatrial.project.project import Project


class Purpose(Enum):
    """What a command is for."""

    TESTS = "tests"
    TYPES = "types"
    LINT = "lint"
    DOCS = "docs"


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
                with contextlib.suppress(InvalidRequirement):
                    # With the quotes of a marker that need none around them.
                    needs |= cls(requirements=(str(Requirement(line)).replace('"', "'"),))
        return needs


@dataclass(frozen=True)
class Runner:
    """A command of a project for one purpose.

    ``command``: as a session runs it, without reports and what only another tool fills in; ``where``: the file, and the
    place in it; ``variables``: those that are set; ``pythons``: those it runs on, none where that is open; ``by_hand``:
    what a developer types to run it, None where that is the command itself; ``folder``: where it runs, seen from the
    project, as long as the command does not name it.
    """

    purpose: Purpose
    command: tuple[str, ...]
    where: str
    needs: Needs = field(default_factory=Needs)
    variables: tuple[tuple[str, str], ...] = ()
    pythons: tuple[str, ...] = ()
    by_hand: tuple[str, ...] | None = None
    folder: str = TOP

    @property
    def measures(self) -> bool:
        """Whether it measures coverage."""
        return self.command[:1] == ("coverage",) or any(word.startswith("--cov") for word in self.command)


def read_runners(project: Project, top: Path) -> tuple[Runner, ...]:
    """Return how a project runs everything, what counts most first; ``top``: the work tree of its repository."""
    reader = RunnerReader(project, top)
    groups = (reader.of_workflows(), reader.of_tox(), reader.of_noxfile(), reader.of_scripts(), reader.of_targets())
    runners = [runner for group in groups for runner in group]
    unique: dict[tuple[Purpose, tuple[str, ...], str], Runner] = {}
    for runner in runners:
        unique.setdefault((runner.purpose, runner.command, runner.where), runner)
    return tuple(unique.values())


def extras_of_itself(line: str) -> tuple[str, ...]:
    """Return the extras with which a line of requirements (``-e .[fast]``) installs the project itself."""
    match = re.fullmatch(r"(?:-e\s*|--editable[ =])?\./?\[([\w.,\s-]+)\]", line.strip())
    return tuple(name.strip() for name in match[1].split(",")) if match else ()


def first_runner(runners: Iterable[Runner], purpose: Purpose) -> Runner | None:
    """Return the runner that counts most for a purpose."""
    return next((runner for runner in runners if runner.purpose is purpose), None)


TEST_PROGRAMS = ("pytest", "py.test", "unittest", "nose2", "twisted.trial", "trial", "ward", "doctest")
PURPOSES: Mapping[str, Purpose] = {
    **dict.fromkeys(TEST_PROGRAMS, Purpose.TESTS),
    "mypy": Purpose.TYPES,
    **dict.fromkeys(("pre-commit", "prek", "ruff", "flake8", "pylint", "black", "isort"), Purpose.LINT),
    **dict.fromkeys(("sphinx-build", "sphinx", "mkdocs", "zensical"), Purpose.DOCS),
}
"""The programs that are known, and what they are for."""


def purpose_of(program: Program) -> Purpose | None:
    """Return what a program is run for, None for any other purpose."""
    if program.name == "coverage":
        return Purpose.TESTS if program.args[:1] == ("run",) else None
    if program.script:
        # "setup.py test" is gone from setuptools.
        is_test = re.fullmatch(r"(run_?)?tests?\.py", PurePosixPath(program.script).name)
        return Purpose.TESTS if is_test else None
    if program.name in {"pre-commit", "prek"} and program.args[:1] != ("run",):
        return None
    if program.name == "hatch" and program.args[:1] == ("test",):
        return Purpose.TESTS
    return PURPOSES.get(program.name)


REPORTS = re.compile(
    r"--(?:cov-report|junit-?xml|html|durations|color|code-highlight|verbosity|cov-append|no-cov-on-fail|basetemp"
    r"|cov-context|tb|log-cli-level|data-file|append|parallel-mode|cache-dir|junit-xml|python-version"
    r"|non-interactive|install-types|pretty|show-error-codes|no-color-output|instafail|capture|txt-report|html-report|cobertura-xml-report)(?:=.*)?"
)
"""Options about what is shown or reported, which a session leaves to its user, or sets itself."""
WITH_VALUE = re.compile(
    r"--(?:cov-report|junit-?xml|html|durations|color|basetemp|tb|log-cli-level|data-file|cache-dir|python-version"
    r"|txt-report|html-report|cobertura-xml-report)"
)
OTHER_TESTS = re.compile(
    r"downstream|integration|bench|fuzz|plugin|smoke|stress|perf|mutation|nightly|wasm|emscripten|pyodide|conda|sample"
)
"""The names of environments, sessions and targets that test other things than the package itself."""

TAKING_VALUE = frozenset(
    (
        *("-n", "-k", "-m", "-p", "-c", "-o", "-W", "-s", "-t", "--cov", "--cov-config", "--numprocesses", "--maxfail"),
        *("--config", "--config-file", "--rcfile", "--rootdir", "--ignore", "--deselect", "--dist", "--timeout"),
        *("--source", "--omit", "--include", "--concurrency", "--package", "--module", "--python-executable"),
    )
)
"""Options that say nothing without the word behind them."""
SHORT_REPORTS = re.compile(r"-(?:v+|q+|ra|rA|rf)|--(?:ff|failed-first|nf|new-first)")


def session_words(words: Sequence[str]) -> tuple[str, ...]:
    """Return the arguments of a command without reports, and without what only a shell or CI fills in."""
    kept: list[str] = []
    skips = False
    for word in words:
        if skips:
            skips = False
            continue
        if REPORTS.fullmatch(word):
            skips = bool(WITH_VALUE.fullmatch(word))
        elif not (word == "--" or SHORT_REPORTS.fullmatch(word)):
            if "$" not in word and "\0" not in word and word:
                kept.append(word)
            elif kept and kept[-1] in TAKING_VALUE:
                kept.pop()
    return tuple(kept)


def session_command(program: Program) -> tuple[str, ...] | None:
    """Return the command of a session for a program, None where a session has none for it."""
    name, words = program.name, session_words(program.args)
    if name in {"pytest", "py.test"}:
        return ("pytest", *(word for word in words if word != "-s"))
    if name == "coverage":
        pairs = zip(words, ("", *words))
        words = tuple(word for word, before in pairs if word not in COVERAGE_REPORTS and before != "--debug")
        return ("coverage", *_source_of_include(words))
    if name in {"unittest", "twisted.trial", "nose2", "doctest"}:
        return ("python", "-m", name, *words)
    if program.script:
        return ("python", program.script, *words)
    if name == "hatch":
        _, sign, behind = " ".join(program.args).partition(" -- ")
        return ("pytest", *session_words((behind if sign else HATCH_OPTION.sub("", " ".join(words[1:]))).split()))
    return (name, *words)


COVERAGE_REPORTS = frozenset(("-p", "-a", "--debug"))
HATCH_OPTION = re.compile(
    r"(?:^| )(?:(?:--retries|--retry-delay|-py|--python|-[ix]|--include|--exclude)[ =]\S+"
    r"|-[rpasc]|--(?:randomize|parallel|cover(?:-quiet)?|all|show|env-errors)|-cq)(?= |$)"
)
"""The options of ``hatch test`` itself, which come before those of pytest."""


def _source_of_include(words: Sequence[str]) -> Iterator[str]:
    """Yield the arguments of coverage: files of the source tree (``--include=pkg/*``) are those of a package."""
    for word in words:
        folder = re.fullmatch(r"--include=(?:src/)?(\w+)/\*.*", word)
        yield f"--source={folder[1]}" if folder else word


def programs_with_folders(script: str, start: str = TOP) -> Iterator[tuple[Program, str]]:
    """Yield what a script runs that begins in a folder, and the folder where each runs, the top where it is unknown."""
    folders = Folders.from_text(start)
    for program in programs_in(script):
        yield program, folders.of(program) or TOP


def placed(program: Program, folder: str, root: Path) -> Program:
    """Return a program as it runs from the top of the project, whose arguments are paths seen from a folder of it."""
    if folder == TOP:
        return program

    def moved(word: str) -> str:
        is_path = word and not word.startswith("-") and (root / folder / word.partition("::")[0]).exists()
        return posixpath.normpath(posixpath.join(folder, word)) if is_path else word

    args = tuple(map(moved, program.args))
    if args == program.args and "pytest" in program.words:
        args = (*args, folder)
    elif program.name == "unittest" and all(word.startswith("-") or word == "discover" for word in args):
        args = ("discover", "-s", folder, *(word for word in args if word != "discover"))
    return replace(program, args=args, script=moved(program.script) if program.script else None)


@dataclass(frozen=True)
class RunnerReader:
    """Reads the files of a project; ``top``: the work tree of its repository."""

    project: Project
    top: Path

    @property
    def _tool(self) -> Mapping[str, Any]:
        tools: Mapping[str, Any] = self.project.table.get("tool", {})
        return tools

    def of_workflows(self) -> Iterator[Runner]:
        """Yield what the workflows of GitHub run for a change, jobs with many Pythons first."""
        jobs = [
            (workflow.path, job)
            for workflow in WorkflowFiles.in_tree(self.top)
            if {"push", "pull_request", "workflow_call"} & set(workflow.events)
            and (workflow.folder is None or (self.top / workflow.folder).resolve() == self.project.root.resolve())
            for job in workflow.jobs
        ]
        for path, job in sorted(jobs, key=lambda pair: -len(pair[1].pythons)):
            yield from self._of_job(path, job)

    def _of_job(self, path: str, job: Job) -> Iterator[Runner]:
        needs = Needs()
        runners: list[tuple[bool, Runner]] = []
        for step in job.steps:
            for program, folder in programs_with_folders(step.run or "", step.folder or TOP):
                needs |= needs_installed(program)
                is_sure = step.condition is None and program.command.is_plain
                assigned = dict(program.command.variables)
                context = Runner(
                    Purpose.TESTS,
                    (),
                    f"{path}, job {job.name}",
                    needs,
                    # Those for tests with a service name the one of CI.
                    () if job.has_services else variables_of(job.variables, step.variables, assigned),
                    job.pythons if len(job.pythons) > 1 else (),
                    folder=self._folder(folder),
                )
                runners += ((is_sure, runner) for runner in self.resolve(program, context))
        yield from (runner for _, runner in sorted(runners, key=lambda pair: not pair[0]))

    def resolve(self, program: Program, context: Runner, depth: int = 0) -> Iterator[Runner]:
        """Yield what a program runs, itself or by the file that it reads; ``context``: where it is run."""
        program = placed(program, context.folder, self.project.root)
        purpose, command = purpose_of(program), session_command(program)
        if purpose is not None and command is not None:
            needs = context.needs | needs_of_run(program)
            yield replace(context, purpose=purpose, command=command, needs=needs, folder=TOP)
        elif depth < MOST_STEPS:
            for runner in self._named(program, context, depth + 1):
                yield replace(runner, pythons=runner.pythons or context.pythons)

    def _named(self, program: Program, context: Runner, depth: int) -> Iterator[Runner]:
        """Yield what a target, a script, a session or an environment runs."""
        name, args = program.name, program.args
        if name == "tox":
            environments = words_after(args, "-e", "--env", "-m")
            yield from self.of_tox([part for word in environments for part in word.split(",")])
        elif name == "nox":
            yield from self.of_noxfile([word for word in words_after(args, "-s", "--session", "-e") if word])
        elif name in {"make", "just", "poe", "task"}:
            words = [word for word in args if re.fullmatch(r"[\w.-]+", word) and not word.startswith("-")]
            kind = {"make": "Makefile", "just": "justfile"}.get(name, name)
            for target in words[:1] if kind == name else words:
                yield from self._of_target(kind, target, context, depth)
        elif (text := _shell_script(self.project.root, program)) is not None:
            inside = replace(context, where=f"{context.where}, {program.command.words[0]}")
            for inner, folder in programs_with_folders(text):
                yield from self.resolve(inner, replace(inside, folder=folder), depth)
        elif program.runner in {"hatch", "pdm", "rye", "pixi"}:
            # hatch names an environment before a script.
            full = next((word for word in program.command.words if word.rpartition(":")[2] == name), name)
            yield from self._of_target(program.runner or "", full, context, depth)

    def _folder(self, folder: str) -> str:
        """Return a folder of the repository as it is seen from the project, the top for one outside of it."""
        path, root = (self.top / folder).resolve(), self.project.root.resolve()
        return path.relative_to(root).as_posix() if path == root or root in path.parents else TOP

    def of_tox(self, names: Sequence[str] = ()) -> Iterator[Runner]:
        """Yield what the environments of tox run; ``names``: those that are called, all that are listed without."""
        every = read_tox(self.project.root)
        literal_names = [name for name in names if "$" not in name]
        chosen = [environment for environment in every if environment.name in literal_names] or list(every)
        by_variant: dict[tuple[str, ...], list[ToxEnvironment]] = {}
        for environment in chosen:
            by_variant.setdefault(environment.variant, []).append(environment)
        # Those that test other things than the package itself come last in the end.
        # One that others have more factors than is what they vary.
        groups = sorted(
            sorted(by_variant, key=lambda variant: any(set(variant) < set(other) for other in by_variant)),
            key=lambda variant: (
                not OTHER_TESTS.search("-".join(variant))
                # A branch of another project is no release of it.
                and not any("://" in line for each in by_variant[variant] for line in each.requirements)
            ),
        )
        runners = [runner for variant in groups for runner in self._of_environments(by_variant[variant])]
        # Of several variants of the tests, the last is the one with the newest dependencies, by custom.
        variants = [runner for runner in runners if runner.purpose is Purpose.TESTS and runner.pythons]
        yield from variants[::-1]
        yield from (runner for runner in runners if runner not in variants)

    def _of_environments(self, group: Sequence[ToxEnvironment]) -> Iterator[Runner]:
        """Yield what environments run that differ in their Python alone."""
        newest = max(
            group,
            key=lambda environment: (
                _minor(environment.python) if environment.python and not environment.python.endswith("t") else 0
            ),
        )
        pythons = tuple(
            sorted(
                {environment.python for environment in group if environment.python},
                key=lambda text: (_minor(text), text),
            )
        )
        lines = (line for line in requirements_of(group) if not INSTALLER.match(line))
        needs = Needs.of_lines(lines) | Needs(extras=newest.extras, groups=newest.groups)
        for command in newest.commands:
            for program in programs_of(ShellCommand(tuple(command))):
                is_own = purpose_of(program) is not None or program.runner == "poetry"
                if is_own or program.name not in {"tox", "nox"}:
                    context = Runner(
                        Purpose.TESTS,
                        (),
                        newest.where,
                        needs,
                        newest.variables,
                        pythons,
                        by_hand=("tox", "-e", newest.name),
                        folder=newest.folder,
                    )
                    yield from self.resolve(program, context, depth=1)

    def of_noxfile(self, names: Sequence[str] = ()) -> Iterator[Runner]:
        """Yield what the sessions of the project's noxfile run; ``names``: those that are called."""
        try:
            tree = ast.parse((self.project.root / "noxfile.py").read_text(encoding="utf-8"))
        except (OSError, SyntaxError, ValueError):
            return
        sessions = [
            statement for statement in tree.body if isinstance(statement, ast.FunctionDef) and is_session(statement)
        ]
        called = [
            statement for statement in sessions if any(name.startswith(session_name(statement)) for name in names)
        ]
        helpers = {each.name: each for each in tree.body if isinstance(each, ast.FunctionDef) and each not in sessions}
        for function in called or sessions:
            needs = Needs()
            for call in _calls_in(function, helpers):
                if not isinstance(call.func, ast.Attribute):
                    continue
                words = tuple(literal_words(call.args))
                if call.func.attr == "install":
                    needs |= needs_of_pip(words)
                elif call.func.attr in {"run", "run_always", "run_install"} and words:
                    for program in programs_of(ShellCommand(words)):
                        needs |= needs_installed(program)
                        where = f"noxfile.py, session {session_name(function)}"
                        pythons = pythons_of_session(function)
                        by_hand = ("nox", "-s", session_name(function))
                        context = Runner(Purpose.TESTS, (), where, needs, (), pythons, by_hand)
                        yield from self.resolve(program, context, depth=1)

    def of_scripts(self) -> Iterator[Runner]:
        """Yield what the scripts in tables of hatch, PDM, poe and taskipy run."""
        for kind in ("hatch", "pdm", "poe", "task", "pixi"):
            for target in self._scripts(kind):
                yield from self._of_target(kind, target, Runner(Purpose.TESTS, (), ""), 1)

    def of_targets(self) -> Iterator[Runner]:
        """Yield what the targets of a justfile and of a Makefile run."""
        for name in ("justfile", "Makefile"):
            for target in self._scripts(name):
                yield from self._of_target(name, target, Runner(Purpose.TESTS, (), ""), 1)

    def _of_target(self, kind: str, target: str, context: Runner, depth: int) -> Iterator[Runner]:
        """Yield what a script or a target runs, those that it is made of included."""
        scripts, plain = self._scripts(kind), target.rpartition(":")[2]
        script = scripts.get(target, scripts.get(plain))
        if script is None:
            return
        target = plain
        where = f"{script.where} {target}"
        by_hand = {"Makefile": ("make", target), "justfile": ("just", target)}.get(kind)
        needs = context.needs | script.needs
        if depth < MOST_STEPS:
            for part in script.parts:
                yield from self._of_target(kind, part, replace(context, needs=needs), depth + 1)
        for line in script.text.splitlines():
            for program, folder in programs_with_folders(line):
                needs |= needs_installed(program)
                inner = replace(context, where=where, needs=needs, by_hand=by_hand, folder=folder)
                yield from self.resolve(program, inner, depth)

    def _scripts(self, kind: str) -> Mapping[str, Script]:
        if kind in {"Makefile", "justfile"}:
            return read_targets(self.project.root, kind)
        if kind == "hatch":
            named = dict(_hatch_scripts(self._tool.get("hatch", {})))
            # An environment has the scripts of the default one, too.
            own = {name.partition(":")[2]: script for name, script in reversed(list(named.items()))}
            default = {name.partition(":")[2]: script for name, script in named.items() if name.startswith("default:")}
            return {**named, **own, **default}
        place = TABLES_OF_TASKS.get(kind)
        table = self._tool.get(place[0], {}).get(place[1], {}) if place else {}
        where = f"pyproject.toml [tool.{'.'.join(place)}]" if place else ""
        scripts = table.items() if isinstance(table, dict) else ()
        return {name: script for name, value in scripts if (script := _script_of(value, where, name)) is not None}


TABLES_OF_TASKS = {
    "pdm": ("pdm", "scripts"),
    "poe": ("poe", "tasks"),
    "pixi": ("pixi", "tasks"),
    "task": ("taskipy", "tasks"),
}


def _shell_script(root: Path, program: Program) -> str | None:
    """Return a script of the project that a program is, without a variable before a command (``${PREFIX}pytest``)."""
    path = root / (program.script or next(iter(program.command.words), ""))
    if path.parent == root or root not in path.parents or not path.is_file():
        return None
    text = path.read_text(encoding="utf-8", errors="replace")
    is_shell = re.match(r"#!.*\b(?:ba|da|z|k)?sh\b", text)
    return re.sub(r"(?m)^([ \t]*)\$\{\w+\}(?=\w)", r"\1", text) if is_shell else None


MOST_STEPS = 4
"""How many targets, scripts and variables that name each other are followed."""


@dataclass(frozen=True)
class Script:
    """A target of a Makefile, or a script of a tool: its lines; ``parts``: the targets that come first."""

    text: str
    where: str
    parts: tuple[str, ...] = ()
    needs: Needs = field(default_factory=Needs)


def _script_of(value: Any, where: str, name: str) -> Script | None:
    """Return a script in the table of a tool: a text, a list, or a table with ``cmd``, ``shell`` or a sequence."""
    if isinstance(value, str):
        return Script(fields_removed(value), where)
    if isinstance(value, list):
        texts = [item for item in value if isinstance(item, str)]
        return Script("\n".join(map(fields_removed, texts)), where, tuple(item for item in texts if item != name))
    if isinstance(value, dict):
        for key in ("cmd", "shell", "composite", "sequence", "ref"):
            if key in value:
                words = value[key]
                if key == "cmd" and isinstance(words, list):
                    words = " ".join(map(str, words))
                return _script_of(words, where, name)
    return None


def _hatch_scripts(hatch: Mapping[str, Any]) -> Iterator[tuple[str, Script]]:
    environments = hatch.get("envs", {})
    for name, table in environments.items() if isinstance(environments, dict) else ():
        if not isinstance(table, dict) or not isinstance(table.get("scripts"), dict):
            continue
        lines = [str(item) for key in ("dependencies", "extra-dependencies") for item in as_list(table.get(key))]
        named = Needs(groups=(name,)) if any("{" not in line for line in lines) else Needs()
        needs = named | Needs(extras=tuple(map(str, as_list(table.get("features")))))
        for target, value in table["scripts"].items():
            script = _script_of(value, f"pyproject.toml [tool.hatch.envs.{name}.scripts]", target)
            if script is not None:
                parts = tuple(f"{name}:{part}" for part in script.parts)
                yield f"{name}:{target}", replace(script, needs=needs, parts=parts)


def fields_removed(text: str) -> str:
    """Return a script with the default of each field (``{args:tests}``), and without the others."""
    return re.sub(r"\{(?:args|posargs)?:?([^{}]*)\}", lambda match: match[1] if ":" in match[0] else "", text)


DEFAULT_VALUE = r"""(?:"[^"]*"|'[^']*'|[^\s:"']+)"""
RECIPE = re.compile(
    rf"^@?(?P<names>[\w-]+(?:[ \t]+[*+$]?[\w-]+(?:={DEFAULT_VALUE})?)*)[ \t]*:(?!=)(?P<parts>[^=\n#]*)(?:#.*)?$"
)
"""The head of a recipe of just: its name, its parameters with their defaults, the recipes that come first."""
PARAMETER = re.compile(rf"[*+$]?([\w-]+)=({DEFAULT_VALUE})")
TARGET = re.compile(r"^(?P<names>@?[\w.-]+(?:[ \t]+[^:=\n]*)?)\s*:(?!=)(?P<parts>[^=\n#]*)(?:#.*)?$")


def read_targets(root: Path, name: str) -> Mapping[str, Script]:
    """Return the targets of a Makefile or a justfile."""
    names = ("GNUmakefile", "makefile", "Makefile") if name == "Makefile" else ("justfile", "Justfile", ".justfile")
    path = next((root / candidate for candidate in names if (root / candidate).is_file()), None)
    if path is None:
        return {}
    targets: dict[str, Script] = {}
    current: list[str] = []
    defaults: dict[str, str] = {}
    head = TARGET if name == "Makefile" else RECIPE
    text = path.read_text(encoding="utf-8", errors="replace").replace("\\\n", " ")
    variables = {key: value.strip().strip("\"'") for key, value in ASSIGNED.findall(text)}
    lines = text.splitlines()
    for line in lines:
        match = head.match(line)
        if line[:1] in {"\t", " "} and line.strip():
            command = _filled_recipe(line.strip().lstrip("@-+"), {**variables, **defaults})
            for target in current:
                script = targets[target]
                targets[target] = replace(script, text=f"{script.text}{command}\n")
        elif match:
            # A recipe of just has its parameters behind its name.
            defaults = {name: value.strip("\"'") for name, value in PARAMETER.findall(match["names"])}
            words = match["names"].lstrip("@").split()
            current = words if name == "Makefile" else words[:1]
            current = [word for word in current if not word.startswith(".")]
            parts = tuple(word for word in match["parts"].split() if re.fullmatch(r"[\w.-]+", word))
            for target in current:
                targets[target] = Script("", path.name, parts)
        elif line.strip() and not line.startswith("#"):
            current = []
    return targets


ASSIGNED = re.compile(r"(?m)^(?:export[ \t]+)?([\w-]+)[ \t]*(?:[:?]{0,3}=)[ \t]*([^#\n]*)")
"""A variable of a Makefile or a justfile."""
FIELD = re.compile(r"\{\{\s*([\w-]+)\s*\}\}|\$[({](\w+)[)}]")


def _filled_recipe(command: str, values: Mapping[str, str], depth: int = 0) -> str:
    """Return a command of a recipe with the values of its parameters and variables, without conditions."""

    def value(field: re.Match[str]) -> str:
        text = values.get(field[1] or field[2])
        return "$X" if text is None or depth >= MOST_STEPS else _filled_recipe(text, values, depth + 1)

    command = FIELD.sub(value, re.sub(r"\{\{\s*if\b.*?\}\}", "", command))
    return re.sub(r"\$\([^()]*\)|\{\{.*?\}\}", "$X", command)


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


def requirements_of(group: Sequence[ToxEnvironment]) -> Iterator[str]:
    """Yield the requirements of environments that differ in their Python alone, with markers where they differ."""
    lines = dict.fromkeys(line for environment in group for line in environment.requirements)
    counted = [environment for environment in group if environment.python] or list(group)
    for line in lines:
        having = [environment.python for environment in counted if line in environment.requirements]
        named = sorted({python.rstrip("t") for python in having if python}, key=_minor)
        if len(having) in {0, len(counted)} or line.startswith("-"):
            yield line
        else:
            marker = " or ".join(f'python_version == "{python}"' for python in named)
            requirement, _, condition = line.partition(";")
            yield f"{requirement.strip()} ; ({condition.strip()}) and ({marker})" if condition else f"{line} ; {marker}"


def _minor(python: str) -> int:
    return int(re.sub(r"\D", "", python.partition(".")[2]) or 0)


TOOLS_OF_CI = frozenset(
    (
        *("pip", "setuptools", "wheel", "build", "twine", "tox", "tox-uv", "tox-gh", "tox-gh-actions", "nox", "uv"),
        *("poetry", "pdm", "hatch", "flit", "pipx", "codecov", "coveralls", "pre-commit", "prek", "virtualenv"),
        *("flake8", "pycodestyle", "ruff", "black", "isort", "poethepoet", "taskipy", "pipenv"),
    )
)
"""What CI installs to do its own work, and no test needs."""


INSTALLER = re.compile(r"(?:poetry|pdm|pipenv|hatch)(?![\w-])", re.IGNORECASE)
"""A requirement that installs the others, in an environment of tox."""


def needs_installed(program: Program) -> Needs:
    """Return what a program installs into the environment that later commands run in."""
    name, args = program.name, program.args
    if name == "pip" and args[:1] == ("install",):
        return needs_of_pip(args[1:])
    if name == "uv" and args[:2] == ("pip", "install"):
        return needs_of_pip(args[2:])
    if name == "uv" and args[:1] == ("sync",):
        return needs_of_uv(args)
    if name == "poetry" and args[:1] == ("install",):
        groups = [part for word in words_after(args, "--with", "--only") for part in word.split(",")]
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
"""The name for all extras."""


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
        *(
            "-c",
            "--constraint",
            "--constraints",
            "-i",
            "--index-url",
            "--extra-index-url",
            "--index",
            "--default-index",
        ),
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


def needs_of_pip(args: Sequence[str]) -> Needs:
    """Return what the arguments of ``pip install`` install, without the project itself and what only CI needs."""
    needs = Needs()
    files, groups = words_after(args, "-r", "--requirement"), words_after(args, "--group")
    values = {place + 1 for place, word in enumerate(args) if word in OPTIONS_OF_PIP}
    plain = [word for place, word in enumerate(args) if not (word.startswith("-") or place in values or "$" in word)]
    # A file may be followed by requirements.
    named = [name for name in files if name.endswith((".txt", ".in", ".pip"))]
    for word in plain:
        extras = re.fullmatch(r"(?:\.|[\w.-]+)\s*\[([\w.,\s-]+)\]", word)
        if word in named:
            continue
        if extras and word.startswith("."):
            needs |= Needs(extras=tuple(part.strip() for part in extras[1].split(",")))
        elif not word.startswith(".") and "/" not in word and not word.endswith((".txt", ".whl", ".gz")):
            with contextlib.suppress(InvalidRequirement):
                requirement = Requirement(word)
                if canonicalize_name(requirement.name) not in TOOLS_OF_CI:
                    needs |= Needs(requirements=(str(requirement),))
    return needs | Needs(files=tuple(name for name in named if "$" not in name), groups=tuple(groups))


def variables_of(*tables: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return variables whose values are known, and that say something to a test."""
    merged = {name: value for table in tables for name, value in table.items()}
    return tuple((name, value) for name, value in merged.items() if "$" not in value and not OF_CI.match(name))


OF_CI = re.compile(
    r"(?:PIP_|UV_|TOX_|NOX|POETRY_|PDM_|HATCH_|\w*FORCE_COLOR|NO_COLOR|PY_COLORS|TERM$|COLUMNS$|CI$|GITHUB_|CODECOV|COVER)"
)
"""Variables that are about CI and installers."""


def is_session(function: ast.FunctionDef) -> bool:
    """Whether a function of a noxfile is a session."""
    called = (decorator.func if isinstance(decorator, ast.Call) else decorator for decorator in function.decorator_list)
    return any(ast.unparse(decorator) in {"nox.session", "session"} for decorator in called)


def _keywords(function: ast.FunctionDef) -> Mapping[str, ast.expr]:
    calls = (decorator for decorator in function.decorator_list if isinstance(decorator, ast.Call))
    return {str(keyword.arg): keyword.value for call in calls for keyword in call.keywords}


def _calls_in(function: ast.FunctionDef, helpers: Mapping[str, ast.FunctionDef]) -> Iterator[ast.Call]:
    """Yield the calls in a session, and those in the functions that it gives its session to."""
    uncalled = dict(helpers)
    for node in ast.walk(function):
        if not isinstance(node, ast.Call):
            continue
        yield node
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        takes_session = any(isinstance(argument, ast.Name) and argument.id == "session" for argument in node.args)
        if takes_session and name in uncalled:
            yield from _calls_in(uncalled.pop(name), uncalled)


def session_name(function: ast.FunctionDef) -> str:
    """Return the name of a session."""
    value = _keywords(function).get("name")
    return str(value.value) if isinstance(value, ast.Constant) else function.name


def pythons_of_session(function: ast.FunctionDef) -> tuple[str, ...]:
    """Return the Pythons that a session names, as far as they are literals."""
    value = _keywords(function).get("python")
    items = value.elts if isinstance(value, (ast.List, ast.Tuple)) else [value] if value else []
    texts = [item.value for item in items if isinstance(item, ast.Constant) and isinstance(item.value, str)]
    return tuple(text for text in texts if re.fullmatch(r"3\.\d+t?", text))


def literal_words(args: Iterable[ast.expr]) -> Iterator[str]:
    """Yield the arguments of a call that are texts; what is computed is left out, and ends an option before it."""
    for argument in args:
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            yield argument.value
        elif not isinstance(argument, ast.Starred):
            yield "$X"
        elif "dependency_groups" in ast.unparse(argument):
            call = argument.value
            names = call.args[1:] if isinstance(call, ast.Call) else []
            for node in names:
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield f"--group={node.value}"


@dataclass(frozen=True)
class PreCommitHook:
    """A hook of pre-commit.

    ``version``: that of its tool, from the revision of its repository; ``args``: None for those that the hook has
    itself; ``files`` and ``exclude``: patterns of paths.
    """

    name: str
    version: str | None = None
    args: tuple[str, ...] | None = None
    requirements: tuple[str, ...] = ()
    files: str = ""
    exclude: str = "^$"

    def takes(self, path: str) -> bool:
        """Whether it is run on a file; patterns that Python can't read match (pre-commit, "Filtering files")."""
        try:
            return bool(re.search(self.files, path)) and not re.search(self.exclude, path)
        except re.error:
            return True


def read_hooks(root: Path) -> tuple[PreCommitHook, ...]:
    """Return the hooks of pre-commit, none where it is not configured or its file can't be read."""
    try:
        settings = yaml.safe_load((root / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError):
        return ()
    repositories = settings.get("repos") if isinstance(settings, dict) else None
    return tuple(
        PreCommitHook(
            str(hook["id"]),
            _version_of(repository, root),
            tuple(map(str, as_list(hook["args"]))) if "args" in hook else None,
            tuple(map(str, as_list(hook.get("additional_dependencies")))),
            str(hook.get("files", "")),
            str(hook.get("exclude", "^$")),
        )
        for repository in as_list(repositories)
        if isinstance(repository, dict)
        for hook in as_list(repository.get("hooks"))
        if isinstance(hook, dict) and "id" in hook
    )


def _version_of(repository: Mapping[str, Any], root: Path) -> str | None:
    """Return the version that a repository is pinned to: its tag, or the comment behind a commit."""
    revision = str(repository.get("rev", ""))
    match = re.fullmatch(r"v?(\d+(?:\.\d+)+)", revision)
    if match is None and revision:
        text = (root / ".pre-commit-config.yaml").read_text(encoding="utf-8")
        match = re.search(rf"{re.escape(revision)}\S*\s*#.*?v?(\d+(?:\.\d+)+)", text)
    return match[1] if match else None


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
