"""What the workflows of a project are written from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from seatrial.errors import GroupInvalid
from seatrial.facts.ci_settings import CiSettings
from seatrial.tools.git import Git

if TYPE_CHECKING:
    from seatrial.config import Config
    from seatrial.facts.project import Project
    from seatrial.facts.repository import Repository

GROUP_ORDER = ("ci", "dev", "release", "nox", "test", "tests")
FALLBACK_PYTHON = "3.13"
"""What runs nox where the classifiers name no Python."""

GITHUB = "github"
GITLAB = "gitlab"


@dataclass(frozen=True)
class Shape:
    """A project, as far as its workflows show it.

    ``prefix``: its folder in the repository, "" or ``packages/foo/``; ``branch``: the one that releases are made from;
    ``tags``: the pattern of their tags; ``python``: the one that runs nox; ``release``: the name of the workflow that
    publishes, and ``environment`` that of its environment; ``group``: the dependency group that holds seatrial;
    ``is_locked``: whether there is a lock file for it.
    """

    name: str
    branch: str = "main"
    tags: str = "v*"
    tag_form: str = "v{version}"
    prefix: str = ""
    python: str = FALLBACK_PYTHON
    release: str = "release.yml"
    environment: str = "pypi"
    group: str = ""
    is_locked: bool = False
    has_submodules: bool = False
    settings: CiSettings = field(default_factory=CiSettings)

    @classmethod
    def of(cls, repository: Repository, project: Project, config: Config, form: str) -> Shape:
        """Read it; ``form``: that of the names of tags. Raises what `Project.pythons` does."""
        slug = f"-{canonicalize_name(project.name)}" if repository.prefix else ""
        plain = [one for one in project.pythons if not one.endswith("t")]
        return cls(
            name=project.name,
            branch=config.branch or default_branch(repository),
            tags=pattern_of(form, project.name),
            tag_form=form.replace("{name}", project.name),
            prefix=repository.prefix,
            python=plain[-1] if plain else FALLBACK_PYTHON,
            release=config.publisher.get("workflow", f"release{slug}.yml"),
            environment=config.publisher.get("environment", "pypi"),
            group=group_of(project),
            is_locked=(project.root / "uv.lock").is_file(),
            has_submodules=(repository.root / ".gitmodules").is_file(),
            settings=config.workflows,
        )

    @property
    def ci(self) -> str:
        """The name of the workflow that runs for every change."""
        return f"ci-{canonicalize_name(self.name)}.yml" if self.prefix else "ci.yml"

    def installing(self) -> tuple[str, ...]:
        """Return the commands that bring seatrial into a job."""
        if self.settings.install:
            return self.settings.install
        if self.uses_uv:
            # What the job calls lies in the environment that uv makes.
            path = 'echo "$PWD/.venv/bin" >> "$GITHUB_PATH"'
            return (f"uv sync --locked --no-install-project --only-group {self.group}", path)
        return (
            f"python -m pip install --group {self.group} uv" if self.group else "python -m pip install seatrial uv",
        )

    @property
    def uses_uv(self) -> bool:
        """Whether uv brings what its lock file says."""
        return self.is_locked and bool(self.group) and not self.settings.install


def pattern_of(form: str, name: str) -> str:
    """Return the pattern of a forge for tags of this form."""
    filled = form.replace("{name}", name)
    return filled.replace("{version}", "*" if filled != "{version}" else "[0-9]*")


def default_branch(repository: Repository) -> str:
    """Return the branch that releases are made from where nobody says.

    It is what the remote's HEAD was when it was cloned. CI clones in another way, so the usual names come next; the
    answer must not depend on which branch is checked out.
    """
    remote = repository.remote or next(iter(repository.remotes), "origin")
    git = Git(repository.root)
    told = git.line("symbolic-ref", "--short", f"refs/remotes/{remote}/HEAD")
    refs = git.line("for-each-ref", "--format=%(refname)", f"refs/remotes/{remote}", "refs/heads").split("\n")
    usual = next((name for name in ("main", "master") if any(ref.endswith(f"/{name}") for ref in refs)), "")
    return told.removeprefix(f"{remote}/") or usual or repository.branch or "main"


def group_of(project: Project) -> str:
    """Return the dependency group that holds seatrial, "" if none does."""
    for group in sorted(project.groups, key=lambda one: (GROUP_ORDER.index(one) if one in GROUP_ORDER else 99, one)):
        try:
            names = {canonicalize_name(Requirement(one).name) for one in project.requirements((group,))}
        except (GroupInvalid, InvalidRequirement):
            continue
        if "seatrial" in names:
            return group
    return ""
