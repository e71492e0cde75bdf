"""How a project gets from its repository to an index: read from the remote and from the workflows, not told twice."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from seatrial.facts.repository import owner_and_name
from seatrial.facts.uploading import PUBLISHES
from seatrial.facts.workflow import FOLDER, Workflow

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from seatrial.facts.project import Project
    from seatrial.facts.repository import Repository
    from seatrial.facts.workflow import Job

ENVIRONMENT = "pypi"
"""The environment that is assumed of a job that publishes."""

LISTENERS = (f"{FOLDER}/*.y*ml", ".gitlab-ci.yml")
TAG_SIGNS = ("tags:", "CI_COMMIT_TAG")
"""What a file of CI has in it that does something for tags."""

OTHERS = (".gitlab-ci.yml", ".circleci/config.yml", ".woodpecker.yml", "azure-pipelines.yml", ".travis.yml")
"""The files of other CI services, of which no more is read than whether they upload."""

SELF = ("repository", "source", "source code", "code", "homepage", "github")
"""The labels of ``[project.urls]`` that can lead to the repository (PyPA, "Well-known Project URLs in Metadata")."""


@dataclass(frozen=True)
class Publishing:
    """Who publishes a project, and how.

    ``owner`` and ``repository``: as the forge names them, "" where neither a remote nor a URL leads to one;
    ``workflows``: all that the commit has, but for those of other packages; ``tag``: that of a release, "" where nobody
    knows one; ``told``: what ``[tool.seatrial.publisher]`` says is registered;
    ``others``: the files of other CI services that upload.
    """

    owner: str
    repository: str
    workflows: tuple[Workflow, ...] = ()
    told: Mapping[str, str] = field(default_factory=dict)
    others: tuple[str, ...] = ()
    tag: str = ""

    @classmethod
    def of(
        cls, repository: Repository, project: Project, top: Path, told: Mapping[str, str], tag: str = ""
    ) -> Publishing:
        """Read it from the user's repository, and from a work tree of the commit: ``top``, with ``project`` in it.

        The remote is the user's, whose name is that of the repository on the forge.
        """
        owner, name = next(_homes(repository, project), ("", ""))
        own = tuple(one for one in Workflow.in_tree(top) if not is_of_another(one, top, repository.prefix))
        return cls(owner, name, own, told, tuple(file for file in OTHERS if _uploads(top / file)), tag)

    @property
    def workflow(self) -> Workflow | None:
        """The workflow that publishes: of several the one that is registered, or else one that the tag starts."""
        found = [one for one in self.workflows if one.publishing_job((ENVIRONMENT,))]
        registered = [one for one in found if one.name == self.told.get("workflow")]
        tagged = [one for one in found if one.tags]
        heard = [one for one in tagged if self.tag and one.listens_to(self.tag)]
        after = [one for one in found if self.tag and self.starts(one, self.tag)]
        wanted = registered or heard or tagged or after or found
        return wanted[0] if wanted else None

    def starts(self, workflow: Workflow, tag: str) -> bool:
        """Whether a push of a tag starts a workflow: itself, one that calls it, or one that it starts after."""
        heard = (one for one in self.workflows if one.listens_to(tag))
        return any(
            one == workflow or workflow.name in one.calls or workflow.chain.follows(one.chain, tag) for one in heard
        )

    @property
    def job(self) -> Job | None:
        """The job that publishes."""
        workflow = self.workflow
        return workflow.publishing_job((self.told.get("environment", ENVIRONMENT),)) if workflow else None


def listening(root: Path, tag: str) -> tuple[str, ...]:
    """Return the CI files that listen to tags, without those workflows that listen to tags of other packages."""
    found = (path for pattern in LISTENERS for path in sorted(root.glob(pattern)))
    texts = ((path, path.read_text(encoding="utf-8", errors="replace")) for path in found)
    told = ((path, text) for path, text in texts if any(sign in text for sign in TAG_SIGNS))
    return tuple(str(path.relative_to(root)) for path, text in told if _hears(path, text, tag))


def _hears(path: Path, text: str, tag: str) -> bool:
    known = Workflow.from_text(path.name, text)
    return known is None or not known.tags or known.listens_to(tag)


def is_of_another(workflow: Workflow, top: Path, prefix: str) -> bool:
    """Whether a workflow runs in the folder of another package of the repository."""
    folder = workflow.folder
    return folder not in {"", prefix.rstrip("/")} and (top / folder / "pyproject.toml").is_file()


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
