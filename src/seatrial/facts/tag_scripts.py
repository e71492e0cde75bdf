"""The scripts that workflows of GitHub run when the tag of a release is pushed, up to the upload."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from seatrial.facts.answer import Answer, all_of
from seatrial.facts.before_upload import Script, up_to_upload
from seatrial.facts.condition import holds
from seatrial.facts.uploading import PUBLISHES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from seatrial.facts.publishing import Publishing
    from seatrial.facts.steps import Step
    from seatrial.facts.workflow import Job, Workflow

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
    return all_of(holds(line, context) for line in conditions.splitlines())
