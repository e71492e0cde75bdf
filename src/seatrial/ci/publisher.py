"""Who publishes a project, and when: its trusted publisher, read from the remote and the workflows.

PyPI, "Trusted publishers"; the claims are those of the identity tokens of GitHub and GitLab.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.ci.before_upload import CheckoutNeeds
from seatrial.ci.evaluation import MERGE, Environment, Event, JobRun, every_run, started
from seatrial.ci.expressions import Answer, all_of, any_of
from seatrial.ci.github import WORKFLOWS_FOLDER, Trigger, Workflow, WorkflowFiles, read_yaml
from seatrial.ci.gitlab import PIPELINE_FILE
from seatrial.ci.job_commands import TOP, programs_in, upload_of
from seatrial.ci.job_uploads import Index, Upload, doubts_about, uploads_of
from seatrial.git.repository import Repository, owner_and_name
from seatrial.project.config_files import table_at
from seatrial.project.nox_sessions import SessionList

if TYPE_CHECKING:
    from seatrial.findings import Finding
    from seatrial.project.project import Project


REQUIRED = {
    "github": (
        *("repository", "repository_owner", "repository_owner_id", "job_workflow_ref"),
        *("jti", "event_name", "ref", "sha"),
    ),
    "gitlab": ("sub", "project_path", "ci_config_ref_uri", "jti", "ref_path", "sha"),
}
"""The claims that PyPI wants to find in every token (its ``oidc/models/github.py`` and ``gitlab.py``)."""

WORKFLOW_IN_CLAIM = re.compile(r"[^/]+\.(?:yml|yaml)(?=@)")
PIPELINE_IN_CLAIM = re.compile(r"(?<=//).+[^/]\.(?:yml|yaml)(?=@)")

NOT_FOUND = "Publisher with matching claims was not found"


@dataclass(frozen=True)
class Publisher:
    """A workflow of a repository.

    ``workflow`` is the name of its file, at GitLab its path; ``environment`` that of the job which publishes, None
    for none; ``forge``: ``github`` or ``gitlab``.
    """

    owner: str
    repository: str
    workflow: str
    environment: str | None = None
    forge: str = "github"

    def __str__(self) -> str:
        """Return the four values as they are asked for on the index's page."""
        environment = self.environment or "(none)"
        return f"owner {self.owner}, repository {self.repository}, workflow {self.workflow}, environment {environment}"

    def registered_as(self, overrides: Mapping[str, str]) -> Publisher:
        """Return the publisher that the index has, where a project registered another; no environment is ``""``."""
        return replace(
            self,
            owner=overrides.get("owner", self.owner),
            repository=overrides.get("repository", self.repository),
            workflow=overrides.get("workflow", self.workflow),
            environment=overrides.get("environment", self.environment) or None,
        )

    @property
    def home(self) -> str:
        """The path of the repository on its forge."""
        return f"{self.owner}/{self.repository}"

    def mismatch(self, claims: Mapping[str, object]) -> str | None:
        """Return why claims are not those of this publisher, in PyPI's words; None if they are.

        Owner and repository may be written in capitals or not, as a remote's address may; the name of a workflow file
        may not, nor the environment of GitLab. A publisher without an environment takes every environment.
        """
        present = {name: str(value) for name, value in claims.items() if value is not None}
        missing = next((name for name in REQUIRED[self.forge] if name not in present), None)
        if missing is not None:
            return f"Missing claim {missing!r}"
        return self._mismatch_of_gitlab(present) if self.forge == "gitlab" else self._mismatch_of_github(present)

    def _mismatch_of_github(self, claims: Mapping[str, str]) -> str | None:
        file = WORKFLOW_IN_CLAIM.search(claims["job_workflow_ref"])
        if not file:
            return "Could not job extract workflow filename from OIDC claims"
        is_there = file[0] == self.workflow and (
            self.environment is None or self.environment.lower() == claims.get("environment", "").lower()
        )
        if claims["repository"].lower() != self.home.lower() or not is_there:
            return NOT_FOUND
        home = f"{claims['repository']}/.github/workflows/{self.workflow}"
        expected = sorted({f"{home}@{claims[name]}" for name in ("ref", "sha") if claims[name]})
        if claims["job_workflow_ref"] not in expected:
            actual = claims["job_workflow_ref"]
            return f"The job_workflow_ref claim does not match, expecting one of {expected!r}, got {actual!r}"
        if claims["event_name"] == "pull_request_target":
            return "Publishing from a workflow invoked via 'pull_request_target' is not supported."
        return None

    def _mismatch_of_gitlab(self, claims: Mapping[str, str]) -> str | None:
        file = PIPELINE_IN_CLAIM.search(claims["ci_config_ref_uri"])
        if not file:
            return "Could not extract workflow filename from OIDC claims"
        is_there = file[0] == self.workflow and self.environment in (None, claims.get("environment"))
        if claims["project_path"].lower() != self.home.lower() or not is_there:
            return NOT_FOUND
        home = f"gitlab.com/{claims['project_path']}//{self.workflow}"
        expected = sorted(f"{home}@{claims[name]}" for name in ("ref_path", "sha"))
        if claims["ci_config_ref_uri"] not in expected:
            actual = claims["ci_config_ref_uri"]
            return f"The ci_config_ref_uri claim does not match, expecting one of {expected!r}, got {actual!r}"
        return None


