"""Tries a proposal before it is written: in a copy of the project, its sessions and the project's own commands run.

What comes of it changes the proposal: a session that fails where the project's own command fails too stays out of the
release, and one that fails only with seatrial is left out. Nothing of the copy is kept.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Callable

from seatrial import process
from seatrial.errors import CommandFailed, SeatrialError, count_text, last_lines
from seatrial.events import EVENTS_VARIABLE, EventReader, Note, Progress
from seatrial.git.command import Git
from seatrial.git.scratch import Scratch, remove_scratch
from seatrial.init.command_requirements import Needs, completed
from seatrial.init.files import Proposal, format_files, noxfile_with_sessions, session_calls
from seatrial.init.runners import Purpose, Runner
from seatrial.init.sessions import FACE_FILES, OUT_OF_RELEASE, PlannedSession
from seatrial.init.tox import read_tox
from seatrial.installer import best_installer, create_environment, find_uv, install_requirements, python_of
from seatrial.project.nox_sessions import (
    COVERAGE_FOLDER,
    COVERAGE_SESSION,
    MEASURED_VARIABLE,
    SessionList,
    list_sessions,
)
from seatrial.project.requirements import read_requirements
from seatrial.project.settings import passed_variables
from seatrial.pythons import Interpreter, find_interpreters, path_with

if TYPE_CHECKING:
    from seatrial.init.detect import DetectedProject


DEFAULT_SECONDS = 900
"""How long a proposal is tried."""

LAST_LINES = 8
"""How many lines of the output of a command are shown that failed."""


@dataclass(frozen=True)
class Counts:
    """What a run of tests counted."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __str__(self) -> str:
        others = [f"{count} {name}" for name, count in (("failed", self.failed), ("skipped", self.skipped)) if count]
        return ", ".join([f"{self.passed} passed", *others])


@dataclass(frozen=True)
class Outcome:
    """What came of a command.

    ``is_done``: whether it succeeded; ``counts``: those of its tests; ``output``: what it printed.
    """

    is_done: bool
    counts: Counts | None = None
    output: str = ""

    @property
    def tail(self) -> str:
        """The last lines of its output, without what nox says of the session."""
        return last_lines(self.output.partition("\nnox > Command ")[0], LAST_LINES)


def joined(outcomes: Sequence[Outcome]) -> Outcome:
    """Return what came of several commands: their counts together, and what those printed that failed, or else all."""
    counts = [outcome.counts for outcome in outcomes if outcome.counts]
    total = Counts(*(sum(getattr(each, name) for each in counts) for name in ("passed", "failed", "skipped")))
    failed = [outcome.output for outcome in outcomes if not outcome.is_done]
    output = "\n".join(failed or [outcome.output for outcome in outcomes])
    return Outcome(not failed, total if counts else None, output)


@dataclass(frozen=True)
class TrialRow:
    """A line of the table at the end: ``sign``: done, failed, warning, skipped or unknown."""

    name: str
    sign: str
    detail: str


@dataclass
class TrialReport:
    """What came of a trial: rows of a table, remarks, and the sessions that are proposed now.

    ``request``: the option with the part or version that was rehearsed, None while no rehearsal has succeeded.
    """

    planned: tuple[PlannedSession, ...]
    request: tuple[str, str] | None = None
    rows: list[TrialRow] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def row(self, name: str, sign: str, detail: str = "") -> None:
        """Add a row."""
        self.rows.append(TrialRow(name, sign, detail))

    def demote(self, name: str, detail: str, remark: str) -> None:
        """Take a session that fails out of the release."""
        self.row(name, "failed", f"{detail}: not in the release")
        self.remarks.append(remark)
        self.planned = tuple(
            replace(session, tags=OUT_OF_RELEASE) if session.name == name else session for session in self.planned
        )

    def drop(self, name: str, detail: str, remark: str, sign: str = "failed") -> None:
        """Propose without a session."""
        self.row(name, sign, f"{detail}: not proposed")
        self.remarks.append(remark)
        self.planned = tuple(session for session in self.planned if session.name != name)


