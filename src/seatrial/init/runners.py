"""How a project runs its tests, type checks, linters and documentation today, and where that is configured.

Everything becomes a `Runner`: a command, and what is installed for it. The files are read and nothing is run: workflows
of GitHub, tox, an existing noxfile, the scripts of hatch, PDM, poe and taskipy, Makefile, justfile and pre-commit. What
CI runs comes first, and where that is a target or a script, what the target runs.
"""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from seatrial.ci.expressions import Answer, Context, Partial, any_of, condition_holds
from seatrial.ci.github import Job, Workflow, WorkflowFiles
from seatrial.ci.job_commands import TOP, Folders, Program, expanded, programs_in, programs_of
from seatrial.ci.shell import ShellCommand
from seatrial.distributions.cache import existing_files
from seatrial.init.command_requirements import (
    TOOLS_OF_CI,
    Needs,
    needs_installed,
    needs_of_pip,
    needs_of_run,
    words_after,
)
from seatrial.init.tox import ToxEnvironment, as_list, minor_of, read_tox, requirements_of
from seatrial.project.config_files import read_module
from seatrial.project.nox_sessions import (
    assigned_once,
    calls_in,
    is_session,
    literal_words,
    pythons_of_session,
    run_without_arguments,
    session_name,
    variables_in,
)

if TYPE_CHECKING:
    from seatrial.project.project import Project


class Purpose(Enum):
    """What a command is for."""

    TESTS = "tests"
    TYPES = "types"
    LINT = "lint"
    DOCS = "docs"


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
    runners = [*reader.of_workflows(), *reader.of_tox(), *reader.of_noxfile(), *reader.of_targets()]
    unique: dict[tuple[Purpose, tuple[str, ...], str], Runner] = {}
    for runner in runners:
        unique.setdefault((runner.purpose, runner.command, runner.where), runner)
    return tuple(unique.values())


def first_runner(runners: Iterable[Runner], purpose: Purpose) -> Runner | None:
    """Return the runner that counts most for a purpose."""
    return next((runner for runner in runners if runner.purpose is purpose), None)


TEST_PROGRAMS = ("pytest", "py.test", "unittest", "nose2", "twisted.trial", "trial", "ward", "virtue", "doctest")
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
        module = dict(zip(program.args, program.args[1:])).get("-m", "")
        return PURPOSES.get(module, Purpose.TESTS) if program.args[:1] == ("run",) else None
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
    r"|cov-context|tb|showlocals|show-locals|parallel|log-cli-level|data-file|append|parallel-mode|cache-dir|junit-xml|python-version"
    r"|non-interactive|install-types|pretty|show-error-codes|no-color-output|instafail|capture|txt-report|html-report|cobertura-xml-report)(?:=.*)?"
)
"""Options about what is shown or reported, which a session leaves to its user, or sets itself."""
WITH_VALUE = re.compile(
    r"--(?:cov-report|junit-?xml|html|durations|color|basetemp|tb|log-cli-level|data-file|cache-dir|python-version"
    r"|txt-report|html-report|cobertura-xml-report)"
)
OTHER_TESTS = re.compile(
    r"downstream|integration|diff-?cov|bench|fuzz|plugin|smoke|stress|perf|mutation|nightly|wasm|emscripten|pyodide|conda|sample"
)
"""The names of environments, sessions and targets that test other things than the package itself."""

OF_NO_PATH = frozenset(
    (
        *("-n", "-k", "-m", "-p", "-o", "-W", "--numprocesses", "--maxfail", "--dist", "--timeout", "--concurrency"),
        *("--override-ini", "--package", "--module", "--pattern", "--import-mode", "--tb", "--durations"),
    )
)
"""Options whose value, the word behind them, is no path."""
TAKING_VALUE = OF_NO_PATH | {
    *("-c", "-s", "-t", "--cov", "--cov-config", "--config", "--config-file", "--rcfile", "--rootdir", "--ignore"),
    *("--deselect", "--source", "--omit", "--include", "--python-executable", "--start-directory", "--confcutdir"),
    *("--top-level-directory", "--ignore-glob"),
}
"""Options that say nothing without the word behind them."""


