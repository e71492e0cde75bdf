"""How a project gets from its repository to an index: read from the remote and from the workflows, not told twice."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from seatrial.facts.repository import owner_and_name
from seatrial.facts.workflow import PUBLISHES, Workflow

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from seatrial.facts.project import Project
    from seatrial.facts.repository import Repository
    from seatrial.facts.workflow import Job

ENVIRONMENT = "pypi"
"""The environment that is assumed of a job that publishes."""

OTHERS = (".gitlab-ci.yml", ".circleci/config.yml", ".woodpecker.yml", "azure-pipelines.yml", ".travis.yml")
"""The files of other CI services, of which no more is read than whether they upload."""

SELF = ("repository", "source", "source code", "code", "homepage", "github")
"""The labels of ``[project.urls]`` that can lead to the repository (PyPA, "Well-known Project URLs in Metadata")."""


@dataclass(frozen=True)
class Publishing:
    """Who publishes a project, and how.

    ``owner`` and ``repository``: as the forge names them, "" where neither a remote nor a URL leads to one;
    ``workflows``: all that the commit has; ``told``: what ``[tool.seatrial.publisher]`` says is registered;
    ``others``: the files of other CI services that upload.
    """

    owner: str
    repository: str
    workflows: tuple[Workflow, ...] = ()
    told: Mapping[str, str] = field(default_factory=dict)
    others: tuple[str, ...] = ()

    @classmethod
    def of(cls, repository: Repository, project: Project, top: Path, told: Mapping[str, str]) -> Publishing:
        """Read it from the user's repository, and from a work tree of the commit: ``top``, with ``project`` in it.

        The remote is the user's, whose name is that of the repository on the forge.
        """
        owner, name = next(_homes(repository, project), ("", ""))
        return cls(owner, name, Workflow.in_tree(top), told, tuple(file for file in OTHERS if _uploads(top / file)))

    @property
    def workflow(self) -> Workflow | None:
        """The workflow that publishes: of several the one that is registered, or else one that a tag starts."""
        found = [one for one in self.workflows if one.publishing_job((ENVIRONMENT,))]
        registered = [one for one in found if one.name == self.told.get("workflow")]
        wanted = registered or [one for one in found if one.tags] or found
        return wanted[0] if wanted else None

    @property
    def job(self) -> Job | None:
        """The job that publishes."""
        workflow = self.workflow
        return workflow.publishing_job((self.told.get("environment", ENVIRONMENT),)) if workflow else None


def _uploads(path: Path) -> bool:
    try:
        return bool(PUBLISHES.search(path.read_text(encoding="utf-8", errors="replace")))
    except OSError:
        return False


def _homes(repository: Repository, project: Project) -> Iterator[tuple[str, str]]:
    names = (repository.remote, *repository.remotes)
    addresses = [repository.setting(f"remote.{name}.url") for name in names if name]
    told = project.table.get("project", {}).get("urls")
    urls = told if isinstance(told, dict) else {}
    addresses += [str(urls[label]) for label in sorted(urls, key=_rank) if label.lower() in SELF]
    yield from (home for home in map(owner_and_name, addresses) if home[0])


def _rank(label: str) -> int:
    return SELF.index(label.lower()) if label.lower() in SELF else len(SELF)
