"""What the workflows are written from, looked at; and writing them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.config import Config
from seatrial.errors import WorkflowsDrifted, WorkflowUnknown
from seatrial.facts.project import Project
from seatrial.facts.repository import forge_of
from seatrial.masking import mask
from seatrial.outlook import tag_form
from seatrial.tools import checkout
from seatrial.workflows import github, gitlab, listing
from seatrial.workflows.drift import Drift, Reason, Wanted, drift
from seatrial.workflows.shape import Shape

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from seatrial.facts.repository import Repository

GITHUB = ".github/workflows"
DEPENDABOT = ".github/dependabot.yml"
GITLAB = ".gitlab-ci.yml"
IN_USE = (Reason.EDITED, Reason.OUTDATED)
"""The reasons that a file can have which was generated once."""

NOWHERE = "there is no remote, so nobody knows whose CI it is to be"


@dataclass(frozen=True)
class Desk:
    """A repository, and the files of CI that a project in it should have."""

    repository: Repository
    project: Project
    wanted: tuple[Wanted, ...]

    @classmethod
    def of(cls, folder: Path) -> Desk:
        """Look at the project in ``folder``.

        Raises `NoRepository`, `ProjectError`, or `WorkflowUnknown` for a forge whose CI nobody taught seatrial.
        """
        return cls.at(checkout.look(folder), Project.from_directory(folder))

    @classmethod
    def at(cls, repository: Repository, project: Project) -> Desk:
        """Look at a project that may lie elsewhere than its repository, in a clone. Raises as `of` does."""
        config = Config.from_project(project)
        form = config.tag or tag_form(checkout.tags(repository), project.name)
        return cls(repository, project, wanted(Shape.of(repository, project, config, form), forge(repository)))

    def drift(self) -> tuple[Drift, ...]:
        """Return which files are not what they should be."""
        return drift(self.wanted, self._texts(self.repository.root))

    def drift_in(self, top: Path) -> tuple[Drift, ...]:
        """Return which generated files are not what they should be in a clone; there need be none."""
        return tuple(one for one in drift(self.wanted, self._texts(top)) if one.reason in IN_USE)

    def insist_on_sessions(self) -> None:
        """Raise `NoxfileBroken` or `SessionMissing` where the noxfile has not what the workflows call."""
        sessions = listing.sessions(self.project.root)
        listing.insist_on(sessions, Config.from_project(self.project).workflows.proof)

    def insist(self) -> None:
        """Raise `WorkflowsDrifted` unless every file is what it should be."""
        found = self.drift()
        if found:
            fixes = dict.fromkeys(one.fix for one in found)
            raise WorkflowsDrifted("\n".join(map(str, found)), fix="\n".join(fixes))

    def write(self, *, overwrite: bool = False) -> tuple[str, ...]:
        """Write the files, and return the paths of those that changed.

        Where one of them was written or changed by hand, that is said and none is written. Raises `WorkflowsDrifted`.
        """
        found = self.drift()
        kept = {Reason.FOREIGN} if overwrite else {Reason.FOREIGN, Reason.EDITED}
        refused = [one for one in found if one.reason in kept]
        for one in found:
            if one.reason not in kept:
                path = self.repository.root / one.path
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(one.then.encode())
        if refused:
            raise WorkflowsDrifted(
                "\n".join(map(str, refused)), fix="\n".join(dict.fromkeys(one.fix for one in refused))
            )
        return tuple(one.path for one in found)

    def _texts(self, top: Path) -> dict[str, str]:
        paths = {one.path: top / one.path for one in self.wanted}
        return {
            name: path.read_bytes().decode("utf-8", "surrogateescape").replace("\r\n", "\n")
            for name, path in paths.items()
            if path.is_file()
        }


def wanted(shape: Shape, forge_name: str) -> tuple[Wanted, ...]:
    """Return the files that a project should have on a forge."""
    if forge_name == "gitlab":
        return (Wanted(GITLAB, lambda _: gitlab.pipeline(shape)),)

    def ci(more: Sequence[str]) -> str:
        return github.ci(shape, more)

    return (
        Wanted(f"{GITHUB}/{shape.ci}", ci),
        Wanted(f"{GITHUB}/{shape.release}", lambda _: github.release(shape)),
        Wanted(DEPENDABOT, lambda _: github.dependabot()),
    )


def forge(repository: Repository) -> str:
    """Return the forge of the remote. Raises `WorkflowUnknown` where it is none that is known."""
    names = dict.fromkeys((repository.remote, *repository.remotes))
    addresses = [address for name in names if name and (address := repository.setting(f"remote.{name}.url"))]
    found = next((name for address in addresses if (name := forge_of(address))), "")
    if found:
        return found
    for name, sign in (("gitlab", GITLAB), ("github", ".github")):
        if (repository.root / sign).exists():
            return name
    told = f"{' and '.join(map(mask, addresses))} is neither GitHub nor GitLab" if addresses else NOWHERE
    raise WorkflowUnknown(
        told, fix="git remote add origin ADDRESS, or make the folder .github, or the file .gitlab-ci.yml"
    )
