"""A release that was tagged: its version, its tag, and the files that an index has to serve for it."""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.commands import Command
from seatrial.distributions.distribution import Distribution
from seatrial.errors import DeliveryError, ReleaseError, SeatrialError
from seatrial.git.atomic_push import retake_command
from seatrial.git.command import Git
from seatrial.git.repository import object_of_tag, read_remote, read_tags
from seatrial.project.tag_form import released_versions
from seatrial.release.manifest import Manifest
from seatrial.release.prepare import build_release, release_lock, scratch_clone

if TYPE_CHECKING:
    from collections.abc import Callable

    from packaging.version import Version

    from seatrial.git.repository import Repository
    from seatrial.project.snapshot import ProjectSnapshot


@dataclass(frozen=True)
class TaggedRelease:
    """A release of a project: its version, its tag, and the commit that the tag leads to."""

    repository: Repository
    snapshot: ProjectSnapshot
    version: Version
    tag: str
    commit: str

    @property
    def name(self) -> str:
        """The name of the project."""
        return self.snapshot.project.name

    @classmethod
    def of(cls, repository: Repository, snapshot: ProjectSnapshot, version: Version | None) -> TaggedRelease:
        """Return a release of the project, the newest when no version is given. Raises `TagMissing`."""
        tags = released_versions(read_tags(repository, "HEAD"), snapshot.tag_form, snapshot.project.name)
        version = version or max(tags, default=None)
        if version is None:
            raise ReleaseError(
                f"{snapshot.project.name} has no tag of a release", code="TagMissing", fix=Command("release")
            )
        tag = tags.get(version, snapshot.tag(version))
        commit = Git(repository.root).line("rev-parse", "--quiet", "--verify", f"refs/tags/{tag}^{{commit}}")
        if not commit:
            raise ReleaseError(
                f"there is no tag {tag}",
                code="TagMissing",
                fix=f"git fetch --tags; or, where nothing was released, {Command('release')}",
            )
        return cls(repository, snapshot, version, tag, commit)


def require_same_tag(tagged: TaggedRelease, say: Callable[[str], None]) -> None:
    """Raise `TagMoved` when the remote has another tag of that name: the remote's tag is the one that was released.

    Without a remote, or when it does not answer, the tag is not compared.
    """
    repository, upstream = tagged.repository, tagged.repository.upstream
    if upstream is None:
        return
    try:
        oid = read_remote(repository, upstream).tags.get(tagged.tag)
    except SeatrialError as error:
        say(f"{error.what.splitlines()[0].rstrip(':')}")
        return
    if oid is None:
        say(f"{tagged.tag} is not on {upstream.remote}: {Command('push')}")
    elif oid != object_of_tag(repository, tagged.tag):
        raise DeliveryError(
            f"{tagged.tag} is another one here than on {upstream.remote}",
            code="TagMoved",
            fix=retake_command(upstream.remote, tagged.tag),
        )


def manifest_of(tagged: TaggedRelease, folder: Path, say: Callable[[str], None]) -> Manifest:
    """Return the manifest of a release; when none is kept, its files are built again from the tag, in ``folder``.

    Raises `AnotherRelease`, `BuildError` or `VerificationFailed`.
    """
    repository = tagged.repository
    kept = Manifest.recall(repository)
    if kept and kept.is_of(tagged.tag, tagged.commit):
        return kept
    say(f"no manifest of {tagged.tag} is kept: building it from the tag")
    with release_lock(repository), scratch_clone(repository, tagged.commit) as scratch:
        built = build_release(scratch, say)
        files = tuple(Distribution.from_path(Path(shutil.copy2(file.path, folder))) for file in built)
    wrong = [file.name for file in files if file.version != tagged.version]
    if wrong:
        raise ReleaseError(
            f"{tagged.tag} builds {', '.join(wrong)}, which is another version",
            code="VerificationFailed",
            fix=f"git show {tagged.tag}",
        )
    manifest = Manifest(tagged.tag, str(tagged.version), tagged.commit, files, is_rebuilt=True)
    with contextlib.suppress(OSError):
        # When the disk is full, it is built again the next time.
        manifest.keep(repository)
    return Manifest.recall(repository) or manifest
