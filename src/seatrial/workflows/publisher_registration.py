"""Instructions to register a trusted publisher with an index and a forge: read from the workflows, or assumed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from seatrial.ci.evaluation import Environment, JobRun
from seatrial.ci.expressions import Answer
from seatrial.ci.forge import home_for_gh
from seatrial.ci.gitlab import PIPELINE_FILE, Pipeline
from seatrial.ci.job_uploads import Index
from seatrial.ci.publisher import DEFAULT_ENVIRONMENT, Publishing
from seatrial.ci.tag_report import TagReport
from seatrial.distributions.cache import existing_files
from seatrial.errors import PipelineInvalid
from seatrial.git.repository import Repository, read_repository, read_tags
from seatrial.index.destination import TESTPYPI, pypi_host, upload_addresses
from seatrial.project.project import Project
from seatrial.project.settings import Config
from seatrial.project.snapshot import tag_form_of
from seatrial.workflows.context import default_branch, pattern_of, release_file, workflow_file
from seatrial.workflows.generate import forge_of_remote


@dataclass(frozen=True)
class PublisherRegistration:
    """A publisher to register with an index.

    ``forge``: ``github`` or ``gitlab``; ``workflow``: the name of the file; ``environment``: None for none; ``refs``:
    those from which the environment is deployed.
    """

    index: Index
    project: str
    forge: str
    owner: str
    repository: str
    workflow: str
    environment: Environment | None
    refs: str

    @property
    def host(self) -> str:
        """The host of the pages of the index."""
        return pypi_host() if self.index is Index.PYPI else str(urlsplit(upload_addresses()[TESTPYPI]).hostname)

    @property
    def page(self) -> str:
        """The page of the project on the index, with the form filled in."""
        owner, name, file = {
            "github": ("owner", "repository", "workflow_filename"),
            "gitlab": ("namespace", "project", "workflow_filepath"),
        }[self.forge]
        fields = {"provider": self.forge, owner: self.owner, name: self.repository, file: self.workflow}
        if self.environment and self.environment.name:
            fields["environment"] = self.environment.name
        return f"https://{self.host}/manage/project/{quote(self.project)}/settings/publishing/?{urlencode(fields)}"

    def __str__(self) -> str:
        return "\n".join(
            (
                f"{self.index.value}",
                f"  owner        {self.owner}",
                f"  repository   {self.repository}",
                f"  workflow     {self.workflow}",
                f"  environment  {self.environment or 'none'}",
                f"  form         {self.page}",
                f"  a new name   https://{self.host}/manage/account/publishing/ with the name {self.project}, too:",
                "               such a publisher waits for 30 days, and does not reserve the name",
            )
        )


@dataclass(frozen=True)
class RegistrationPlan:
    """What to register.

    ``tags``: the pattern of its releases; ``remarks``: what is assumed or not known; ``report``: what a tag like these
    starts that uploads.
    """

    repository: Repository
    registrations: tuple[PublisherRegistration, ...]
    tags: str
    remarks: tuple[str, ...]
    report: TagReport

    @property
    def environments(self) -> dict[str, str]:
        """The environments with a name that is known, and the refs from which each is deployed."""
        pairs = ((registration.environment, registration.refs) for registration in self.registrations)
        return {environment.name: refs for environment, refs in pairs if environment and environment.name}

    @property
    def home(self) -> str | None:
        """The repository on GitHub, as gh names it, None on another forge."""
        first = self.registrations[0]
        own = home_for_gh(self.repository) or f"{first.owner}/{first.repository}"
        return own if first.forge == "github" else None


def read_registrations(folder: Path) -> RegistrationPlan:
    """Read it from the workflows of a project. Raises `WorkflowUnknown` for an unknown forge."""
    repository, project = read_repository(folder), Project.from_directory(folder)
    config = Config.from_project(project)
    form = tag_form_of(project, config, existing_files(project.root), read_tags(repository))
    tag, tags = form.format(version="1.0.0", name=project.name), pattern_of(form, project.name)
    publishing = Publishing.of(repository, project, repository.root, {}, tag)
    forge, _ = forge_of_remote(repository)
    name = config.publisher.get("environment", DEFAULT_ENVIRONMENT)
    usual = PublisherRegistration(
        index=Index.PYPI,
        project=project.name,
        forge=forge,
        owner=publishing.owner or "OWNER",
        repository=publishing.repository or project.name,
        workflow=PIPELINE_FILE if forge == "gitlab" else release_file(repository, project, config),
        environment=Environment(name, name),
        refs=f"tags {tags}",
    )
    branch = f"the branch {config.branch or default_branch(repository)}"
    tester = replace(usual, index=Index.TESTPYPI, environment=Environment("testpypi", "testpypi"), refs=branch)
    report = TagReport.at(publishing, repository.root).about_uploads
    if forge == "gitlab":
        registrations = tuple(_registrations_of_pipeline(repository.root / PIPELINE_FILE, tag, (usual, tester)))
        return RegistrationPlan(repository, registrations, tags, (), report)
    if not publishing.workflows:
        tester = replace(tester, workflow=workflow_file("ci", project.name, repository.prefix))
        remark = f"no workflow: {usual.workflow} and the environment {name} are assumed"
        registrations = (usual, *([tester] if config.workflows.testpypi else []))
        return RegistrationPlan(repository, registrations, tags, (remark,), report)
    read = tuple(dict.fromkeys(_registrations_of(publishing, usual, branch)))
    remarks = tuple(_remarks(publishing))
    if not any(registration.index is Index.PYPI for registration in read):
        read, remarks = (usual, *read), (*remarks, f"{usual.workflow} and the environment {name} are assumed")
    return RegistrationPlan(repository, read, tags, remarks, report)


def read_tag_report(folder: Path, tag: str) -> TagReport:
    """Return what a tag starts in the project of a folder."""
    project = Project.from_directory(folder)
    repository, overrides = read_repository(folder), Config.from_project(project).publisher
    return TagReport.at(Publishing.of(repository, project, repository.root, overrides, tag), repository.root)


def _registrations_of(
    publishing: Publishing, usual: PublisherRegistration, branch: str
) -> Iterator[PublisherRegistration]:
    """Yield the publisher of each job that uploads to an index; ``branch``: the refs of those that no tag starts."""

    def registration(index: Index, run: JobRun) -> PublisherRegistration:
        refs = usual.refs if run.entry.listens_to(publishing.known_tag) or run.entry.trigger("release") else branch
        return replace(usual, index=index, workflow=run.workflow.name, environment=run.environment, refs=refs)

    for job in publishing.jobs or publishing.possible_jobs:
        yield registration(Index.PYPI, job.run)
    for run, upload in publishing.uploads:
        if upload.index is Index.TESTPYPI:
            yield registration(Index.TESTPYPI, run)


def _remarks(publishing: Publishing) -> Iterator[str]:
    for job in () if publishing.jobs else publishing.possible_jobs:
        yield f"whether {job.run.place} publishes is not known: {job.doubt}"
    if not publishing.possible_jobs:
        yield "no workflow publishes"
    for job in publishing.jobs:
        if job.starts is Answer.UNKNOWN:
            yield f"whether {job.run.place} runs for a tag is not known: {job.reason}"
        if job.has_password:
            yield f"{job.run.place} publishes with a stored password"


def _registrations_of_pipeline(
    path: Path, tag: str, usual: Iterable[PublisherRegistration]
) -> Iterator[PublisherRegistration]:
    """Yield the publishers of a pipeline of GitLab, with the environments of its jobs; that of PyPI in any case."""
    try:
        pipeline = Pipeline.of(path.read_text(encoding="utf-8", errors="replace"), tag)
    except (OSError, PipelineInvalid):
        yield from usual
        return
    for each in usual:
        name = each.environment.name if each.environment else None
        job = pipeline.job_for(each.index, name or DEFAULT_ENVIRONMENT)
        if job is not None:
            yield replace(each, environment=Environment.of_gitlab(job.environment))
        elif each.index is Index.PYPI or pipeline.includes:
            yield each


def settings_text(environments: dict[str, str], tags: str, current: dict[str, Any], rules: Any) -> str:
    """Return what to set in the repository.

    ``environments``: from which refs each may be deployed; ``tags``: the pattern of releases; ``current``: what the
    forge reports of each environment, nothing where that is unknown; ``rules``: its rules, None if unknown.
    """
    lines = ["In the settings of the repository"]
    for name, refs in environments.items():
        is_set = _environment_text(current.get(name))
        lines.append(f"  environment {name}: deployments from {refs} only, with a reviewer; {is_set}")
    lines.append(
        f"  rule for the tags {tags}: only maintainers create them, moving and deleting is forbidden; "
        f"{_rules_text(rules)}"
    )
    return "\n".join(lines)


NOT_KNOWN = "current settings unknown"


def _environment_text(environment: Any) -> str:
    if not isinstance(environment, dict):
        return NOT_KNOWN
    kinds = {rule.get("type") for rule in environment.get("protection_rules", ()) if isinstance(rule, dict)}
    missing = [] if "required_reviewers" in kinds else ["no reviewer"]
    missing += [] if environment.get("deployment_branch_policy") else ["deployments from every ref"]
    return f"it has {' and '.join(missing)}" if missing else "it has both; check which refs it allows"


def _rules_text(rules: Any) -> str:
    if not isinstance(rules, list):
        return NOT_KNOWN
    has_tag_rule = any(isinstance(rule, dict) and rule.get("target") == "tag" for rule in rules)
    return "a rule for tags exists; check what it says" if has_tag_rule else "no rule for tags exists"
