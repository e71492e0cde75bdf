"""What an index has to serve of a version: the files that were proved, or those that its tag builds."""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.command_line import typed
from seatrial.errors import SeatrialError
from seatrial.facts.distribution import Distribution
from seatrial.outlook import released
from seatrial.refusals import ReleaseError
from seatrial.release import voyage
from seatrial.release.proof import Proof
from seatrial.shortfalls import DeliveryError
from seatrial.tools import checkout, remote
from seatrial.tools.git import Git

if TYPE_CHECKING:
    from collections.abc import Callable

    from packaging.version import Version

    from seatrial.facts.repository import Repository
    from seatrial.outlook import Outlook


@dataclass(frozen=True)
class Tagged:
    """A release of a project: its version, its tag, and the commit that the tag leads to."""

    repository: Repository
    outlook: Outlook
    version: Version
    tag: str
    commit: str

    @property
    def name(self) -> str:
        """The name of the project."""
        return self.outlook.project.name

    @classmethod
    def of(cls, repository: Repository, outlook: Outlook, version: Version | None) -> Tagged:
        """Return a release of the project, the last one where no version is named. Raises `TagMissing`."""
        known = released(checkout.tags(repository, "HEAD"), outlook.tag_form, outlook.project.name)
        wanted = version or max(known, default=None)
        if wanted is None:
            raise ReleaseError(
                f"{outlook.project.name} has no tag of a release", code="TagMissing", fix=typed("release")
            )
        tag = known.get(wanted, outlook.tag(wanted))
        commit = Git(repository.root).line("rev-parse", "--quiet", "--verify", f"refs/tags/{tag}^{{commit}}")
        if not commit:
            raise ReleaseError(
                f"there is no tag {tag}",
                code="TagMissing",
                fix=f"git fetch --tags; or, where nothing was released, {typed('release')}",
            )
        return cls(repository, outlook, wanted, tag, commit)


def insist_on_tag(tagged: Tagged, say: Callable[[str], None]) -> None:
    """Raise `TagMoved` when the remote has another tag of that name: what it builds is what was released.

    Where there is no remote, or it does not answer, nobody can tell.
    """
    repository = tagged.repository
    if not repository.remote:
        return
    try:
        there = checkout.ask(repository).tags.get(tagged.tag)
    except SeatrialError as error:
        say(f"look: {error.what.splitlines()[0].rstrip(':')}")
        return
    if there is None:
        say(f"look: {tagged.tag} is not on {repository.remote}: {typed('push')}")
    elif there != checkout.object_of_tag(repository, tagged.tag):
        raise DeliveryError(
            f"{tagged.tag} is another one here than on {repository.remote}",
            code="TagMoved",
            fix=remote.retake(repository.remote, tagged.tag),
        )


def proof_of(tagged: Tagged, into: Path, say: Callable[[str], None]) -> Proof:
    """Return the proof of a release; where none is kept, the files are built again from the tag.

    ``into``: a folder for these. Raises `AnotherRelease`, `BuildError` or `ProofFailed`.
    """
    repository = tagged.repository
    kept = Proof.recall(repository)
    if kept and (kept.tag, kept.commit) == (tagged.tag, tagged.commit):
        return kept
    say(f"no proof of {tagged.tag} is kept: building it from the tag")
    at_tag = replace(repository, commit=tagged.commit)
    with voyage.alone(repository), voyage.cloned(at_tag) as scratch:
        built = voyage.build(scratch, say)
        files = tuple(Distribution.from_path(Path(shutil.copy2(one.path, into))) for one in built)
    wrong = [one.path.name for one in files if one.version != tagged.version]
    if wrong:
        raise ReleaseError(
            f"{tagged.tag} builds {', '.join(wrong)}, which is another version",
            code="ProofFailed",
            fix=f"git show {tagged.tag}",
        )
    proof = Proof(tagged.tag, str(tagged.version), tagged.commit, files, is_rebuilt=True)
    with contextlib.suppress(OSError):
        # Without a place to keep it, it is built again.
        proof.keep(repository)
    return Proof.recall(repository) or proof