OF_PYTEST = TAKING_VALUE - {"-s", "-t"}
"""Those options for pytest, whose -s takes nothing."""


def positional(words: Sequence[str], taking: Collection[str] = OF_PYTEST) -> tuple[str, ...]:
    """Return the words that are neither options nor the values of options; ``taking``: the options with a value."""
    return tuple(word for place, word in enumerate(words) if is_positional(words, place, taking))


def is_positional(words: Sequence[str], place: int, taking: Collection[str] = OF_PYTEST) -> bool:
    """Whether the word at a place is neither an option nor the value of one."""
    return not words[place].startswith("-") and (place == 0 or words[place - 1] not in taking)


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
        # What is behind the module is for that: unittest has a -p of its own.
        own = words.index("-m") if "-m" in words else len(words)
        pairs = zip(words[:own], ("", *words))
        kept = (word for word, before in pairs if word not in COVERAGE_REPORTS and before != "--debug")
        words = (*kept, *words[own:])
        # Files of the source tree are those of a package.
        return ("coverage", *(re.sub(r"^--include=(?:src/)?(\w+)/\*.*", r"--source=\1", word) for word in words))
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
        option, sign, path = word.partition("=") if word.startswith("--") else ("", "", word)
        is_path = path and not path.startswith("-") and (root / folder / path.partition("::")[0]).exists()
        return f"{option}{sign}{posixpath.normpath(posixpath.join(folder, path))}" if is_path else word

    args = tuple(
        word if before in OF_NO_PATH else moved(word) for word, before in zip(program.args, ("", *program.args))
    )
    runner = next((name for name in ("pytest", "py.test", "unittest") if name in program.words), "")
    # Those of coverage come first.
    at = args.index(runner) + 1 if runner in args else 0
    if runner == "unittest":
        named = [word for word in positional(args[at:], TAKING_VALUE) if word != "discover"]
        if not named and not any(map(STARTS.match, args[at:])):
            others = (word for word in args[at:] if word != "discover")
            args = (*args[:at], "discover", "-s", folder, *others)
    elif runner and (root / folder).is_dir():
        # A path of the whole project or an installed package is named whatever the folder is.
        paths = (word.partition("::")[0] for word in positional(args[at:]))
        if not ("--pyargs" in args or any(path and (root / path).exists() for path in paths)):
            args = (*args, folder)
    return replace(program, args=args, script=moved(program.script) if program.script else None)


STARTS = re.compile(r"-s|--start-directory")
"""The option of ``unittest discover`` that names a folder."""


def for_change(condition: str | None, env: Mapping[str, str] | None = None) -> Answer:
    """Return whether an ``if`` holds for a change that is pushed or proposed; ``env``: the variables that are known."""
    contexts = (
        Context({"env": Partial(env or {}), "github": Partial({"event_name": event})})
        for event in ("push", "pull_request")
    )
    return any_of(condition_holds(condition, context) for context in contexts)


OF_THE_BUILD = frozenset(("setup.py", "noxfile.py", "tasks.py"))
"""The modules at the top of a project that no test imports."""


