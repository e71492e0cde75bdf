"""Who publishes a project, and when: its trusted publisher, read from the remote and the workflows.

PyPI, "Trusted publishers"; the claims are those of the identity tokens of GitHub and GitLab.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from seatrial.ci.commands import PUBLISHES
from seatrial.ci.github import WORKFLOWS_FOLDER, Workflow
from seatrial.git.repository import owner_and_name
from seatrial.project.nox_sessions import SessionList

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from seatrial.ci.condition import Answer
    from seatrial.ci.github import Job
    from seatrial.git.repository import Repository
    from seatrial.project.project import Project


REQUIRED = {
    "github": (
        *("repository", "repository_owner", "repository_owner_id", "job_workflow_ref"),
        *("jti", "event_name", "ref", "sha"),
    ),
    "gitlab": ("sub", "project_path", "ci_config_ref_uri", "jti", "ref_path", "sha"),
}
"""The claims that PyPI wants to find in every token (its ``oidc/models/github.py`` and ``gitlab.py``)."""

WORKFLOW_FILE = re.compile(r"[^/]+\.(?:yml|yaml)(?=@)")
PIPELINE_FILE = re.compile(r"(?<=//).+[^/]\.(?:yml|yaml)(?=@)")

NOT_FOUND = "Publisher with matching claims was not found"


@dataclass(frozen=True)
class Publisher:
    """A workflow of a repository.

    ``workflow`` is the name of its file, at GitLab its path; ``environment`` that of the job which publishes, "" for
    none; ``forge``: ``github`` or ``gitlab``.
    """

    owner: str
    repository: str
    workflow: str
    environment: str = ""
    forge: str = "github"

    def __str__(self) -> str:
        """Return the four values as they are asked for on the index's page."""
        return (
            f"owner {self.owner}, repository {self.repository}, workflow {self.workflow}, "
            f"environment {self.environment or '(none)'}"
        )

    @property
    def home(self) -> str:
        """The path of the repository on its forge."""
        return f"{self.owner}/{self.repository}"

    def mismatch(self, claims: Mapping[str, object]) -> str:
        """Return why claims are not those of this publisher, in PyPI's words; "" if they are.

        Owner and repository may be written in capitals or not, as a remote's address may; the name of a workflow file
        may not, nor the environment of GitLab. A publisher without an environment takes every environment.
        """
        told = {name: str(value) for name, value in claims.items() if value is not None}
        missing = next((name for name in REQUIRED[self.forge] if name not in told), "")
        if missing:
            return f"Missing claim {missing!r}"
        return self._mismatch_of_gitlab(told) if self.forge == "gitlab" else self._mismatch_of_github(told)

    def _mismatch_of_github(self, told: Mapping[str, str]) -> str:
        file = WORKFLOW_FILE.search(told["job_workflow_ref"])
        if not file:
            return "Could not job extract workflow filename from OIDC claims"
        environments = ("", told.get("environment", "").lower())
        is_there = file[0] == self.workflow and self.environment.lower() in environments
        if told["repository"].lower() != self.home.lower() or not is_there:
            return NOT_FOUND
        home = f"{told['repository']}/.github/workflows/{self.workflow}"
        expected = sorted({f"{home}@{told[name]}" for name in ("ref", "sha") if told[name]})
        if told["job_workflow_ref"] not in expected:
            got = told["job_workflow_ref"]
            return f"The job_workflow_ref claim does not match, expecting one of {expected!r}, got {got!r}"
        if told["event_name"] == "pull_request_target":
            return "Publishing from a workflow invoked via 'pull_request_target' is not supported."
        return ""

    def _mismatch_of_gitlab(self, told: Mapping[str, str]) -> str:
        file = PIPELINE_FILE.search(told["ci_config_ref_uri"])
        if not file:
            return "Could not extract workflow filename from OIDC claims"
        is_there = file[0] == self.workflow and self.environment in ("", told.get("environment", ""))
        if told["project_path"].lower() != self.home.lower() or not is_there:
            return NOT_FOUND
        home = f"gitlab.com/{told['project_path']}//{self.workflow}"
        expected = sorted(f"{home}@{told[name]}" for name in ("ref_path", "sha"))
        if told["ci_config_ref_uri"] not in expected:
            got = told["ci_config_ref_uri"]
            return f"The ci_config_ref_uri claim does not match, expecting one of {expected!r}, got {got!r}"
        return ""


