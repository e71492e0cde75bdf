"""What the workflows are written from, looked at; and writing them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial import line_ends, report
from seatrial.checks import workflow_catalogue
from seatrial.checks.judging import judge
from seatrial.config import Config
from seatrial.errors import ProjectError, WorkflowUnknown
from seatrial.facts.ci_file import CiFile
from seatrial.facts.project import Project
from seatrial.facts.repository import forge_of
from seatrial.facts.workflow import FOLDER
from seatrial.findings import Verdict
from seatrial.masking import mask
from seatrial.outlook import tag_form
from seatrial.tools import checkout
from seatrial.workflows import github, gitlab, listing
from seatrial.workflows.drift import Drift, Reason, Wanted, drift
from seatrial.workflows.shape import Shape

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from seatrial.facts.listing import Listed
    from seatrial.facts.repository import Repository
    from seatrial.findings import Judgement

DEPENDABOT = ".github/dependabot.yml"
GITLAB = ".gitlab-ci.yml"
IN_USE = (Reason.EDITED, Reason.OUTDATED)
"""The reasons that a file can have which was generated once."""

NOWHERE = "there is no remote, so nobody knows whose CI it is to be"


@dataclass(frozen=True)
class Desk:
    """A repository, and the files of CI that a project in it should have; ``kind`` is that of its forge."""

    repository: Repository
    project: Project
    shape: Shape
    kind: str
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
        shape = Shape.of(repository, project, config, form)
        kind, host = forge(repository)
        if kind == "gitlab" and not host:
            host = _written_host(repository)
        # Only the pipeline of GitLab names the sessions: the matrix of GitHub is made when it runs.
        sessions = listing.sessions(project.root) if kind == "gitlab" else ()
        return cls(repository, project, shape, kind, wanted(shape, kind, sessions, host))

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
        if self.shape.combines:
            listing.insist_on_measuring(sessions)

    def judge(self) -> tuple[Judgement, ...]:
        """Judge every workflow that there is, whoever wrote it."""
        excuses = Config.from_project(self.project).ignore
        paths = sorted((self.repository.root / FOLDER).glob("*.y*ml"))
        files = [CiFile.from_text(path.name, _text(path)) for path in paths if path.is_file()]
        return tuple(
            judgement
            for file in files
            for judgement in judge(workflow_catalogue.ALL, file, subject=f"{FOLDER}/{file.name}", excuses=excuses)
        )

    def insist_on_safety(self) -> str:
        """Return what is to be told of the workflows; raise `WorkflowsUnsafe` when one fails a check."""
        judged = [one for one in self.judge() if one.finding.verdict is Verdict.FAILED]
        if any(one.blocks for one in judged):
            raise ProjectError(
                report.findings(judged), code="WorkflowsUnsafe", fix="mend each of them, or ignore it with a reason"
            )
        return report.findings(judged) if judged else ""

    def insist(self) -> None:
        """Raise `WorkflowsDrifted` unless every file is what it should be."""
        found = self.drift()
        if found:
            fixes = dict.fromkeys(one.fix for one in found)
            raise ProjectError("\n".join(map(str, found)), code="WorkflowsDrifted", fix="\n".join(fixes))

    def write(self, *, overwrite: bool = False) -> tuple[str, ...]:
        """Write the files, and return the paths of those that changed.

        Where one of them was written or changed by hand, or is another package's, that is said and it stays.
        Raises `WorkflowsDrifted`.
        """
        found = self.drift()
        kept = {Reason.FOREIGN, Reason.ELSEWHERE, *(() if overwrite else (Reason.EDITED, Reason.OTHER))}
        refused = [one for one in found if one.reason in kept]
        for one in found:
            if one.reason not in kept:
                path = self.repository.root / one.path
                path.parent.mkdir(parents=True, exist_ok=True)
                old = path.read_bytes() if path.exists() else b""
                path.write_bytes(line_ends.restored(old, one.then.encode("utf-8", "surrogateescape")))
        if refused:
            raise ProjectError(
                "\n".join(map(str, refused)),
                code="WorkflowsDrifted",
                fix="\n".join(dict.fromkeys(one.fix for one in refused)),
            )
        return tuple(one.path for one in found)

    def _texts(self, top: Path) -> dict[str, str | None]:
        """Return the texts of the files that are there, None for what nobody should write through."""
        paths = {one.path: top / one.path for one in self.wanted}
        there = {name: path for name, path in paths.items() if os.path.lexists(path) or _leads_away(path, top)}
        is_own = {name: path.is_file() and not _leads_away(path, top) for name, path in there.items()}
        return {name: _text(path) if is_own[name] else None for name, path in there.items()}


def _leads_away(path: Path, top: Path) -> bool:
    """Whether a file, or a folder between it and the top of the repository, is a link."""
    between = (path, *(one for one in path.parents if top in one.parents))
    return any(one.is_symlink() for one in between)


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "surrogateescape").replace("\r\n", "\n")


def wanted(
    shape: Shape, kind: str, sessions: tuple[Listed, ...] = (), host: str = gitlab.AT_HOME
) -> tuple[Wanted, ...]:
    """Return the files that a project should have: ``kind`` and ``host`` of its forge, ``sessions`` of its noxfile."""
    if kind == "gitlab":
        return (Wanted(GITLAB, lambda _: gitlab.pipeline(shape, sessions, host)),)

    def ci(more: Sequence[str]) -> str:
        return github.ci(shape, more)

    return (
        Wanted(f"{FOLDER}/{shape.ci}", ci),
        Wanted(f"{FOLDER}/{shape.release}", lambda _: github.release(shape)),
        Wanted(DEPENDABOT, lambda _: github.dependabot()),
    )


def _written_host(repository: Repository) -> str:
    """Return the host that the pipeline was written for, where the remote does not tell, as in a rehearsal."""
    path = repository.root / GITLAB
    return gitlab.AT_HOME if path.is_file() and gitlab.SIGSTORE_VARIABLE in _text(path) else ""


def forge(repository: Repository) -> tuple[str, str]:
    """Return the kind of the remote's forge, and its host. Raises `WorkflowUnknown` where it is none that is known."""
    names = dict.fromkeys((repository.remote, *repository.remotes))
    addresses = [address for name in names if name and (address := repository.setting(f"remote.{name}.url"))]
    hosts = [gitlab.host_of(address) for address in addresses]
    for address, host in zip(addresses, hosts):
        if forge_of(address):
            return forge_of(address), host
    for name, sign in (("gitlab", GITLAB), ("github", ".github")):
        if (repository.root / sign).exists():
            return name, next(iter(hosts), "")
    told = f"{' and '.join(map(mask, addresses))} is neither GitHub nor GitLab" if addresses else NOWHERE
    raise WorkflowUnknown(
        told, fix="git remote add origin ADDRESS, or make the folder .github, or the file .gitlab-ci.yml"
    )