DEFAULT_ENVIRONMENT = "pypi"
"""The environment that is assumed of a job that publishes."""

OTHER_CI_FILES = (PIPELINE_FILE, ".circleci/config.yml", ".woodpecker.yml", "azure-pipelines.yml", ".travis.yml")
"""The files of other CI services, of which no more is read than whether they upload."""

REPOSITORY_LABELS = ("repository", "source", "source code", "code", "homepage", "github")
"""The labels of ``[project.urls]`` that can lead to the repository (PyPA, "Well-known Project URLs in Metadata")."""

STARTED_BY_HAND = ("release", "workflow_dispatch")
"""The events by which somebody starts a workflow for a tag that was pushed."""

MADE_BY_COMMAND = frozenset(("created", "published", "released"))
"""The types of the event ``release`` that ``gh release create`` leads to."""

TYPES_OF_NEW_RELEASE = MADE_BY_COMMAND | {"prereleased"}
"""The types to which a release that is new can lead."""


@dataclass(frozen=True)
class PublishingJob:
    """A job that uploads to PyPI, or may.

    ``event``: what leads from the tag to its workflow, None where nothing does; ``uploads``: those to PyPI or to an
    unknown index; ``doubts``: what may upload unseen, where no upload is known.
    """

    run: JobRun
    event: str | None
    uploads: tuple[Upload, ...] = ()
    doubts: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its name."""
        return self.run.name

    @property
    def workflow(self) -> Workflow:
        """The workflow in whose file it is written: the one that an index compares."""
        return self.run.workflow

    @property
    def entry(self) -> Workflow:
        """The workflow that an event starts: its own, or one that calls it."""
        return self.run.entry

    @property
    def environment(self) -> Environment | None:
        """Its environment, None for none."""
        return self.run.environment

    @property
    def publishes(self) -> Answer:
        """Whether it uploads to PyPI when it runs."""
        if any(upload.index is Index.PYPI for upload in self.uploads):
            return Answer.YES
        return Answer.UNKNOWN if self.uploads or self.doubts else Answer.NO

    @property
    def doubt(self) -> str:
        """Why it is not known whether it uploads to PyPI."""
        addresses = [upload.address or "an index with a name of its own" for upload in self.uploads]
        return f"it {', '.join(self.doubts or [f'uploads to {address}' for address in addresses])}"

    @property
    def is_started_by_tag(self) -> bool:
        """Whether the push of the tag starts its workflow, without a step by hand."""
        return self.event is not None and self.event not in STARTED_BY_HAND

    @property
    def starts(self) -> Answer:
        """Whether it runs and uploads when the event has started its workflow."""
        if self.event is None:
            return Answer.NO
        steps = any_of(upload.starts for upload in self.uploads) if self.uploads else Answer.YES
        return all_of((self.run.starts, steps))

    @property
    def reason(self) -> str | None:
        """What decides that it does not start, or that this is not known; None where it starts."""
        if self.run.starts is not Answer.YES or self.starts is Answer.YES:
            return self.run.reason
        return next((upload.step.reason for upload in self.uploads if upload.step.reason), "a condition of its script")

    @property
    def has_password(self) -> bool:
        """Whether one of its uploads has a stored password or a token."""
        return any(upload.has_password for upload in self.uploads)

    @property
    def may_get_token(self) -> bool:
        """Whether it may ask for an identity token."""
        return self.run.may_get_token

    @property
    def attests(self) -> bool:
        """Whether what it uploads has attestations (PEP 740), which only a trusted publisher can make."""
        return self.may_get_token and not self.has_password and any(upload.attests for upload in self.uploads)


@dataclass(frozen=True)
class StartByHand:
    """The command that starts a workflow for a tag; ``inputs``: the names of what has to be given with it."""

    command: tuple[str, ...]
    inputs: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the command, with a place for each input."""
        return " ".join((*self.command, *(f"-f {name}=…" for name in self.inputs)))


