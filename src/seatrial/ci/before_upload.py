"""What CI runs for a release tag before the upload, as far as its files say it plainly.

A rehearsal runs the nox sessions among it by their names, and nothing else: the rest is only listed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from seatrial.ci.commands import PUBLISHES, sessions_of
from seatrial.ci.condition import Answer, all_of, condition_holds
from seatrial.findings import printable
from seatrial.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from seatrial.ci.github import Job, Step, Workflow
    from seatrial.ci.publisher import Publishing


BUILD_SESSIONS = ("build", "check")
"""The sessions that make and check the distributions."""

LONGEST_COMMAND = 100
"""How many characters of a command are listed."""

OPENS = re.compile(r"(?:^|[;&|(]\s*)(?:if|for|while|until|case)\b|\{\s*$|^\(\s*$")
CLOSES = re.compile(r"(?:^|;\s*)(?:fi|done|esac)\b|^\}|^\)")
HEREDOC = re.compile(r"<<-?\s*['\"]?(\w+)")
"""What begins and ends a command of several lines."""

CONDITIONAL = re.compile(r"(?:if|for|while|until|case|test|function)\b|[!\[{(]")
"""How a command begins that runs others, if at all, under a condition of its own."""

PLAIN_CALL = re.compile(
    r"(?:(?:uv|pipx|poetry|pdm|hatch) run (?:--?[\w=.-]+ )*|uvx |python3? -m )?[\w./-]*\bnox(?: [\w.=,\[\]()'\"/-]+)+"
)
"""A command that runs nox and nothing else."""

BUILD_COMMAND = re.compile(
    r"\bpython3? -m (?:build|flit|poetry|hatch)\b|\bpyproject-build\b|\b(?:uv|hatch|flit|pdm|poetry|maturin) build\b"
    r"|\bsetup\.py (?:sdist|bdist_wheel)\b"
)
"""A command that builds distributions by other means than a session."""


@dataclass(frozen=True)
class Script:
    """The text that a step or a job runs, in a shell; ``runs``: whether it does for the tag.

    ``condition``: what decides that, as the file has it; several are a line each.
    """

    text: str
    runs: Answer = Answer.YES
    condition: str = ""


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
            if script.runs is Answer.NO:
                continue
            for command in _commands(script.text):
                is_known = script.runs is Answer.YES
                is_plain = is_known and "\n" not in command and not CONDITIONAL.match(command)
                named = tuple(sessions_of(command)) if is_plain else ()
                sessions.update(dict.fromkeys(named))
                if not (named and PLAIN_CALL.fullmatch(command)):
                    builds_otherwise = builds_otherwise or bool(BUILD_COMMAND.search(command))
                    not_run[_line(command, "" if is_known else script.condition)] = None
        return cls(tuple(sessions), tuple(not_run), builds_otherwise)

    @property
    def sessions_build(self) -> bool:
        """Whether a session makes the files: check builds, too, where nothing has been built."""
        return "build" in self.sessions or ("check" in self.sessions and not self.builds_otherwise)


def up_to_upload(text: str) -> str:
    """Return the text of the step that uploads, without what comes after the upload."""
    lines = text.splitlines()
    last = max((number for number, line in enumerate(lines) if PUBLISHES.search(line)), default=len(lines) - 1)
    return "\n".join(lines[: last + 1])


def _commands(text: str) -> Iterator[str]:
    """Yield the commands of a text: a line each, but for those that have several."""
    block: list[str] = []
    end, depth = "", 0
    for line in text.replace("\\\n", " ").splitlines():
        plain = line.strip()
        if not end and not depth and (not plain or plain.startswith("#")):
            continue
        block.append(plain)
        if end:
            end = "" if plain == end else end
        else:
            heredoc = HEREDOC.search(plain)
            end = heredoc[1] if heredoc else ""
            depth = max(0, depth + len(OPENS.findall(plain)) - len(CLOSES.findall(plain)))
        if not end and not depth:
            yield "\n".join(block) if block[1:] else " ".join(plain.split())
            block = []
    if block:
        yield "\n".join(block)


def _line(command: str, condition: str) -> str:
    """Return a line about a command: its first one, not too long."""
    first, _, more = redact(command).partition("\n")
    told = first if len(first) <= LONGEST_COMMAND else f"{first[: LONGEST_COMMAND - 1]}…"
    why = f"  (if: {redact(', and '.join(condition.splitlines()))[:LONGEST_COMMAND]})" if condition else ""
    return printable(f"{told}{' …' if more else ''}{why}")


DEEPEST = 10
"""How deep one workflow may call another; GitHub refuses more."""


def scripts_before_upload(publishing: Publishing) -> Iterator[Script]:
    """Yield what runs in the job that publishes and in those that it waits for, in the order of the file.

    Jobs that come after the upload, or that wait for nothing of it, are left out; so are steps after the upload.
    A workflow of the repository that a job calls is read, and that which calls the publishing one.
    """
    workflow, job = publishing.workflow, publishing.job
    if workflow is None or job is None:
        return
    context = context_of(publishing, workflow)
    for caller in publishing.workflows:
        if caller != workflow and publishing.tag and caller.listens_to(publishing.tag):
            for call in (one for one in caller.jobs if _is_call_of(one, workflow)):
                yield from _of_jobs(caller.up_to(call)[:-1], publishing, context)
    *before, _ = workflow.up_to(job)
    yield from _of_jobs(tuple(before), publishing, context)
    steps = job.steps
    last = max((number for number, step in enumerate(steps) if _uploads(step)), default=len(steps) - 1)
    upload = replace(steps[last], run=up_to_upload(steps[last].run))
    yield from _of_steps((*steps[:last], upload), _joined("", job.condition), context)


def context_of(publishing: Publishing, workflow: Workflow) -> dict[str, str]:
    """Return the values of ``github.*`` that the tag of a release decides, as far as they are known."""
    tag = publishing.tag
    known = {"repository_owner": publishing.owner, "repository": f"{publishing.owner}/{publishing.repository}"}
    known = known if publishing.owner else {}
    if workflow.chain.after and not workflow.listens_to(tag):
        return {**known, "event_name": "workflow_run"}
    event = "push"
    if not publishing.starts(workflow, tag):
        event = next((name for name in ("release", "workflow_dispatch") if name in workflow.events), "")
    ref = {"ref": f"refs/tags/{tag}", "ref_name": tag, "ref_type": "tag"} if tag else {}
    return {**known, **ref, **({"event_name": event} if event else {})}


def _is_call_of(job: Job, workflow: Workflow) -> bool:
    return job.call.startswith("./") and job.call.rpartition("/")[2] == workflow.name


def _uploads(step: Step) -> bool:
    return bool(PUBLISHES.search(step.run) or PUBLISHES.search(step.uses))


def _of_jobs(
    jobs: tuple[Job, ...], publishing: Publishing, context: Mapping[str, str], under: str = "", depth: int = 0
) -> Iterator[Script]:
    for job in jobs:
        condition = _joined(under, job.condition)
        if not job.call:
            yield from _of_steps(job.steps, condition, context)
            continue
        called = [one for one in publishing.workflows if _is_call_of(job, one)]
        for workflow in called if depth < DEEPEST else ():
            yield from _of_jobs(workflow.jobs, publishing, context, condition, depth + 1)
        if not called:
            yield Script(f"uses: {job.call}", _answer(condition, context), condition)


def _of_steps(steps: tuple[Step, ...], under: str, context: Mapping[str, str]) -> Iterator[Script]:
    for step in steps:
        condition = _joined(under, step.condition)
        if step.run:
            yield Script(step.run, _answer(condition, context), condition)


def _joined(first: str, second: str) -> str:
    """Return the conditions of a job and of a step in it, a line each."""
    # One that is written in several lines is one all the same.
    return "\n".join(one for one in (first, " ".join(second.split())) if one)


def _answer(conditions: str, context: Mapping[str, str]) -> Answer:
    return all_of(condition_holds(line, context) for line in conditions.splitlines())