SUMMARY = re.compile(r"^=*\s*(?P<counts>(?:\d+ [a-z]+(?: [a-z]+)?(?:, )?)+|no tests ran) in \d[\d.]*s\b", re.MULTILINE)
UNITTEST = re.compile(r"^Ran (\d+) tests? in [\d.]+s\s+^(OK|PASSED|FAILED|NO TESTS RAN)(?: \((.*)\))?", re.MULTILINE)
"""What unittest prints, and trial of Twisted, which calls two words otherwise."""
TESTRUNNER = re.compile(
    r"^(?:Total:|  Ran) (\d+) tests(?:,| with) (\d+) failures?, (\d+) errors?(?:,| and) (\d+) skipped in", re.MULTILINE
)
"""What zope.testrunner prints for each layer, and for all of several."""
MYPY_ERRORS = re.compile(r"^Found (\d+) errors? in \d+ files?", re.MULTILINE)
TOTAL = re.compile(r"^TOTAL\b.*\s(\d[\d.]*%)", re.MULTILINE)
"""The total of a report of coverage."""
FAILED_TEST = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)


def count_tests(output: str) -> Counts | None:
    """Return what pytest, unittest, trial or zope.testrunner counted, from what it printed; None where none says it."""
    summaries = list(SUMMARY.finditer(output))
    if summaries:
        # With several runs, such as one for each part of the tests, all count.
        counts = Counts()
        for summary in summaries:
            numbers = {word: int(number) for number, word in re.findall(r"(\d+) ([a-z]+)", summary["counts"])}
            counts = Counts(
                counts.passed + numbers.get("passed", 0) + numbers.get("xpassed", 0),
                counts.failed + numbers.get("failed", 0) + numbers.get("errors", 0) + numbers.get("error", 0),
                counts.skipped + numbers.get("skipped", 0) + numbers.get("xfailed", 0),
            )
        return counts
    totals = list(TESTRUNNER.finditer(output))
    if totals:
        ran, failures, errors, skipped = map(int, totals[-1].groups())
        return Counts(ran - failures - errors - skipped, failures + errors, skipped)
    match = UNITTEST.search(output)
    if match is None:
        return None
    numbers = {word: int(number) for word, number in re.findall(r"([a-z][a-z ]*)=(\d+)", match[3] or "")}
    failed = numbers.get("failures", 0) + numbers.get("errors", 0)
    skipped = sum(
        number for word, number in numbers.items() if word.strip() in {"skipped", "skips", "expected failures"}
    )
    return Counts(int(match[1]) - failed - skipped, failed, skipped)


@dataclass(frozen=True)
class ProjectCopy:
    """A copy of the repository at ``root``, with the proposal committed; ``folder`` holds it, and what it needs."""

    folder: Path
    root: Path
    project: Path
    ends: float

    @property
    def seconds_left(self) -> float:
        """How long commands may still run."""
        return max(1.0, self.ends - time.monotonic())

    def run(self, args: tuple[str, ...], progress: Progress, env: Mapping[str, str]) -> Outcome:
        """Run a command in the project's folder. Raises `CommandFailed` when the time is over."""
        deadline = process.Deadline(self.seconds_left)
        done = process.run_streaming(args, cwd=self.project, env=env, say=progress.line, deadline=deadline)
        return Outcome(not done.returncode, count_tests(done.output), done.output)