@dataclass(frozen=True)
class Publishing:
    """Who publishes a project, and how.

    ``owner`` and ``repository``: as the forge names them, None where neither a remote nor a URL leads to one;
    ``workflows``: all that the commit has, but for those of other packages; ``tag``: that of a release, None where
    none is known; ``overrides``: what ``[tool.seatrial.publisher]`` says is registered; ``others``: the files of other
    CI services that upload; ``folder``: that of the project.
    """

    owner: str | None = None
    repository: str | None = None
    workflows: WorkflowFiles = field(default_factory=WorkflowFiles)
    overrides: Mapping[str, str] = field(default_factory=dict)
    others: tuple[str, ...] = ()
    tag: str | None = None
    folder: str = TOP

    @classmethod
    def of(
        cls, repository: Repository, project: Project, top: Path, overrides: Mapping[str, str], tag: str | None = None
    ) -> Publishing:
        """Read it from the user's repository, and from a work tree of the commit: ``top``, with ``project`` in it.

        The remote is the user's, whose name is that of the repository on the forge.
        """
        owner, name = next(_home_pages(repository, project), (None, None))
        own = WorkflowFiles.in_tree(top).chosen(lambda workflow: not is_of_another(workflow, top, repository.prefix))
        others = tuple(file for file in OTHER_CI_FILES if _uploads(top / file))
        return cls(owner, name, own, overrides, others, tag, repository.prefix.rstrip("/") or TOP)

    @property
    def home(self) -> str | None:
        """The path of the repository on its forge, None where that is not known."""
        return f"{self.owner}/{self.repository}" if self.owner else None

    @property
    def known_tag(self) -> str:
        """The tag. Raises `ValueError` where none is known."""
        if self.tag is None:
            raise ValueError("no tag is known")
        return self.tag

    @functools.cached_property
    def possible_jobs(self) -> tuple[PublishingJob, ...]:
        """Every job that uploads to PyPI, or may: with the event that starts it, the tag's own before others."""
        jobs: list[PublishingJob] = []
        # Of the events of a job, those that start it come first, then those of which that is not known.
        order = (Answer.YES, Answer.UNKNOWN, Answer.NO)
        for workflow in self.workflows:
            by_place: dict[tuple[str, ...], list[PublishingJob]] = {}
            for event in self.events_for(workflow):
                for job in self._jobs_after(workflow, event):
                    place = (*(caller.name for caller in job.run.callers), job.workflow.name, job.name)
                    by_place.setdefault(place, []).append(job)
            jobs += [min(choices, key=lambda job: order.index(job.starts)) for choices in by_place.values()]
        called = {job.workflow.name for job in jobs if job.run.callers}
        return tuple(job for job in jobs if job.event or job.run.callers or job.workflow.name not in called)

    def _jobs_after(self, workflow: Workflow, event: str | None) -> Iterator[PublishingJob]:
        for run in every_run(started(workflow, Event(event, self.tag, self.home), self.workflows)):
            uploads = tuple(upload for upload in uploads_of(run) if upload.may_publish)
            job = PublishingJob(run, event, uploads, () if uploads else doubts_about(run))
            if job.publishes is not Answer.NO:
                yield job

    def events_for(self, workflow: Workflow) -> tuple[str | None, ...]:
        """Return the events that lead from the tag to a workflow: by its push, then by hand; None where none does.

        Where a workflow makes the tag itself, it is the merge that leads to both.
        """
        push, follows, tag = workflow.trigger("push"), workflow.trigger("workflow_run"), self.tag
        is_pushed = push is not None and (push.matches_tag(tag) if tag else push.names_tags)
        is_chained = tag is not None and any(
            workflow.follows(other, tag) for other in self.workflows if follows and other.listens_to(tag)
        )
        # Where it names tags, whoever wrote it means a tag to start it, or the release that is made of one.
        by_hand = STARTED_BY_HAND if push is None or not push.names_tags else STARTED_BY_HAND[:1] if is_pushed else ()
        events = [
            *(["push"] if is_pushed else []),
            *([MERGE] if workflow.merge_branch else []),
            *(["create"] if workflow.trigger("create") else []),
            *(["workflow_run"] if is_chained else []),
            *(event for event in by_hand if _starts_by_hand(workflow.trigger(event))),
        ]
        return tuple(events) or (None,)

    @functools.cached_property
    def uploads(self) -> tuple[tuple[JobRun, Upload], ...]:
        """Every upload of a workflow, to whatever index, with its job."""
        runs = [
            run
            for workflow in self.workflows
            for run in every_run(started(workflow, Event(self.events_for(workflow)[0], self.tag), self.workflows))
        ]
        return tuple((run, upload) for run in runs for upload in uploads_of(run))

    @property
    def jobs(self) -> tuple[PublishingJob, ...]:
        """The jobs that publish the release: those that the tag starts, else those that somebody can start."""
        ranks = [_rank(job) for job in self.possible_jobs if job.publishes is Answer.YES]
        return tuple(job for job in self.possible_jobs if job.publishes is Answer.YES and _rank(job) == min(ranks))

    @property
    def job(self) -> PublishingJob | None:
        """The job that publishes: of several, the one that is registered, or else one of the usual environment."""
        jobs = self.jobs or self.possible_jobs
        registered = [job for job in self.possible_jobs if job.workflow.name == self.overrides.get("workflow")]
        jobs = tuple(job for job in registered if job.publishes is Answer.YES) or jobs
        jobs = tuple(job for job in jobs if job.entry == jobs[0].entry)
        usual = self.overrides.get("environment", DEFAULT_ENVIRONMENT)
        named = [job for job in jobs if job.environment and job.environment.name == usual]
        return (*jobs, *named)[-1] if jobs else None

    @property
    def workflow(self) -> Workflow | None:
        """The workflow that publishes."""
        return self.job.workflow if self.job else None

    def start_by_hand(self, job: PublishingJob) -> StartByHand | None:
        """Return the command that has a job publish the tag, None where there is none that is sure to do it."""
        if self.tag is None:
            return None
        for event in STARTED_BY_HAND:
            trigger = job.entry.trigger(event)
            jobs = self._jobs_after(job.entry, event) if trigger else iter(())
            starts = any(
                other.starts is Answer.YES for other in jobs if (other.workflow, other.name) == (job.workflow, job.name)
            )
            if trigger and starts and event == "release" and _starts_by_hand(trigger, MADE_BY_COMMAND):
                return StartByHand(("gh", "release", "create", self.tag, "--verify-tag", "--generate-notes"))
            if trigger and starts and event != "release":
                command = ("gh", "workflow", "run", job.entry.name, "--ref", self.tag)
                return StartByHand(command, tuple(trigger.inputs))
        return None


