"""Who publishes in a rehearsal, and which sessions go before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from seatrial.config import Config
from seatrial.errors import WorkflowUnknown
from seatrial.facts.pipeline import Pipeline
from seatrial.facts.pipeline_text import FILE, files_below
from seatrial.facts.pipeline_variables import variables_of
from seatrial.facts.publisher import Publisher
from seatrial.facts.publishing import ENVIRONMENT, Publishing
from seatrial.facts.workflow import FOLDER, Workflow
from seatrial.mishaps import TokenForbidden
from seatrial.outlook import tag_form
from seatrial.tools import checkout
from seatrial.workflows import desk, gitlab

if TYPE_CHECKING:
    from pathlib import Path

    from seatrial.facts.project import Project
    from seatrial.facts.repository import Repository
    from seatrial.facts.steps import Step

ASSUMED = Workflow("release.yml")
"""What is assumed of a project in which no workflow publishes."""


@dataclass(frozen=True)
class Course:
    """How a project is published.

    ``sender``: who the token of CI will say that it is; ``registered``: whom the index expects; ``sessions``: those
    of nox that the workflow names; ``remarks``: what had to be assumed; ``steps``: those of the workflow that come
    before the files are published, and that can be run here; ``pipeline``: the text of that of GitLab which publishes,
    "" for none; ``host``: that of the forge.
    """

    sender: Publisher
    registered: Publisher
    sessions: tuple[str, ...]
    remarks: tuple[str, ...]
    steps: tuple[Step, ...] = ()
    pipeline: str = ""
    host: str = ""


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
        sessions=workflow.sessions(),
        remarks=_remarks(found),
        steps=tuple(step for step in workflow.steps_before(job) if step.is_at_home_anywhere) if job else (),
    )


def _forge(repository: Repository) -> tuple[str, str]:
    """Return the kind and the host of the forge, both "" where nobody knows."""
    try:
        return desk.forge(repository)
    except WorkflowUnknown:
        return "", ""


def _by_pipeline(found: Publishing, who: Publisher, top: Path, host: str) -> Course:
    """Return the course of a project that a pipeline of GitLab publishes. Raises `PipelineInvalid`."""
    files = files_below(top)
    text = files(FILE) or "{}"
    known = variables_of(who, found.tag, "", "", host)
    pipeline = Pipeline.of(text, files, known)
    wanted = (found.told.get("environment", ENVIRONMENT),)
    job = pipeline.publishing_job(wanted) or pipeline.publishing_job(wanted, starting=False)
    remarks = list(_unowned(found))
    remarks += [f"{FILE} includes {one}, which is not here, and was not read" for one in pipeline.elsewhere]
    if host != gitlab.AT_HOME:
        told = f"PyPI takes tokens of {host} only for organisations that it has let in"
        remarks.append(f"{told}: one of {gitlab.AT_HOME} was used")
    if job is None:
        remarks.append(f"no job of {FILE} publishes: it and the environment {ENVIRONMENT} are assumed")
    elif job.has_password:
        told = f"the job {job.name} of {FILE} publishes with a stored password"
        remarks.append(f"{told}; trusted publishing was rehearsed")
    sender = replace(who, environment=job.environment if job else ENVIRONMENT)
    return Course(sender, replace(sender, **found.told), (), tuple(remarks), pipeline=text if job else "", host=host)


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
        raise TokenForbidden(
            f"the job {found.job.name} of {FOLDER}/{found.workflow.name} may not ask for an identity token, "
            "without which PyPI lets nobody publish",
            fix="permissions:\n  id-token: write",
        )
    return tuple(remarks)
