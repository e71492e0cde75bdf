"""What CI runs for a release tag before the upload, as far as its files say it plainly.

A rehearsal runs the nox sessions among it by their names, and nothing else: the rest is only listed.

What a checkout of the project has to fetch besides the commit itself: submodules, and files in Git LFS.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.ci.expressions import Answer, all_of
from seatrial.ci.job_commands import TOP, Folders, Program, builds, programs_in, programs_of, upload_of
from seatrial.ci.shell import Statement, read_script
from seatrial.errors import printable
from seatrial.git.command import Git
from seatrial.project.nox_sessions import NoxCall
from seatrial.redaction import redact

if TYPE_CHECKING:
    from seatrial.ci.evaluation import JobRun, StepRun
    from seatrial.ci.publisher import Publishing, PublishingJob


BUILD_SESSIONS = ("build", "check")
"""The sessions that make and check the distributions."""

LONGEST_COMMAND = 100
"""How many characters of a command are listed."""


@dataclass(frozen=True)
class Script:
    """The text that a step or a job runs, in a shell; ``runs``: whether it does for the tag, ``condition``: if what.

    ``folder``: where it begins, None where that is not known; ``place``: the file and the job that it is in.
    """

    text: str
    runs: Answer = Answer.YES
    condition: str | None = None
    folder: str | None = TOP
    place: str = ""


@dataclass(frozen=True)
class BeforeUpload:
    """``calls``: those of nox with sessions that CI names, in order; ``not_run``: its other commands, a line for each.

    ``builds_otherwise``: whether one of these builds distributions; ``places``: the file and the job of each of these.
    """

    calls: tuple[NoxCall, ...] = ()
    not_run: tuple[str, ...] = ()
    builds_otherwise: bool = False
    places: tuple[str, ...] = ()

    @classmethod
    def of(cls, scripts: Iterable[Script], folder: str = TOP) -> BeforeUpload:
        """Read the scripts in the order in which CI runs them, the last one up to its upload.

        ``folder``: that of the project.
        """
        calls: list[NoxCall] = []
        not_run: dict[str, str] = {}
        builds_otherwise = False
        for script in scripts:
            folders = Folders.from_text(script.folder)
            for statement in read_script(script.text) if script.runs is not Answer.NO else ():
                programs = [
                    (program, folders.of(program)) for command in statement.commands for program in programs_of(command)
                ]
                here = [program for program, place in programs if place == folder]
                runs = (
                    [call for program in here for call in _certain_call(program)] if script.runs is Answer.YES else []
                )
                calls += runs
                # A rehearsal runs all that such a call of nox does.
                is_plain = not any(program.command.files or "$" in "".join(program.args) for program, _ in programs)
                if not (runs and len(programs) == 1 and is_plain):
                    builds_otherwise = builds_otherwise or any(builds(program) for program, _ in programs)
                    condition = None if script.runs is Answer.YES else script.condition
                    not_run.setdefault(_line(statement.text, condition), script.place)
        return cls(_merged(calls), tuple(not_run), builds_otherwise, tuple(not_run.values()))

    @property
    def sessions(self) -> tuple[str, ...]:
        """The sessions of all calls, in order."""
        return tuple(dict.fromkeys(session for call in self.calls for session in call.sessions))

    @property
    def sessions_build(self) -> bool:
        """Whether a session makes the files: check builds, too, where nothing has been built."""
        return "build" in self.sessions or ("check" in self.sessions and not self.builds_otherwise)


def _certain_call(program: Program) -> Iterator[NoxCall]:
    """Yield the call of nox that a program is, with the sessions that are known; nothing for one that may not run."""
    call = NoxCall.of(program.args) if program.name == "nox" else None
    if call is not None and program.command.is_plain and program.command.runs is Answer.YES and not call.has_variables:
        sessions = tuple(session for session in call.sessions if "$" not in session)
        yield from [replace(call, sessions=sessions)] if sessions else []


def _merged(calls: Iterable[NoxCall]) -> tuple[NoxCall, ...]:
    """Return calls without the sessions that an earlier one runs the same way; calls alike in a row become one."""
    merged: list[NoxCall] = []
    for call in calls:
        same_calls = [other for other in merged if replace(other, sessions=call.sessions) == call]
        earlier = {session for other in same_calls for session in other.sessions}
        sessions = tuple(session for session in call.sessions if session not in earlier)
        if sessions and same_calls and same_calls[-1] is merged[-1]:
            merged[-1] = replace(call, sessions=(*merged[-1].sessions, *sessions))
        elif sessions:
            merged.append(replace(call, sessions=sessions))
    return tuple(merged)


def up_to_upload(text: str) -> str:
    """Return the text of the step that uploads, without what comes after the upload."""
    statements = read_script(text)
    last = max((place for place, statement in enumerate(statements) if uploads(statement)), default=len(statements) - 1)
    return "\n".join(statement.text for statement in statements[: last + 1])


def uploads(statement: Statement) -> bool:
    """Whether a command of a statement uploads."""
    return any(upload_of(program, {}) for command in statement.commands for program in programs_of(command))


def _line(command: str, condition: str | None) -> str:
    """Return a line about a command: its first one, not too long."""
    first, _, more = redact(command.replace("\\\n", " ")).partition("\n")
    first = " ".join(first.split())
    text = first if len(first) <= LONGEST_COMMAND else f"{first[: LONGEST_COMMAND - 1]}…"
    reason = f"  ({redact(condition)[:LONGEST_COMMAND]})" if condition else ""
    return printable(f"{text}{' …' if more else ''}{reason}")


def scripts_before_upload(job: PublishingJob) -> Iterator[Script]:
    """Yield what runs in the job that publishes and in those that it waits for, in the order of the files.

    Jobs that come after the upload, or that wait for nothing of it, are left out; so are steps after the upload.
    """
    for run in job.run.before:
        yield from _of_job(run, run.steps)
        if run.job.call and not run.inside:
            yield Script(f"uses: {run.job.call}", run.starts, run.reason, place=_place(run))
    steps = job.run.steps
    uploading = [upload.step for upload in job.uploads]
    last = max((place for place, step in enumerate(steps) if step in uploading), default=None)
    if last is None:
        yield from _of_job(job.run, steps)
        return
    yield from _of_job(job.run, steps[:last])
    upload = steps[last]
    if upload.step.run:
        cut = replace(upload.step, run=up_to_upload(upload.step.run))
        yield from _of_job(job.run, (replace(upload, step=cut),))


def build_without_session(publishing: Publishing) -> str | None:
    """Return what makes the files of CI identical to the verified ones, None where CI does it or does not publish."""
    job = publishing.job
    if job is None or BeforeUpload.of(scripts_before_upload(job), publishing.folder).sessions_build:
        return None
    return otherwise_built(job.workflow.name)


def otherwise_built(file: str) -> str:
    """Return what makes the files of CI identical to the verified ones; ``file``: what CI builds by."""
    return f"{file} builds without nox -s build, with which the files would be identical"


def _of_job(run: JobRun, steps: Iterable[StepRun]) -> Iterator[Script]:
    for step in steps:
        reasons = " and ".join(text for text in (run.reason, step.reason) if text)
        if step.step.run:
            text = step.step.run if step.step.has_shell else f"a script of {step.step.shell}"
            yield Script(text, all_of((run.starts, step.starts)), reasons or None, step.step.folder or TOP, _place(run))


def _place(run: JobRun) -> str:
    return f"{run.workflow.name}, job {run.name}"


CHECKOUT_ACTION = "actions/checkout"
ATTRIBUTES = ".gitattributes"
LFS_ATTRIBUTE = re.compile(r"^[^#\n]*\sfilter=lfs\b", re.MULTILINE)


@dataclass(frozen=True)
class CheckoutNeeds:
    """What a checkout has to fetch.

    ``lfs``: whether git keeps pointers in place of some files; ``submodules``: the paths of the submodules, those of
    submodules included; ``absent``: those whose files are not in the work tree that was read; ``unnamed``: repositories
    in the repository that ``.gitmodules`` does not name; ``unpushed``: submodules at a commit that their remote lacked
    when it was fetched last.
    """

    lfs: bool = False
    submodules: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    unnamed: tuple[str, ...] = ()
    unpushed: tuple[str, ...] = ()

    @classmethod
    def in_tree(cls, top: Path, checkout: Path | None = None) -> CheckoutNeeds:
        """Read them from a work tree; ``checkout``: that of the user, whose submodules have their remotes."""
        submodules = tuple(_submodules(top, ""))
        absent = tuple(path for path in submodules if not any((top / path).glob("*")))
        entries = [entry.partition("\t") for entry in Git(top).line("ls-files", "-z", "--stage").split("\0")]
        links = (name for stage, _, name in entries if stage.startswith("160000 "))
        unnamed = tuple(path for path in links if path not in submodules)
        present = (path for path in submodules if checkout and path not in absent)
        unpushed = tuple(path for path in present if checkout and _is_unpushed(top / path, checkout / path))
        return cls(_names_lfs(top, (name for _, _, name in entries)), submodules, absent, unnamed, unpushed)

    def lacking(self, run: JobRun) -> tuple[str, ...]:
        """Return the inputs of ``actions/checkout`` that a job needs and does not have."""
        steps = [step for step in run.steps if step.step.uses_action(CHECKOUT_ACTION)]
        commands = {program.words[:2] for step in run.steps for program in programs_in(step.step.run or "")}
        lacking = []
        if self.lfs and ("git", "lfs") not in commands:
            lacking += ["lfs"] if any((step.input("lfs") or "false") == "false" for step in steps) else []
        if self.submodules and ("git", "submodule") not in commands:
            lacking += ["submodules"] if any((step.input("submodules") or "false") == "false" for step in steps) else []
        return tuple(lacking)


def _submodules(folder: Path, prefix: str) -> Iterator[str]:
    """Yield the paths of the submodules of a work tree, and of theirs, as the top of it has them."""
    if not (folder / ".gitmodules").is_file():
        return
    listed = Git(folder).attempt("config", "--file", ".gitmodules", "-z", "--get-regexp", r"^submodule\..*\.path$")
    for entry in listed.output.split("\0"):
        path = entry.partition("\n")[2]
        if path:
            yield f"{prefix}{path}"
            yield from _submodules(folder / path, f"{prefix}{path}/")


def _is_unpushed(submodule: Path, checkout: Path) -> bool:
    """Whether no branch and no tag of a remote has the commit of a submodule, as far as ``checkout`` knows them."""
    git = Git(checkout)
    is_known = (checkout / ".git").exists() and git.line("rev-parse", "--is-shallow-repository") == "false"
    if not is_known or not git.line("for-each-ref", "--count=1", "refs/remotes"):
        return False
    commit = Git(submodule).line("rev-parse", "HEAD")
    return not git.line("for-each-ref", "--count=1", f"--contains={commit}", "refs/remotes", "refs/tags")


def tracks_lfs(top: Path) -> bool:
    """Whether git keeps pointers in place of some files (Git LFS), which a checkout has to fetch."""
    return _names_lfs(top, Git(top).line("ls-files", "-z", "--", f":(glob)**/{ATTRIBUTES}").split("\0"))


def _names_lfs(top: Path, names: Iterable[str]) -> bool:
    """Whether the files of attributes among the names say so."""
    paths = (top / name for name in names if name.rpartition("/")[2] == ATTRIBUTES)
    return any(
        LFS_ATTRIBUTE.search(path.read_text(encoding="utf-8", errors="replace")) for path in paths if path.is_file()
    )