def _unlike_run_before(trigger: Trigger, tag: str) -> str:
    """Return why a tag starts none of the runs after which a workflow starts."""
    if trigger.branches:
        return f" on {', '.join(trigger.branches)}, which {tag} is not"
    if trigger.branches_ignored:
        return f", but not on {', '.join(trigger.branches_ignored)}, which {tag} is"
    return f", and {tag} starts none of them"


def mismatch_with_tag(workflow: Workflow, tag: str) -> str:
    """Return what a workflow does instead of starting for a tag: the name of its file goes before it."""
    push = workflow.trigger("push")
    if push and push.tags:
        return f"listens to {', '.join(push.tags)}, which {tag} is not"
    if push and push.tags_ignored:
        return f"ignores {', '.join(push.tags_ignored)}, which {tag} is"
    if after := workflow.trigger("workflow_run"):
        return f"starts after {titles_before(workflow)}{_unlike_run_before(after, tag)}"
    release = workflow.trigger("release")
    if release:
        types = "created" if _starts_by_hand(release) else " or ".join(release.types)
        return f"starts when a release is {types} on the forge, not when {tag} is pushed"
    if workflow.events == ("workflow_call",):
        return "starts when another workflow calls it, not on a tag"
    return f"starts on {', '.join(workflow.events) or 'nothing'}, not on a tag"


