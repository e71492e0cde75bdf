"""Who publishes, and which sessions go before: read from the remote and from the workflows, not told twice."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from seatrial.config import Config
from seatrial.facts.publisher import Publisher
from seatrial.facts.repository import owner_and_name
from seatrial.facts.workflow import Workflow
from seatrial.mishaps import TokenForbidden

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from seatrial.facts.project import Project
    from seatrial.facts.repository import Repository
    from seatrial.facts.steps import Step

WORKFLOWS = ".github/workflows"
ASSUMED = Workflow("release.yml")
ENVIRONMENT = "pypi"
"""What is assumed of a project in which no workflow publishes."""

SELF = ("repository", "source", "source code", "code", "homepage", "github")
"""The labels of ``[project.urls]`` that can lead to the repository (PyPA, "Well-known Project URLs in Metadata")."""


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

    The remote is the user's, whose name is that of the repository on the forge.
    Raises `PyprojectInvalid` or `TokenForbidden`.
    """
    remarks = []
    told = Config.from_project(project).publisher
    owner, name = next(_homes(repository, project), ("", ""))
    if not owner:
        owner, name = "OWNER", project.name
        remarks.append("neither a remote nor [project.urls] leads to a forge: the owner of the repository is assumed")
    found = [workflow for workflow in _workflows(top) if workflow.publishing_job((ENVIRONMENT,))]
    registered = [workflow for workflow in found if workflow.name == told.get("workflow")]
    wanted = registered or [workflow for workflow in found if workflow.tags] or found
    workflow = wanted[0] if wanted else ASSUMED
    job = workflow.publishing_job((told.get("environment", ENVIRONMENT),))
    if job is None:
        remarks.append(
            f"no workflow in {WORKFLOWS} publishes: {ASSUMED.name} and the environment {ENVIRONMENT} are assumed"
        )
    elif job.has_password:
        remarks.append(f"{workflow.name} publishes with a stored password; trusted publishing was rehearsed")
    elif not job.may_ask:
        raise TokenForbidden(
            f"the job {job.name} of {WORKFLOWS}/{workflow.name} may not ask for an identity token, "
            "without which PyPI lets nobody publish",
            fix="permissions:\n  id-token: write",
        )
    sender = Publisher(owner, name, workflow.name, job.environment if job else ENVIRONMENT)
    return Course(
        sender=sender,
        registered=replace(sender, **told),
        sessions=workflow.sessions(),
        remarks=tuple(remarks),
        steps=tuple(step for step in workflow.steps_before(job) if step.is_at_home_anywhere) if job else (),
    )


def _homes(repository: Repository, project: Project) -> Iterator[tuple[str, str]]:
    names = (repository.remote, *repository.remotes)
    addresses = [repository.setting(f"remote.{name}.url") for name in names if name]
    urls = project.table.get("project", {}).get("urls", {})
    addresses += [str(urls[label]) for label in sorted(urls, key=_rank) if label.lower() in SELF]
    yield from (home for home in map(owner_and_name, addresses) if home[0])


def _rank(label: str) -> int:
    return SELF.index(label.lower()) if label.lower() in SELF else len(SELF)


def _workflows(top: Path) -> Iterator[Workflow]:
    for path in sorted(path for path in (top / WORKFLOWS).glob("*.y*ml") if path.is_file()):
        workflow = Workflow.from_text(path.name, path.read_text(encoding="utf-8", errors="replace"))
        if workflow:
            yield workflow
