"""What a tag starts, workflow by workflow: which jobs run, what they upload, where to, and as which publisher.

Everything is read from the files: nothing is run, and what they do not decide is unknown, with the reason.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seatrial.ci.evaluation import MERGE, Environment, Event, JobRun, every_run, started
from seatrial.ci.expressions import Answer, all_of, any_of
from seatrial.ci.gitlab import PIPELINE_FILE, TOKENS, Pipeline, PipelineJob, PipelineUpload
from seatrial.ci.job_uploads import (
    Index,
    Upload,
    doubts_about,
    fetched_artifacts,
    transfer_problems,
    uploaded_folder,
    uploads_of,
)
from seatrial.ci.publisher import STARTED_BY_HAND, Publisher, Publishing, mismatch_with_tag
from seatrial.errors import PipelineInvalid, printable
from seatrial.redaction import redact

if TYPE_CHECKING:
    from seatrial.ci.github import Workflow


@dataclass(frozen=True)
class UploadReport:
    """An upload of a job.

    ``starts``: whether it runs when its job does, and ``reason``: why not, or why that is not known; ``folder``: whose
    files it uploads, None where that is not known; ``artifacts``: those that the files come from; ``publisher``: whom
    the index sees, None for an upload without an identity token; ``attests``: whether the files get attestations;
    ``accepted``: whether the index takes the files from it, and ``rejection``: why not, or why that is not known.
    """

    index: Index
    address: str | None = None
    starts: Answer = Answer.YES
    reason: str | None = None
    folder: str | None = None
    artifacts: tuple[str, ...] = ()
    publisher: Publisher | None = None
    environment: Environment | None = None
    has_password: bool = False
    attests: bool = False
    accepted: Answer = Answer.YES
    rejection: str | None = None

    def __str__(self) -> str:
        """Return what it uploads, where to, and as whom."""
        condition = f" ({self.reason})" if self.reason else ""
        if self.starts is Answer.NO:
            return f"does not upload to {self.index.value}{condition}"
        verb = "uploads" if self.starts is Answer.YES else "may upload"
        files = f"{self.folder}/" if self.folder else "files"
        names = ", ".join(f"`{name}`" for name in self.artifacts)
        source = f" from artifact{'s' if len(self.artifacts) > 1 else ''} {names}" if names else ""
        address = (
            f" ({redact(' '.join(self.address.split()))})"
            if self.address and self.index in {Index.OTHER, Index.UNKNOWN}
            else ""
        )
        where = f"{verb} {files}{source} to {self.index.value}{address}"
        rejects = "rejects" if self.accepted is Answer.NO else "may reject"
        rejection = f", and the index {rejects} it: {self.rejection}" if self.rejection else ""
        attestations = "yes" if self.attests else "no"
        return f"{where} {self._credential}{condition}; attestations: {attestations}{rejection}"

    @property
    def _credential(self) -> str:
        if self.has_password:
            return "with a stored password"
        if self.publisher is None:
            return "without an identity token"
        publisher = self.publisher
        environment = f"environment {self.environment}" if self.environment else "no environment"
        return f"as publisher ({publisher.owner}, {publisher.repository}, {publisher.workflow}, {environment})"

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        publisher = self.publisher and {
            "owner": self.publisher.owner or None,
            "repository": self.publisher.repository or None,
            "workflow": self.publisher.workflow,
            "environment": self.environment and self.environment.name,
            "environment_text": self.environment and self.environment.text,
        }
        return {
            "index": self.index.value,
            "address": redact(self.address) if self.address else None,
            "starts": self.starts.value,
            "reason": self.reason,
            "folder": self.folder,
            "artifacts": list(self.artifacts),
            "publisher": publisher,
            "has_password": self.has_password,
            "attestations": self.attests,
            "accepted": self.accepted.value,
            "rejection": self.rejection,
        }


@dataclass(frozen=True)
class JobReport:
    """A job of a workflow that starts.

    ``path``: the jobs that call its workflow, and its own name; ``workflow``: the name of its file; ``call``: the
    workflow that it is; ``needs``: the jobs that it waits for; ``doubts``: what may upload unseen; ``problems``: why
    the files that it uploads do not reach it; ``is_manual``: whether it waits until somebody starts it.
    """

    path: tuple[str, ...]
    workflow: str
    starts: Answer = Answer.YES
    reason: str | None = None
    call: str | None = None
    needs: tuple[str, ...] = ()
    uploads: tuple[UploadReport, ...] = ()
    doubts: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    is_manual: bool = False

    def __str__(self) -> str:
        """Return whether it runs, what it waits for, and what it uploads."""
        verb = "run" if self.call is None else f"call {self.call}"
        certain = "runs" if self.call is None else f"calls {self.call}"
        verb = {Answer.YES: certain, Answer.NO: f"does not {verb}", Answer.UNKNOWN: f"may {verb}"}[self.starts]
        after = f" after {_listed(self.needs)}" if self.needs and self.starts is not Answer.NO else ""
        by_hand = " when somebody starts it" if self.is_manual and self.starts is not Answer.NO else ""
        reason = f" ({self.reason})" if self.reason else ""
        head = f"{' / '.join(self.path)} {verb}{after}{by_hand}{reason}"
        # What a job would do that does not run is no part of what the tag starts.
        if self.starts is Answer.NO:
            return head
        uploads = "; then ".join(map(str, self.uploads))
        doubts = ("it may upload" + ("" if doubt == f"calls {self.call}" else f": it {doubt}") for doubt in self.doubts)
        problems = (f"problem: {problem}" for problem in self.problems)
        return "; ".join((f"{head}, {uploads}" if uploads else head, *doubts, *problems))

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "job": self.path[-1],
            "callers": list(self.path[:-1]),
            "workflow": self.workflow,
            "starts": self.starts.value,
            "reason": self.reason,
            "calls": self.call,
            "needs": list(self.needs),
            "uploads": [upload.as_dict() for upload in self.uploads],
            "doubts": list(self.doubts),
            "problems": list(self.problems),
            "manual": self.is_manual,
        }


@dataclass(frozen=True)
class WorkflowReport:
    """A workflow, and what happens to it for a tag.

    ``event``: what starts it, None for nothing; ``how``: how it starts, or why it does not; ``jobs``: all of them;
    ``other_events``: what starts a workflow that uploads, in addition to what leads from the tag to it.
    """

    workflow: str
    event: str | None
    how: str
    jobs: tuple[JobReport, ...] = ()
    other_events: tuple[str, ...] = ()

    @property
    def starts_alone(self) -> bool:
        """Whether the push of the tag starts it, without a step by hand."""
        return self.event is not None and self.event not in STARTED_BY_HAND

    @property
    def uploads(self) -> bool:
        """Whether a job of it uploads, or may."""
        return any(job.uploads or job.doubts for job in self.jobs)

    @property
    def has_choice(self) -> bool:
        """Whether it uploads, or may, after a step by hand alone."""
        return any((job.uploads or job.doubts) and (job.is_manual or not self.starts_alone) for job in self.jobs)

    def __str__(self) -> str:
        """Return how it starts, and a line for each of its jobs."""
        others = [f"  also on {_listed(self.other_events)}"] if self.other_events else []
        return "\n".join((f"{self.workflow} {self.how}", *others, *(f"  {job}" for job in self.jobs)))

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        jobs, others = [job.as_dict() for job in self.jobs], list(self.other_events)
        return {"workflow": self.workflow, "event": self.event, "how": self.how, "other_events": others, "jobs": jobs}


@dataclass(frozen=True)
class TagReport:
    """What a tag starts: ``publishes``: whether it leads to an upload to PyPI without a step by hand."""

    tag: str
    workflows: tuple[WorkflowReport, ...]
    publishes: Answer = Answer.NO

    @classmethod
    def of(cls, publishing: Publishing, pipeline: Pipeline | None = None) -> TagReport:
        """Read it from the workflows of a project, and its pipeline of GitLab where it has one."""
        reports = [report for workflow in publishing.workflows for report in _reports_of(publishing, workflow)]
        reports += [_report_of_pipeline(publishing, pipeline)] if pipeline else []
        others = [file for file in publishing.others if file != PIPELINE_FILE or pipeline is None]
        reports += [WorkflowReport(file, None, "uploads; what starts it is not read") for file in others]
        answers = [
            all_of((job.starts, *_answers(job))) for report in reports if report.starts_alone for job in report.jobs
        ]
        return cls(publishing.known_tag, tuple(reports), any_of((*answers, *([Answer.UNKNOWN] if others else []))))

    @classmethod
    def at(cls, publishing: Publishing, top: Path) -> TagReport:
        """Read it with the pipeline of GitLab in a work tree."""
        path = top / PIPELINE_FILE
        if not path.is_file():
            return cls.of(publishing)
        try:
            return cls.of(
                publishing, Pipeline.of(path.read_text(encoding="utf-8", errors="replace"), publishing.known_tag)
            )
        except PipelineInvalid as error:
            report = cls.of(replace(publishing, others=tuple(set(publishing.others) - {PIPELINE_FILE})))
            unread = WorkflowReport(PIPELINE_FILE, None, f"is not read: {error.what}")
            return replace(report, workflows=(*report.workflows, unread))

    @property
    def about_uploads(self) -> TagReport:
        """The report without the workflows that upload nothing."""
        return replace(self, workflows=tuple(report for report in self.workflows if report.uploads))

    def __str__(self) -> str:
        """Return it as text: a line for each workflow and job, then whether the tag publishes."""
        lines = [f"  {line}" for report in self.workflows for line in str(report).splitlines()]
        lines = lines or ["  no workflow starts"]
        has_choice = any(report.has_choice for report in self.workflows)
        publishes = {
            Answer.YES: "the tag publishes to PyPI",
            Answer.NO: f"the tag {'alone ' if has_choice else ''}publishes nothing to PyPI",
            Answer.UNKNOWN: "whether the tag publishes to PyPI is unknown",
        }
        return printable("\n".join((f"on the tag {self.tag}:", *lines, publishes[self.publishes])))

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        workflows = [report.as_dict() for report in self.workflows]
        return {"tag": self.tag, "publishes": self.publishes.value, "workflows": workflows}


def _answers(job: JobReport) -> Iterator[Answer]:
    """Yield what decides whether a job that runs publishes on PyPI."""
    yield any_of(
        (
            *(all_of((upload.starts, upload.accepted)) for upload in job.uploads if upload.index is Index.PYPI),
            *(Answer.UNKNOWN for upload in job.uploads if upload.index is Index.UNKNOWN),
            *(Answer.UNKNOWN for _ in job.doubts),
        )
    )
    yield Answer.of(not job.problems and not job.is_manual)


def _reports_of(publishing: Publishing, workflow: Workflow) -> Iterator[WorkflowReport]:
    """Yield a workflow as the tag starts it, and as somebody can start it by hand where only that uploads."""
    if workflow.problem:
        yield WorkflowReport(workflow.name, None, f"is not read: {workflow.problem}")
        return
    uploads_alone = is_reported = False
    for event in publishing.events_for(workflow):
        is_by_hand = event is None or event in STARTED_BY_HAND
        jobs = () if event is None else tuple(_jobs_of(publishing, workflow, event))
        uploads = any(job.starts is not Answer.NO and (job.uploads or job.doubts) for job in jobs)
        if not is_by_hand or (uploads and not uploads_alone):
            others = tuple(_other_events(workflow, event)) if event and uploads and not is_reported else ()
            yield WorkflowReport(workflow.name, event, _how(publishing, workflow, event), jobs, others)
            uploads_alone, is_reported = uploads_alone or uploads, True
    if not is_reported:
        yield WorkflowReport(
            workflow.name, None, f"does not start: it {mismatch_with_tag(workflow, publishing.known_tag)}"
        )


def _other_events(workflow: Workflow, event: str) -> Iterator[str]:
    """Yield what starts a workflow apart from an event for a tag, in the words of GitHub."""
    for trigger in workflow.triggers:
        branches = f" to {_listed(trigger.branches)}" if trigger.branches else ""
        if trigger.event == "push" and event != MERGE:
            pushes_branches = trigger.branches or trigger.branches_ignored or not trigger.names_tags
            yield from [f"push{branches or ' to branches'}"] if pushes_branches else []
        elif trigger.event == event == "create":
            yield "new branches"
        elif trigger.event not in {event, "push"}:
            yield f"{trigger.event}{branches}"


def _how(publishing: Publishing, workflow: Workflow, event: str | None) -> str:
    if event == "workflow_run":
        trigger = workflow.trigger(event)
        return f"starts after {_listed(trigger.workflows if trigger else ())}, on the default branch"
    if event == MERGE:
        return f"starts with the merge into {workflow.merge_branch}, and makes the tag"
    if event not in STARTED_BY_HAND:
        return "starts"
    job = next((job for job in publishing.possible_jobs if job.entry == workflow), None)
    command = publishing.start_by_hand(job) if job else None
    how = "starts with a release on the forge" if event == "release" else "starts by hand"
    return f"{how}: {command}" if command and (command.command[1] == "release") is (event == "release") else how


def _jobs_of(publishing: Publishing, workflow: Workflow, event: str) -> Iterator[JobReport]:
    for run in every_run(started(workflow, Event(event, publishing.tag, publishing.home), publishing.workflows)):
        uploads = uploads_of(run)
        problems = transfer_problems(run) if uploads and run.starts is not Answer.NO else {}
        yield JobReport(
            path=(*(caller.name for caller in run.callers), run.name),
            workflow=run.workflow.name,
            starts=run.starts,
            reason=run.reason,
            call=posixpath.basename(str(run.job.call)) if run.inside else str(run.job.call) if run.job.call else None,
            needs=run.job.needs,
            uploads=tuple(_upload_report(publishing, run, upload) for upload in uploads),
            doubts=() if uploads else doubts_about(run),
            problems=tuple(problems),
        )


def _upload_report(publishing: Publishing, run: JobRun, upload: Upload) -> UploadReport:
    is_trusted = not upload.has_password and run.may_get_token and upload.index is not Index.OTHER
    publisher = Publisher(publishing.owner or "OWNER", publishing.repository or "REPOSITORY", run.workflow.name)
    attests = upload.attests and is_trusted
    folder = uploaded_folder(upload.step)
    accepted, rejection = _acceptance(run, upload, attests=attests)
    return UploadReport(
        index=upload.index,
        address=upload.address,
        starts=upload.starts,
        reason=upload.step.reason or ("a condition of its script" if upload.starts is not Answer.YES else None),
        folder=folder,
        artifacts=tuple(fetched_artifacts(run, folder)),
        publisher=publisher if is_trusted else None,
        environment=run.environment if is_trusted else None,
        has_password=upload.has_password,
        attests=attests,
        accepted=accepted,
        rejection=rejection,
    )


def _report_of_pipeline(publishing: Publishing, pipeline: Pipeline) -> WorkflowReport:
    verb = {Answer.YES: "starts", Answer.NO: "does not start", Answer.UNKNOWN: "may start"}[pipeline.starts]
    reason = "" if pipeline.starts is Answer.YES else ": its rules decide it"
    jobs = tuple(
        JobReport(
            path=(job.name,),
            workflow=PIPELINE_FILE,
            starts=all_of((pipeline.starts, job.starts)),
            reason=None if job.starts is Answer.YES else "by its rules",
            needs=job.needs or (),
            uploads=tuple(_upload_of_pipeline(publishing, job, upload) for upload in job.uploads),
            is_manual=job.is_manual,
        )
        for job in pipeline.jobs
        if pipeline.starts is not Answer.NO
    )
    return WorkflowReport(PIPELINE_FILE, None if pipeline.starts is Answer.NO else "push", f"{verb}{reason}", jobs)


def _upload_of_pipeline(publishing: Publishing, job: PipelineJob, upload: PipelineUpload) -> UploadReport:
    owner, repository = publishing.owner or "OWNER", publishing.repository or "REPOSITORY"
    # An address in a variable can be PyPI's or TestPyPI's.
    indexes = tuple(TOKENS) if upload.index is Index.UNKNOWN else (upload.index,) if upload.index in TOKENS else ()
    asks = bool(indexes) and not upload.has_password
    has_token = any_of(map(job.has_token, indexes)) if asks else Answer.YES
    is_trusted = asks and has_token is not Answer.NO
    variable, audience = TOKENS.get(upload.index, ("", ""))
    lacks = f"no {variable} with the aud {audience}"
    if job.asks is not Answer.YES:
        # A password can be in the variables of the project, which only GitLab knows.
        has_token, lacks = any_of((has_token, Answer.UNKNOWN)), "no id_tokens in the file itself"
    return UploadReport(
        index=upload.index,
        address=upload.address,
        publisher=Publisher(owner, repository, PIPELINE_FILE, forge="gitlab") if is_trusted else None,
        environment=Environment.of_gitlab(job.environment) if is_trusted else None,
        has_password=upload.has_password,
        attests=is_trusted and upload.attests,
        accepted=has_token,
        rejection=None if has_token is Answer.YES or not variable else f"the job has {lacks}",
    )


def _acceptance(run: JobRun, upload: Upload, *, attests: bool) -> tuple[Answer, str | None]:
    """Return whether the index takes the files, as far as workflows decide it, and why not."""
    if upload.index in {Index.PYPI, Index.TESTPYPI} and not upload.has_password and not run.may_get_token:
        caller = run.refused_by
        lacks = "the job lacks" if caller is None else f"{caller.name} does not grant"
        return Answer.NO, f"{lacks} id-token: write"
    if attests and run.callers:
        return Answer.NO, f"attestations name {run.entry.name}, and the job is in {run.workflow.name}"
    if attests and upload.step.actions:
        return Answer.UNKNOWN, f"attestations are not known to work within {upload.step.actions[0]}"
    return Answer.YES, None


def _listed(names: tuple[str, ...]) -> str:
    return " and ".join((", ".join(names[:-1]), names[-1])) if len(names) > 1 else "".join(names)
