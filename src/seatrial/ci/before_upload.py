"""What CI runs for a release tag before the upload, as far as its files say it plainly.

A rehearsal runs the nox sessions among it by their names, and nothing else: the rest is only listed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from seatrial.ci.commands import builds, changes_folder, is_nox_alone, programs_of, sessions_named, upload_of
from seatrial.ci.expressions import Answer, all_of
from seatrial.ci.shell import read_script
from seatrial.ci.uploads import is_shell
from seatrial.findings import printable
from seatrial.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from seatrial.ci.commands import Program
    from seatrial.ci.evaluation import JobRun, StepRun
    from seatrial.ci.publisher import PublishingJob
    from seatrial.ci.shell import Statement


BUILD_SESSIONS = ("build", "check")
"""The sessions that make and check the distributions."""

LONGEST_COMMAND = 100
"""How many characters of a command are listed."""


@dataclass(frozen=True)
class Script:
    """The text that a step or a job runs, in a shell; ``runs``: whether it does for the tag, ``condition``: if what.

    ``is_here``: whether it runs in the folder of the project.
    """

    text: str
    runs: Answer = Answer.YES
    condition: str | None = None
    is_here: bool = True


@dataclass(frozen=True)
class BeforeUpload:
    """``sessions``: those of nox that CI calls by name, in order; ``not_run``: its other commands, a line for each.

    ``builds_otherwise``: whether one of these builds distributions.
    """

    sessions: tuple[str, ...] = ()
    not_run: tuple[str, ...] = ()
    builds_otherwise: bool = False

    @classmethod
    def of(cls, scripts: Iterable[Script]) -> BeforeUpload:
        """Read the scripts in the order in which CI runs them, the last one up to its upload."""
        sessions: dict[str, None] = {}
        not_run: dict[str, None] = {}
        builds_otherwise = False
        for script in scripts:
            is_here = script.is_here
            for statement in read_script(script.text) if script.runs is not Answer.NO else ():
                is_here = is_here and not any(map(changes_folder, _programs(statement)))
                named = _sessions(statement) if script.runs is Answer.YES and is_here else ()
                sessions.update(dict.fromkeys(named))
                if not (named and _is_nox_alone(statement)):
                    builds_otherwise = builds_otherwise or any(map(builds, _programs(statement)))
                    condition = None if script.runs is Answer.YES else script.condition
                    not_run[_line(statement.text, condition)] = None
        return cls(tuple(sessions), tuple(not_run), builds_otherwise)

    @property
    def sessions_build(self) -> bool:
        """Whether a session makes the files: check builds, too, where nothing has been built."""
        return "build" in self.sessions or ("check" in self.sessions and not self.builds_otherwise)


def _sessions(statement: Statement) -> tuple[str, ...]:
    """Return the sessions of the commands of a statement that run whatever happens."""
    plain = (command for command in statement.commands if command.is_plain and command.runs is Answer.YES)
    return tuple(
        session for command in plain for program in programs_of(command) for session in sessions_named(program)
    )


def _programs(statement: Statement) -> Iterator[Program]:
    return (program for command in statement.commands for program in programs_of(command))


def _is_nox_alone(statement: Statement) -> bool:
    is_alone = len(statement.commands) == 1 and not statement.commands[0].files
    return is_alone and all(map(is_nox_alone, _programs(statement)))


def up_to_upload(text: str) -> str:
    """Return the text of the step that uploads, without what comes after the upload."""
    statements = read_script(text)
    last = max((place for place, statement in enumerate(statements) if uploads(statement)), default=len(statements) - 1)
    return "\n".join(statement.text for statement in statements[: last + 1])


def uploads(statement: Statement) -> bool:
    """Whether a command of a statement uploads."""
    return any(upload_of(program, {}) for program in _programs(statement))


def _line(command: str, condition: str | None) -> str:
    """Return a line about a command: its first one, not too long."""
    first, _, more = redact(command.replace("\\\n", " ")).partition("\n")
    first = " ".join(first.split())
    text = first if len(first) <= LONGEST_COMMAND else f"{first[: LONGEST_COMMAND - 1]}…"
    reason = f"  ({redact(condition)[:LONGEST_COMMAND]})" if condition else ""
    return printable(f"{text}{' …' if more else ''}{reason}")


def scripts_before_upload(job: PublishingJob, folder: str | None = None) -> Iterator[Script]:
    """Yield what runs in the job that publishes and in those that it waits for, in the order of the files.

    Jobs that come after the upload, or that wait for nothing of it, are left out; so are steps after the upload.
    ``folder``: that of the project, None for the top of the repository.
    """
    for run in job.run.before:
        yield from _of_job(run, run.steps, folder)
        if run.job.call and not run.inside:
            yield Script(f"uses: {run.job.call}", run.starts, run.reason)
    steps = job.run.steps
    uploading = [upload.step for upload in job.uploads]
    last = max((place for place, step in enumerate(steps) if step in uploading), default=None)
    if last is None:
        yield from _of_job(job.run, steps, folder)
        return
    yield from _of_job(job.run, steps[:last], folder)
    upload = steps[last]
    if upload.step.run:
        cut = replace(upload.step, run=up_to_upload(upload.step.run))
        yield from _of_job(job.run, (replace(upload, step=cut),), folder)


def _of_job(run: JobRun, steps: Iterable[StepRun], folder: str | None) -> Iterator[Script]:
    for step in steps:
        reasons = " and ".join(text for text in (run.reason, step.reason) if text)
        is_here = run.workflow.folder_of(run.job, step.step) == folder
        text = step.step.run if is_shell(step.step) else f"a script of {step.step.shell}"
        if step.step.run and text:
            yield Script(text, all_of((run.starts, step.starts)), reasons or None, is_here=is_here)
