"""Who publishes in a rehearsal, and which sessions go before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from seatrial.config import Config
from seatrial.facts.publisher import Publisher
from seatrial.facts.publishing import ENVIRONMENT, Publishing
from seatrial.facts.workflow import FOLDER, Workflow
from seatrial.mishaps import TokenForbidden
from seatrial.outlook import tag_form
from seatrial.tools import checkout

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
    before the files are published, and that can be run here.
    """

    sender: Publisher
    registered: Publisher
    sessions: tuple[str, ...]
    remarks: tuple[str, ...]
    steps: tuple[Step, ...] = ()


def chart(repository: Repository, project: Project, top: Path) -> Course:
    """Read it from the user's repository, and from a work tree of the commit: ``top``, with ``project`` in it.

    Raises `PyprojectInvalid` or `TokenForbidden`.
    """
    config = Config.from_project(project)
    told, form = config.publisher, config.tag or tag_form(checkout.tags(repository), project.name)
    found = Publishing.of(repository, project, top, told, form.format(version="1.0.0", name=project.name))
    owner, name = (found.owner, found.repository) if found.owner else ("OWNER", project.name)
    workflow, job = found.workflow or ASSUMED, found.job
    sender = Publisher(owner, name, workflow.name, job.environment if job else ENVIRONMENT)
    return Course(
        sender=sender,
        registered=replace(sender, **told),
        sessions=workflow.sessions(),
        remarks=_remarks(found),
        steps=tuple(step for step in workflow.steps_before(job) if step.is_at_home_anywhere) if job else (),
    )


def _remarks(found: Publishing) -> tuple[str, ...]:
    """Return what has to be assumed. Raises `TokenForbidden` for a job that could not publish."""
    remarks = []
    if not found.owner:
        remarks.append("neither a remote nor [project.urls] leads to a forge: the owner of the repository is assumed")
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