@contextlib.contextmanager
def copy_project(detected: DetectedProject, proposal: Proposal, seconds: float) -> Iterator[ProjectCopy]:
    """Make a copy of the project as it is now, with the proposal in it, and remove it at the end.

    It has a remote of its own, so that a release can be rehearsed in it.
    """
    folder = Path(tempfile.mkdtemp(prefix="seatrial-init-")).resolve()
    try:
        repository = detected.repository
        root = folder / (repository.root.name or "project")
        if repository.commit:
            Scratch.make(repository, repository.commit, root)
        else:
            root.mkdir()
            Git(root).run("init", "--quiet", "--initial-branch=main")
        project = root / repository.prefix
        for path in detected.files:
            source, target = detected.project.root / path, project / path
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_symlink() or source.is_file():
                target.unlink(missing_ok=True)
                shutil.copy2(source, target, follow_symlinks=False)
            elif target.is_file():
                target.unlink()
        for file in proposal.files:
            target = root / file.path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.new.encode())
        noxfile = project / "noxfile.py"
        text = noxfile.read_text(encoding="utf-8")
        if "seatrial" not in text:
            noxfile.write_text(noxfile_with_sessions(text, session_calls(detected)), encoding="utf-8")
        _commit(root)
        yield ProjectCopy(folder, root, project, time.monotonic() + seconds)
    finally:
        remove_scratch(folder)


IDENTITY = (
    *("user.name=seatrial", "user.email=seatrial@localhost", "commit.gpgsign=false"),
    f"core.hooksPath={os.devnull}",
)


def _commit(root: Path) -> None:
    """Commit everything, and push it to a remote next to the copy."""
    git, remote = Git(root, IDENTITY), root.parent / "remote.git"
    git.run("add", "--all")
    git.run("commit", "--quiet", "--allow-empty", "--message", "Adopt seatrial")
    git.run("init", "--quiet", "--bare", str(remote))
    git.run("remote", "add", "origin", str(remote))
    git.run("push", "--quiet", "--set-upstream", "origin", "HEAD", "--tags")