@dataclass(frozen=True)
class RunnerReader:
    """Reads the files of a project; ``top``: the work tree of its repository."""

    project: Project
    top: Path

    @property
    def _tool(self) -> Mapping[str, Any]:
        tools: Mapping[str, Any] = self.project.table.get("tool", {})
        return tools

    def imports(self, module: str) -> bool:
        """Whether a file, not of the build or the documentation, imports a module or runs it with ``-m``."""
        name = re.escape(module)
        pattern = rf"^\s*(?:import|from) {name}\b|\bimportorskip\([\"']{name}\b|[\"']-m[\"'], *[\"']{name}[\"']"
        return any(re.search(pattern, text, re.MULTILINE) for text in self._modules)

    @cached_property
    def _modules(self) -> tuple[str, ...]:
        paths = (path for path in existing_files(self.project.root) if path.suffix == ".py")
        named = (path for path in paths if len(path.parts) > 1 or path.name not in OF_THE_BUILD)
        read = (self.project.root / path for path in named if path.parts[0] not in {"docs", "doc"})
        return tuple(path.read_text(encoding="utf-8", errors="replace") for path in read)

    def of_workflows(self) -> Iterator[Runner]:
        """Yield what the workflows of GitHub run for a change, jobs with many Pythons first."""
        jobs = [
            (workflow, job)
            for workflow in WorkflowFiles.in_tree(self.top)
            if {"push", "pull_request", "workflow_call"} & set(workflow.events)
            and (workflow.folder is None or (self.top / workflow.folder).resolve() == self.project.root.resolve())
            for job in workflow.jobs
            if for_change(job.condition) is not Answer.NO
        ]
        for workflow, job in sorted(jobs, key=lambda pair: -len(pair[1].pythons)):
            yield from self._of_job(workflow, job)

    def _of_job(self, workflow: Workflow, job: Job) -> Iterator[Runner]:
        needs = Needs()
        runners: list[tuple[bool, Runner]] = []
        for step in job.steps:
            env = {**workflow.variables, **job.variables, **step.variables}
            literal = {name: value for name, value in env.items() if "$" not in value}
            runs = for_change(step.condition, literal)
            script = "" if runs is Answer.NO else expanded(step.run or "", literal)
            for program, folder in programs_with_folders(script, step.folder or TOP):
                needs |= self._installed_by(program)
                is_sure = runs is Answer.YES and program.command.is_plain
                assigned = dict(program.command.variables)
                context = Runner(
                    Purpose.TESTS,
                    (),
                    f"{workflow.path}, job {job.name}",
                    needs,
                    # Those for tests with a service name the one of CI.
                    () if job.has_services else variables_of(job.variables, step.variables, assigned),
                    job.pythons if len(job.pythons) > 1 else (),
                    folder=self._folder(folder),
                )
                runners += ((is_sure, runner) for runner in self.resolve(program, context))
        for _, runner in sorted(runners, key=lambda pair: not pair[0]):
            # Of the same command twice, that with a variable more is what it varies.
            same = [other for _, other in runners if (other.purpose, other.command) == (runner.purpose, runner.command)]
            yield min(same, key=lambda other: len(other.variables))

    def resolve(self, program: Program, context: Runner, depth: int = 0) -> Iterator[Runner]:
        """Yield what a program runs, itself or by the file that it reads; ``context``: where it is run."""
        program = placed(program, context.folder, self.project.root)
        purpose, command = purpose_of(program), session_command(program)
        if program.runner == "python" and self._is_of_tests(program.name):
            purpose, command = Purpose.TESTS, ("python", "-m", *(command or ()))
        if purpose is not None and command is not None:
            needs = context.needs | needs_of_run(program)
            yield replace(context, purpose=purpose, command=command, needs=needs, folder=TOP)
        elif depth < MOST_STEPS:
            for runner in self._named(program, context, depth + 1):
                yield replace(runner, pythons=runner.pythons or context.pythons)

    def _is_of_tests(self, module: str) -> bool:
        """Whether a module of the project runs its tests, as its name says."""
        tops = (self.project.root / top / module.partition(".")[0] for top in ("", "src"))
        return bool(OF_TESTS.fullmatch(module)) and any(top.is_dir() for top in tops)

    def _installed_by(self, program: Program, depth: int = 0) -> Needs:
        """Return what a program installs, itself or by the target or the script that it runs."""
        needs = needs_installed(program, self.imports)
        kind = {"make": "Makefile", "just": "justfile"}.get(program.name)
        texts = [self._scripts(kind)[word].text for word in program.args if word in self._scripts(kind)] if kind else []
        texts += filter(None, [_shell_script(self.project.root, program)])
        for inner in (inner for text in texts if depth < MOST_STEPS for inner in programs_in(text)):
            needs |= self._installed_by(inner, depth + 1)
        return needs

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
        named = {environment.python for environment in group if environment.python}
        pythons = tuple(sorted(named, key=lambda python: (minor_of(python), python)))
        ranks = {python: rank for rank, python in enumerate(pythons, 1) if not python.endswith("t")}
        newest = max(group, key=lambda environment: ranks.get(environment.python or "", 0))
        programs = [each for words in newest.commands for each in programs_of(ShellCommand(tuple(words)))]
        lines = [line for line in requirements_of(group) if not INSTALLER.match(line)]
        by_hand = ("tox", "-e", newest.name)
        for program in programs:
            is_own = purpose_of(program) is not None or program.runner == "poetry"
            if is_own or program.name not in {"tox", "nox"}:
                # A linter that runs next to the tests is none of their requirements, and may pin what they test.
                others = {each.name for each in programs} & TOOLS_OF_CI - {program.name}
                others = {name for name in others if not self.imports(name)}
                needed = (line for line in lines if re.split(r"[^\w.-]", line)[0].lower() not in others)
                needs = Needs.of_lines(needed) | Needs(extras=newest.extras, groups=newest.groups)
                where = Runner(
                    Purpose.TESTS,
                    (),
                    newest.where,
                    needs,
                    variables_of(dict(newest.variables)),
                    pythons,
                    by_hand,
                    newest.folder,
                )
                yield from self.resolve(program, where, depth=1)

    def of_noxfile(self, names: Sequence[str] = ()) -> Iterator[Runner]:
        """Yield what the sessions of the project's noxfile run; ``names``: those that are called."""
        tree = read_module(self.project.root / "noxfile.py")
        functions = [statement for statement in (tree.body if tree else ()) if isinstance(statement, ast.FunctionDef)]
        sessions = list(filter(is_session, functions))
        called = [function for function in sessions if any(name.startswith(session_name(function)) for name in names)]
        helpers = {function.name: function for function in functions if function not in sessions}
        for function in called or sessions:
            needs = Needs()
            parameters = {argument.arg for argument in function.args.args}
            of_module = assigned_once(tree.body if tree else ())
            expressions = {
                **{name: value for name, value in of_module.items() if name not in parameters},
                **assigned_once(run_without_arguments(function.body)),
            }
            for call in calls_in(function, helpers):
                if not isinstance(call.func, ast.Attribute):
                    continue
                words = tuple(literal_words(call.args, expressions))
                if call.func.attr == "install":
                    needs |= needs_of_pip(words, self.imports)
                elif call.func.attr in {"run", "run_always", "run_install"} and words:
                    for program in programs_of(ShellCommand(words)):
                        needs |= needs_installed(program, self.imports)
                        where = f"noxfile.py, session {session_name(function)}"
                        pythons = pythons_of_session(function, expressions)
                        by_hand = ("nox", "-s", session_name(function))
                        variables = variables_of(variables_in(call, expressions))
                        context = Runner(Purpose.TESTS, (), where, needs, variables, pythons, by_hand)
                        yield from self.resolve(program, context, depth=1)

    def of_targets(self) -> Iterator[Runner]:
        """Yield what the scripts in tables of hatch, PDM, poe and taskipy run, and the targets of just and make."""
        for kind in ("hatch", "pdm", "poe", "task", "pixi", "justfile", "Makefile"):
            for target in self._scripts(kind):
                yield from self._of_target(kind, target, Runner(Purpose.TESTS, (), ""), 1)

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
                needs |= needs_installed(program, self.imports)
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


OF_TESTS = re.compile(r"(?:\w+\.)*(?:run_?)?tests?(?:\.(?:run_?)?(?:tests?|all|main|__main__))?")
"""The names of modules that run a project's tests."""

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
    # A dollar sign of the shell is two in a Makefile.
    return re.sub(r"\$\([^()]*\)|\{\{.*?\}\}", "$X", command).replace("$$", "$")


INSTALLER = re.compile(r"(?:poetry|pdm|pipenv|hatch)(?![\w-])", re.IGNORECASE)
"""A requirement that installs the others, in an environment of tox."""


def variables_of(*tables: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return variables whose values are known, and that say something to a test."""
    merged = {name: value for table in tables for name, value in table.items()}
    return tuple((name, value) for name, value in merged.items() if "$" not in value and not OF_CI.match(name))


OF_CI = re.compile(
    r"(?:PIP_|UV_|VIRTUALENV_|TOX_|NOX|POETRY_|PDM_|HATCH_|\w*FORCE_COLOR|NO_COLOR|PY_COLORS|TERM$|COLUMNS$|CI$|GITHUB_|CODECOV|COVER)"
)
"""Variables that are about CI and installers."""