def titles_before(workflow: Workflow) -> str:
    """Return the titles of the workflows after which one starts."""
    trigger = workflow.trigger("workflow_run")
    return ", ".join(trigger.workflows) if trigger else ""


def _starts_by_hand(trigger: Trigger | None, types: frozenset[str] = TYPES_OF_NEW_RELEASE) -> bool:
    """Whether somebody can start a workflow by it: by hand, or with a release of one of these types."""
    return trigger is not None and (trigger.event != "release" or not trigger.types or bool(types & {*trigger.types}))


def _rank(job: PublishingJob) -> tuple[bool, bool, bool]:
    """Order jobs: those that the tag starts, of workflows that name tags, come first."""
    push = job.entry.trigger("push")
    return job.starts is Answer.NO, not job.is_started_by_tag, push is None or not push.names_tags


def files_that_publish(root: Path, tag: str) -> tuple[str, ...]:
    """Return the files of CI in a work tree that publish, or may, when a tag is pushed."""
    jobs = Publishing(workflows=WorkflowFiles.in_tree(root), tag=tag).possible_jobs
    paths = [job.entry.path for job in jobs if job.is_started_by_tag and job.starts is not Answer.NO]
    return (*dict.fromkeys(sorted(paths)), *([PIPELINE_FILE] if _uploads(root / PIPELINE_FILE) else []))


def file_that_tags(root: Path) -> str | None:
    """Return the workflow in a work tree that tags a release itself when it is merged, None for none."""
    return next((workflow.path for workflow in WorkflowFiles.in_tree(root) if workflow.merge_branch), None)


def is_of_another(workflow: Workflow, top: Path, prefix: str) -> bool:
    """Whether a workflow runs in the folder of another package of the repository."""
    folder = workflow.folder
    return folder not in {None, TOP, prefix.rstrip("/")} and (top / str(folder) / "pyproject.toml").is_file()


def _uploads(path: Path) -> bool:
    """Whether a file of another CI service has a command that uploads, or names PyPI as what it deploys to."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    table, _ = read_yaml(text)
    # Of a file that can't be read, each line may be a command.
    texts = list(_texts(table)) if table else re.split(r"[\n\[\],]+(?:\s*- )?", text)
    return "pypi" in texts or any(upload_of(program, {}) for script in texts for program in programs_in(script))


def _texts(value: object) -> Iterator[str]:
    """Yield the texts in a value, each that is in several places once."""
    pending, visited = [value], set()
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, (dict, list)) and id(item) not in visited:
            visited.add(id(item))
            pending += item.values() if isinstance(item, dict) else item


def _home_pages(repository: Repository, project: Project) -> Iterator[tuple[str, str]]:
    urls = table_at(project.table.get("project", {}), "urls")
    linked = [str(url) for usual in REPOSITORY_LABELS for label, url in urls.items() if label.lower() == usual]
    yield from filter(None, map(owner_and_name, (*repository.forge_addresses, *linked)))


@dataclass(frozen=True)
class CiFacts:
    """What is known of CI when a tag is pushed.

    ``tag``: its name, None where that is not known; ``publishing``: who publishes then; ``listing``: the sessions that
    workflows can name; ``by_pipeline``: whether the tag starts the job of GitLab that publishes, None where no such
    pipeline was read; ``checkout``: what a checkout has to fetch; ``drifted``: the generated files that are not what
    they should be, and why; ``fixes``: for these; ``obstacles``: how to have them generated where more is needed
    than the command, or what publishes without; ``place``: what publishes at the forge.
    """

    tag: str | None
    publishing: Publishing
    listing: SessionList = field(default_factory=SessionList)
    by_pipeline: Finding | None = None
    checkout: CheckoutNeeds = field(default_factory=CheckoutNeeds)
    drifted: tuple[str, ...] = ()
    fixes: tuple[str, ...] = ()
    obstacles: tuple[str, ...] = ()
    place: str = f"workflow in {WORKFLOWS_FOLDER}"