def nox_environment(interpreters: Sequence[Interpreter], environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of nox: what chooses sessions is left out, and the Pythons are found."""
    env = {name: value for name, value in process.child_environment().items() if not name.startswith("NOX")}
    return {**env, "PATH": path_with(tuple(interpreters), environ), "NO_COLOR": "1"}


class ProposalTrial:
    """Tries a proposal in a copy of the project: each method is a step, and adds to the report."""

    def __init__(
        self,
        detected: DetectedProject,
        copy: ProjectCopy,
        planned: tuple[PlannedSession, ...],
        environ: Mapping[str, str],
    ) -> None:
        self.detected = detected
        self.copy = copy
        self.environ = environ
        self.report = TrialReport(planned)
        self.sessions = SessionList()
        tests = next((session for session in planned if session.name == "tests"), None)
        pythons = tuple(tests.pythons if tests else ()) or detected.project.pythons
        plain = [python for python in pythons if not python.endswith("t")]
        self.interpreter = next(iter(find_interpreters(tuple(reversed(plain)), environ)), None)
        self.env = nox_environment([self.interpreter] if self.interpreter else [], environ)

    def run(self, progress: Progress) -> TrialReport:
        """Take all steps, as far as they make sense and there is time."""
        with contextlib.suppress(_OutOfTime):
            if self.lists_sessions(progress) and self.builds(progress):
                self.tries_tests(progress)
                self.tries_types(progress)
                self.rehearses(progress)
        return self.report

    def lists_sessions(self, progress: Progress) -> bool:
        """Have nox load the noxfile."""
        with progress.step("sessions", "nox -l"):
            listing = list_sessions(self.copy.project)
        self.sessions = listing
        if listing.failure:
            self.report.row("sessions", "failed", "nox can't load the noxfile")
            self.report.remarks.append(f"nox can't load the proposed noxfile:\n{listing.failure}")
        return not listing.failure

    def builds(self, progress: Progress) -> bool:
        """Build and check the distributions."""
        outcome = self._nox(progress, "build", "sdist, and wheel from the sdist")
        if not outcome.is_done:
            self.report.row("build", "failed", "the package can't be built")
            self.report.remarks.append(f"the package can't be built:\n{outcome.tail}")
            return False
        self.report.row("build", "done")
        outcome = self._nox(progress, "check", "as the index would")
        self.report.row("check", "done" if outcome.is_done else "failed", "" if outcome.is_done else "see below")
        if not outcome.is_done:
            self.report.remarks.append(f"the distributions have faults, which stop a release:\n{outcome.tail}")
        return True

    def tries_tests(self, progress: Progress) -> None:
        """Run the tests on the newest installed Python, and as the project runs them."""
        sessions = [planned for planned in self.report.planned if planned.name == "tests"]
        if not sessions:
            return
        version = self.interpreter.version if self.interpreter else None
        if version is None:
            self.report.row("tests", "skipped", "none of the supported Pythons is installed")
            return
        outcomes = [
            self._nox(progress, f"{session.session}-{version}", " ".join(session.command or ("pytest",)))
            for session in sessions
        ]
        outcome = joined(outcomes)
        try:
            own, how = self._own_tests(progress, sessions)
        except _OutOfTime:
            self._judge_tests(outcome, None, "")
            raise
        self._judge_tests(outcome, own, how)
        if outcome.is_done and (self.copy.project / COVERAGE_FOLDER).is_dir() and self.sessions.has(COVERAGE_SESSION):
            self._judge_coverage(progress, version)

    def _own_tests(self, progress: Progress, sessions: Sequence[PlannedSession]) -> tuple[Outcome | None, str]:
        """Run the tests of all sessions as the project runs them; see `_own`."""
        own, how = self._own(progress, sessions[0], Purpose.TESTS)
        environments = {sessions[0].today.by_hand if sessions[0].today else None}
        for session in sessions[1:]:
            # An environment of tox runs all its commands at once.
            if own and session.today and session.today.by_hand not in environments:
                environments.add(session.today.by_hand)
                more, _ = self._own(progress, session, Purpose.TESTS)
                own = joined((own, more)) if more else None
        return own, how

    def _judge_coverage(self, progress: Progress, version: str) -> None:
        """Report what the tests have measured, as a release does: it stops below ``fail_under``."""
        env = {MEASURED_VARIABLE: COVERAGE_FOLDER}
        outcome = self._nox(progress, COVERAGE_SESSION, f"of the tests on Python {version}", env)
        match = TOTAL.search(outcome.output)
        total = [match[1]] if match else []
        if outcome.is_done:
            self.report.row("coverage", "done", *total)
            return
        self.report.row("coverage", "warning", ", ".join((*total, f"on Python {version} alone")))
        self.report.remarks.append(
            f"coverage report fails for Python {version} alone; a release runs it for all Pythons together, and stops "
            f"if it fails there:\n{outcome.tail}"
        )

    def _judge_tests(self, outcome: Outcome, own: Outcome | None, how: str) -> None:
        counts, compared = outcome.counts, own.counts if own else None
        detail = str(counts or ("they pass" if outcome.is_done else "they fail"))
        compared_text = "they fail too" if own and not own.is_done and not compared else str(compared or "")
        comparison = f" ({how}: {compared_text})" if compared_text else ""
        if outcome.is_done:
            hollow = counts and compared and is_hollow(counts, compared)
            self.report.row("tests", "warning" if hollow else "done", f"{detail}{comparison}")
            if hollow:
                self.report.remarks.append(
                    f"far fewer tests run than {with_tool(how)}: {counts}, and there {compared}; "
                    "an extra or a requirement may be missing"
                )
            return
        named = f"{names_text(FAILED_TEST.findall(outcome.output))}\n"
        if own is not None and own.is_done:
            remark = f"the tests pass {with_tool(how)} and fail with seatrial, so they are not proposed: "
            self.report.drop("tests", f"{detail}{comparison}", f"{remark}{named}{outcome.tail}")
            return
        why = f"they fail {with_tool(how)} too" if own is not None else "how they end without seatrial is unknown"
        remark = f"the tests fail, and {why}, so no release runs them: {named}{outcome.tail}"
        self.report.demote("tests", f"{detail}{comparison}", remark)

    def tries_types(self, progress: Progress) -> None:
        """Run mypy on the newest installed Python that it runs on; where it fails, as the project runs it."""
        session = next((planned for planned in self.report.planned if planned.name == "mypy"), None)
        if session is None:
            return
        pythons = session.pythons or ((self.interpreter.version,) if self.interpreter else ())
        interpreter = next(iter(find_interpreters(tuple(reversed(pythons)), self.environ)), None)
        if interpreter is None:
            self.report.row("mypy", "skipped", f"Python {', '.join(pythons)} is not installed")
            return
        self.env = nox_environment([each for each in (self.interpreter, interpreter) if each], self.environ)
        outcome = self._nox(progress, f"mypy-{interpreter.version}", " ".join(session.command or ("mypy",)))
        if outcome.is_done:
            self.report.row("mypy", "done", "0 errors")
            return
        match = MYPY_ERRORS.search(outcome.output)
        detail = count_text(int(match[1]), "error") if match else "it fails"
        if session.today is None:
            remark = "mypy fails, and no file of the project runs it, so it is not proposed"
            self.report.drop("mypy", detail, remark, sign="skipped")
            return
        own, how = self._own(progress, session, Purpose.TYPES)
        if own is not None and own.is_done:
            remark = f"mypy passes {with_tool(how)} and fails with seatrial, so it is not proposed:\n{outcome.tail}"
            self.report.drop("mypy", f"{detail} ({how}: 0 errors)", remark)
            return
        compared = f" ({how}: it fails too)" if own is not None else ""
        self.report.demote("mypy", f"{detail}{compared}", f"mypy fails, so no release runs it:\n{outcome.tail}")

    def rehearses(self, progress: Progress) -> None:
        """Rehearse a release of the copy, without its tests."""
        if self.detected.places is None:
            self.report.row("rehearse", "failed", "where the version is written is unknown")
            return
        command = (sys.executable, "-m", "seatrial", "rehearse", "--no-tests", "--anyway", "--allow-empty")
        first = part_to_release(self.detected)
        requests = [("--part", part) for part in dict.fromkeys((first, "patch", "minor", "major"))]
        while requests:
            request = requests.pop(0)
            about = f"a release ({request[1]}) of the copy"
            outcome = self._step(progress, "rehearse", about, partial(self._rehearsed, (*command, *request)))
            self.report.request = request if outcome.is_done else None
            requests = following_requests(requests, outcome) if request[0] == "--part" else []
        self.report.row(
            "rehearse", "done" if outcome.is_done else "failed", "ready" if outcome.is_done else "see below"
        )
        if not outcome.is_done:
            errors = "".join(ERRORS_OF_CHECKS.findall(outcome.output))
            cause = last_lines(errors, 2 * LAST_LINES) if errors else outcome.tail
            self.report.remarks.append(f"a rehearsal of the release fails:\n{cause}")

    def _rehearsed(self, command: tuple[str, ...], progress: Progress) -> Outcome:
        """Run a rehearsal, whose steps become those of ours."""
        # What a rehearsal remarks is for the one that the user runs.
        quiet = Progress(lambda event: None if isinstance(event, Note) else progress.emit(event), progress.path)
        reader, env = EventReader(quiet), {**self.env, EVENTS_VARIABLE: "1"}
        deadline = process.Deadline(self.copy.seconds_left)
        done = process.run_streaming(command, cwd=self.copy.project, env=env, say=reader, deadline=deadline)
        return Outcome(not done.returncode, output="\n".join(reader.output))

    def _nox(self, progress: Progress, session: str, about: str, env: Mapping[str, str] | None = None) -> Outcome:
        args = (*process.module_command("nox"), "-s", session)
        return self._step(progress, session, about, lambda step: self.copy.run(args, step, {**self.env, **(env or {})}))

    def _step(self, progress: Progress, name: str, about: str, run: Callable[[Progress], Outcome]) -> Outcome:
        """Return what came of a step, which fails with it; when the time is over, the trial ends."""
        outcome = Outcome(is_done=False)
        with contextlib.suppress(_StepFailed), progress.step(name, about) as step, _within_time(self.report):
            outcome = run(step)
            if not outcome.is_done:
                raise _StepFailed
        return outcome

    def _own(self, progress: Progress, session: PlannedSession, purpose: Purpose) -> tuple[Outcome | None, str]:
        """Run what the project runs today; return what came of it, None where it can't run, and its name in words."""
        runner = session.today or Runner(purpose, ("pytest",) if purpose is Purpose.TESTS else ("mypy",), "")
        tool = runner.by_hand[0] if runner.by_hand else ""
        args = self._args_by_hand(runner) if tool in {"tox", "nox"} else None
        how = tool if args else BY_HAND

        def run(step: Progress) -> Outcome:
            try:
                if args:
                    return self.copy.run(args, step, self.env)
                return self._in_environment(runner, session.needs, step)
            except SeatrialError as error:
                if getattr(error, "returncode", 0) == process.OUT_OF_TIME:
                    raise
                step.line(str(error))
                return Outcome(is_done=False)

        about = " ".join(args[args.index(tool) :] if args else runner.command)
        outcome = self._step(progress, f"{session.name}, {how}", about, run)
        return (outcome if purpose is not Purpose.TESTS or has_run_tests(outcome, how) else None), how

    def _args_by_hand(self, runner: Runner) -> tuple[str, ...] | None:
        """Return the command of tox or nox for the Python of the trial, None where it can't be run."""
        version = self.interpreter.version if self.interpreter else ""
        if runner.by_hand and runner.by_hand[0] == "nox":
            # One is enough where a session has parameters, or runs on several Pythons.
            name = self.sessions.on_python(runner.by_hand[-1], version)
            return (*process.module_command("nox"), "-s", name) if name else None
        every = read_tox(self.detected.project.root)
        variant = next((each.variant for each in every if each.name == (runner.by_hand or ("",))[-1]), ())
        environments = [each for each in every if each.where == runner.where and each.variant == variant]
        named = [environment.name for environment in environments if environment.python in {version, None}]
        uv = find_uv()
        if not named:
            return None
        name = min(named, key=lambda environment: version.replace(".", "") not in environment.replace(".", ""))
        if shutil.which("tox"):
            return ("tox", "run", "-e", name)
        # Runners named uv-venv-… are those of tox-uv, which a tox of uv does not have.
        texts = [self.detected.read(PurePosixPath(file)) or "" for file in ("tox.ini", "tox.toml", "pyproject.toml")]
        plugins = ("--with", "tox-uv") if any("uv-venv-" in text for text in texts) else ()
        return (uv, "tool", "run", *plugins, "tox", "run", "-e", name) if uv else None

    def _in_environment(self, runner: Runner, needs: Needs, progress: Progress) -> Outcome:
        """Run a command where the project is installed from its folder, as a developer has it."""
        project = self.detected.project
        environment = self.copy.folder / f"by-hand-{runner.purpose.value}"
        python = python_of(environment)
        installer = best_installer()
        create_environment(installer, environment, str(self.interpreter.path) if self.interpreter else sys.executable)
        needs, _ = completed(project, self.detected.files, needs, runner.command)
        extras = f"[{','.join(needs.extras)}]" if needs.extras else ""
        requirements = [*needs.requirements, *project.requirements(needs.groups or self._usual_groups())]
        requirements += [line for name in needs.files for line in read_requirements(project.root, name)]
        arguments = ("--editable", f"{self.copy.project}{extras}", *requirements)
        install_requirements(installer, python, arguments, cwd=self.copy.project)
        path = os.pathsep.join([str(python.parent), self.env["PATH"]])
        # The files of init are not there by hand, and can't be imported in this environment.
        ignored = " ".join(f"--ignore={name}" for name in FACE_FILES)
        own = {"PATH": path, "VIRTUAL_ENV": str(environment), "PYTEST_ADDOPTS": ignored}
        # All is installed, so the tests get none of the credentials for it. tox and nox install by themselves.
        secrets = process.secrets_removed(passed_variables(project.table))
        inherited = {name: value for name, value in self.env.items() if name not in secrets}
        env = {**inherited, **dict(runner.variables), **own}
        program = shutil.which(runner.command[0], path=str(python.parent))
        if program is None:
            raise CommandFailed(runner.command[0], 127, "it is not installed")
        return self.copy.run((program, *runner.command[1:]), progress, env)

    def _usual_groups(self) -> tuple[str, ...]:
        group = self.detected.project.group("test", "tests", "dev")
        return (group,) if group else ()


def part_to_release(detected: DetectedProject) -> str:
    """Return the part to raise: ``auto`` where the files have a version already that is newer than all tags."""
    version = detected.places.version if detected.places else None
    is_ahead = version is not None and detected.released is not None and version > detected.released
    return "auto" if is_ahead else "patch"


def following_requests(requests: list[tuple[str, str]], outcome: Outcome) -> list[tuple[str, str]]:
    """Return what to rehearse after a rehearsal that came to ``outcome``; ``requests``: the parts that are left.

    Where the index is ahead of the tags, that is the version which the rehearsal names.
    """
    match = None if outcome.is_done else VERSION_IS_OUT.search(outcome.output)
    if match is None:
        return []
    return [("--version", match["version"])] if match["version"] else requests


VERSION_IS_OUT = re.compile(r"TagTaken|PartTooSmall|INDEX011.*?--version (?P<version>[^\s;]+)", re.DOTALL)
ERRORS_OF_CHECKS = re.compile(
    r"^ *error +[A-Z]+\d+ .*?(?=^ *(?:(?:error|warning) +[A-Z]+\d+ |\d+ passed\b)|\Z)", re.MULTILINE | re.DOTALL
)
"""The findings that stop a release, as a release prints them."""

MOST_NAMES = 5
"""How many tests that failed are named."""


def names_text(names: Iterable[str]) -> str:
    """Return the first names, each once, and how many there are more."""
    names = tuple(dict.fromkeys(names))
    more = [f"{len(names) - MOST_NAMES} more"] if len(names) > MOST_NAMES else []
    return ", ".join((*names[:MOST_NAMES], *more))


BY_HAND = "by hand"
"""How a command runs that no tool of the project runs: where the project is installed from its folder."""


def has_run_tests(outcome: Outcome, how: str) -> bool:
    """Whether the tests ran in a project's own way: tox and nox may have failed before, and print what they did."""
    return outcome.is_done or outcome.counts is not None or (how == BY_HAND and bool(outcome.output))


def with_tool(how: str) -> str:
    """Return how a command runs, in a sentence."""
    return how if how == BY_HAND else f"with {how}"


class _StepFailed(Exception):
    """A step failed, and the trial goes on."""


class _OutOfTime(Exception):
    """The time of the trial is over."""


@contextlib.contextmanager
def _within_time(report: TrialReport) -> Iterator[None]:
    """End the trial when its time is over."""
    try:
        yield
    except CommandFailed as error:
        if error.returncode != process.OUT_OF_TIME:
            raise
        report.remarks.append(f"{error.args_shown} was ended because the time of the trial was over: try it by hand")
        raise _OutOfTime from None


def is_hollow(counts: Counts, compared: Counts) -> bool:
    """Whether far fewer tests run than in another run: a tenth less, and more than one."""
    missing = compared.passed - counts.passed
    return missing > max(1, compared.passed // 10)


def try_proposal(
    detected: DetectedProject,
    planned: tuple[PlannedSession, ...],
    propose: Callable[[tuple[PlannedSession, ...]], Proposal],
    progress: Progress,
    environ: Mapping[str, str],
    *,
    seconds: float = DEFAULT_SECONDS,
) -> tuple[Proposal, TrialReport]:
    """Try a proposal; return what is proposed now, and what came of the trial.

    ``planned``: the sessions to try; ``propose``: returns the proposal with some sessions.
    """
    proposal = propose(planned)
    with copy_project(detected, proposal, seconds) as copy:
        report = ProposalTrial(detected, copy, planned, environ).run(progress)
        if report.planned != planned:
            proposal = propose(report.planned)
        with contextlib.suppress(SeatrialError):
            proposal = format_files(detected, proposal, copy, progress, environ)
    return proposal, report
