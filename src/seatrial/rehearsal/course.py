"""Who publishes in a rehearsal, and what CI does before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from seatrial.config import Config
from seatrial.errors import WorkflowUnknown
from seatrial.facts.answer import Answer
from seatrial.facts.before_upload import BeforeUpload
from seatrial.facts.pipeline import FILE, Pipeline
from seatrial.facts.publisher import Publisher
from seatrial.facts.publishing import ENVIRONMENT, Publishing
from seatrial.facts.tag_scripts import scripts_before_upload
from seatrial.facts.workflow import FOLDER, Workflow
from seatrial.mishaps import RehearsalError
from seatrial.outlook import tag_form
from seatrial.tools import checkout
from seatrial.workflows import desk, gitlab

if TYPE_CHECKING:
    from pathlib import Path

    from seatrial.facts.pipeline import PipelineJob
    from seatrial.facts.project import Project
    from seatrial.facts.repository import Repository

ASSUMED = Workflow("release.yml")
"""What is assumed of a project in which no workflow publishes."""


@dataclass(frozen=True)
class Course:
    """How a project is published.

    ``sender``: who the token of CI will say that it is; ``registered``: whom the index expects; ``before``: what CI
    does before the upload, None where no file is known that publishes; ``remarks``: what had to be assumed;
    ``tokens``: the variables in which a job of GitLab finds its tokens, and whom each is for.
    """

    sender: Publisher
    registered: Publisher
    before: BeforeUpload | None
    remarks: tuple[str, ...]
    tokens: tuple[tuple[str, tuple[str, ...]], ...] = ()


def chart(repository: Repository, project: Project, top: Path) -> Course:
    """Read it from the user's repository, and from a work tree of the commit: ``top``, with ``project`` in it.

    Raises `PyprojectInvalid`, `TokenForbidden` or `PipelineInvalid`.
    """
    config = Config.from_project(project)
    told, form = config.publisher, config.tag or tag_form(checkout.tags(repository), project.name)
    found = Publishing.of(repository, project, top, told, form.format(version="1.0.0", name=project.name))
    owner, name = (found.owner, found.repository) if found.owner else ("OWNER", project.name)
    kind, host = _forge(repository)
    publishes = FILE in found.others
    if (publishes and kind == "gitlab") or (found.workflow is None and (publishes or kind == "gitlab")):
        return _by_pipeline(found, Publisher(owner, name, FILE, forge="gitlab"), top, host or gitlab.AT_HOME)
    workflow, job = found.workflow or ASSUMED, found.job
    sender = Publisher(owner, name, workflow.name, job.environment if job else ENVIRONMENT)
    return Course(
        sender=sender,
        registered=replace(sender, **told),
        before=BeforeUpload.of(scripts_before_upload(found)) if job else None,
        remarks=_remarks(found),
    )


def _forge(repository: Repository) -> tuple[str, str]:
    """Return the kind and the host of the forge, both "" where nobody knows."""
    try:
        return desk.forge(repository)
    except WorkflowUnknown:
        return "", ""


def _by_pipeline(found: Publishing, who: Publisher, top: Path, host: str) -> Course:
    """Return the course of a project that a pipeline of GitLab publishes.

    Raises `PipelineInvalid`, or `TokenForbidden` for a job that could not publish.
    """
    path, told = top / FILE, found.told
    text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else "{}"
    pipeline = Pipeline.of(text, found.tag)
    job = pipeline.publishing_job(told.get("environment", ENVIRONMENT))
    environment = job.environment if job else ENVIRONMENT
    remarks = list(_unowned(found))
    if host != gitlab.AT_HOME:
        said = f"PyPI takes tokens of {host} only for organisations that it has let in"
        remarks.append(f"{said}: one of {gitlab.AT_HOME} was used")
    if "$" in environment:
        remarks.append(f"the environment {environment} is known to GitLab alone: the registered one is assumed")
        environment = told.get("environment", ENVIRONMENT)
    sender = replace(who, environment=environment)
    registered = replace(sender, **told)
    if job is None:
        remarks.append(f"no job of {FILE} publishes: it and the environment {ENVIRONMENT} are assumed")
        return Course(sender, registered, None, tuple(remarks))
    said = pipeline.heard(job)[1]
    # Where it is an error, the release has been refused for it, or the project ignores it.
    remarks += [said] if said else []
    remarks += _about_token(job)
    before = BeforeUpload.of(pipeline.scripts_before_upload(job))
    tokens = () if job.has_password else job.tokens
    return Course(sender, registered, before, tuple(remarks), tokens)


def _about_token(job: PipelineJob) -> list[str]:
    """Return what is to be said about the identity token of a job. Raises `TokenForbidden` where it has none."""
    if job.has_password:
        return [f"the job {job.name} of {FILE} publishes with a stored password; trusted publishing was rehearsed"]
    if job.asks is Answer.UNKNOWN:
        return [f"whether the job {job.name} of {FILE} has id_tokens is not known: not all of it is in the file"]
    if job.asks is Answer.NO:
        raise RehearsalError(
            f"the job {job.name} of {FILE} asks for no identity token, without which PyPI lets nobody publish",
            code="TokenForbidden",
            fix="id_tokens:\n  PYPI_ID_TOKEN:\n    aud: pypi\n"
            "or, with a password of the project's settings: variables: {TWINE_PASSWORD: $NAME}",
        )
    return []


def _unowned(found: Publishing) -> tuple[str, ...]:
    said = "neither a remote nor [project.urls] leads to a forge: the owner of the repository is assumed"
    return () if found.owner else (said,)


def _remarks(found: Publishing) -> tuple[str, ...]:
    """Return what has to be assumed. Raises `TokenForbidden` for a job that could not publish."""
    remarks = [*_unowned(found)]
    if found.workflow is None or found.job is None:
        remarks.append(
            f"no workflow in {FOLDER} publishes: {ASSUMED.name} and the environment {ENVIRONMENT} are assumed"
        )
    elif found.job.has_password:
        remarks.append(f"{found.workflow.name} publishes with a stored password; trusted publishing was rehearsed")
    elif not found.job.may_ask:
        raise RehearsalError(
            f"the job {found.job.name} of {FOLDER}/{found.workflow.name} may not ask for an identity token, "
            "without which PyPI lets nobody publish",
            code="TokenForbidden",
            fix="permissions:\n  id-token: write",
        )
    return tuple(remarks)