DEFAULT_ENVIRONMENT = "pypi"
"""The environment that is assumed of a job that publishes."""

CI_FILES = (f"{WORKFLOWS_FOLDER}/*.y*ml", ".gitlab-ci.yml")
TAG_SIGNS = ("tags:", "CI_COMMIT_TAG")
"""What a file of CI has in it that does something for tags."""

OTHER_CI_FILES = (".gitlab-ci.yml", ".circleci/config.yml", ".woodpecker.yml", "azure-pipelines.yml", ".travis.yml")
"""The files of other CI services, of which no more is read than whether they upload."""

REPOSITORY_LABELS = ("repository", "source", "source code", "code", "homepage", "github")
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
    overrides: Mapping[str, str] = field(default_factory=dict)
    others: tuple[str, ...] = ()
    tag: str = ""

    @classmethod
    def of(
        cls, repository: Repository, project: Project, top: Path, told: Mapping[str, str], tag: str = ""
    ) -> Publishing:
        """Read it from the user's repository, and from a work tree of the commit: ``top``, with ``project`` in it.

        The remote is the user's, whose name is that of the repository on the forge.
        """
        owner, name = next(_home_pages(repository, project), ("", ""))
        own = tuple(one for one in Workflow.in_tree(top) if not is_of_another(one, top, repository.prefix))
        return cls(owner, name, own, told, tuple(file for file in OTHER_CI_FILES if _uploads(top / file)), tag)

    @property
    def workflow(self) -> Workflow | None:
        """The workflow that publishes: of several the one that is registered, or else one that the tag starts."""
        found = [one for one in self.workflows if one.publishing_job((DEFAULT_ENVIRONMENT,))]
        registered = [one for one in found if one.name == self.overrides.get("workflow")]
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
        return workflow.publishing_job((self.overrides.get("environment", DEFAULT_ENVIRONMENT),)) if workflow else None


def files_listening_to_tags(root: Path, tag: str) -> tuple[str, ...]:
    """Return the CI files that listen to tags, without those workflows that listen to tags of other packages."""
    found = (path for pattern in CI_FILES for path in sorted(root.glob(pattern)))
    texts = ((path, path.read_text(encoding="utf-8", errors="replace")) for path in found)
    told = ((path, text) for path, text in texts if any(sign in text for sign in TAG_SIGNS))
    return tuple(str(path.relative_to(root)) for path, text in told if _listens(path, text, tag))


def _listens(path: Path, text: str, tag: str) -> bool:
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


def _home_pages(repository: Repository, project: Project) -> Iterator[tuple[str, str]]:
    addresses = [*repository.addresses]
    told = project.table.get("project", {}).get("urls")
    urls = told if isinstance(told, dict) else {}
    addresses += [str(urls[label]) for label in sorted(urls, key=_rank) if label.lower() in REPOSITORY_LABELS]
    yield from filter(None, map(owner_and_name, addresses))


def _rank(label: str) -> int:
    return REPOSITORY_LABELS.index(label.lower()) if label.lower() in REPOSITORY_LABELS else len(REPOSITORY_LABELS)


@dataclass(frozen=True)
class Heard:
    """Whether a tag starts what publishes; ``reason``: why it does not, or why nobody can know; ``fix``: for that."""

    answer: Answer
    reason: str = ""
    fix: str = ""


@dataclass(frozen=True)
class Trigger:
    """``tag``: its name; ``publishing``: who publishes then; ``listing``: the sessions that workflows can name.

    ``by_pipeline``: whether the tag starts the job of GitLab that publishes, why unless it does, and what fixes that;
    None where no such pipeline was read; ``drifted``: the generated files that are not what they should be, and why;
    ``fixes``: what mends them.
    """

    tag: str
    publishing: Publishing
    listing: SessionList = field(default_factory=SessionList)
    by_pipeline: Heard | None = None
    drifted: tuple[str, ...] = ()
    fixes: tuple[str, ...] = ()
