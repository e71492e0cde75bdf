"""A release tag in CI: whether it matches the project, its changelog and its files; and development versions."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.version import Version

from seatrial.commands import Command
from seatrial.distributions.distribution import distributions_in
from seatrial.distributions.metadata import version_of
from seatrial.errors import ProjectError, SeatrialError
from seatrial.git.command import Git
from seatrial.git.repository import Repository, files_of_commit, find_branch, read_repository, read_tags
from seatrial.project.find_versions import find_version_files
from seatrial.project.project import Project
from seatrial.project.read_changelog import has_entry, read_entry
from seatrial.project.snapshot import ProjectSnapshot
from seatrial.project.write_version import raise_version
from seatrial.workflows.context import require_version_in_files

ATTEMPTS = 100
"""How often a run can be started again before its number is that of the next."""


@dataclass(frozen=True)
class ReleaseTag:
    """A project whose commit is checked out by CI."""

    repository: Repository
    snapshot: ProjectSnapshot

    @classmethod
    def of(cls, folder: Path) -> ReleaseTag:
        """Look at it."""
        repository = read_repository(folder)
        return cls(repository, ProjectSnapshot.of(folder, files_of_commit(repository), read_tags(repository)))

    def merged_release(self, before: str) -> str | None:
        """Return the tag of the release that a push to the branch has brought, None where it brought none.

        ``before``: the commit of the branch before the push. A release is a version without a tag that the commit
        before did not have, with its entry in the changelog. A tag that is at the commit itself is that of a run which
        failed half-way. Raises `PyprojectInvalid` for a project whose version comes from the tag.
        """
        repository = self.repository
        git = Git(repository.root)
        here = set(git.run("tag", "--points-at", "HEAD").split())
        tags = set(read_tags(repository)) - here
        snapshot = ProjectSnapshot.of(self.snapshot.project.root, files_of_commit(repository), tags)
        require_version_in_files(snapshot.project)
        tag = snapshot.tag(snapshot.current)
        is_elsewhere = tag not in here and git.line("rev-parse", "--verify", "--quiet", f"refs/tags/{tag}")
        is_new = snapshot.is_untagged and not is_elsewhere
        if not is_new or (snapshot.news is not None and not snapshot.has_entry(snapshot.current)):
            return None
        old = self._version_at(before)
        return tag if old is not None and old != snapshot.current else None

    def untagged_release(self, before: str) -> str | None:
        """Return the tag of the release that was merged before this push, if its run did not make it."""
        old, last = self._version_at(before), self.snapshot.last_version
        if old is None or old.is_devrelease or last is None or not last < old < self.snapshot.current:
            return None
        return self.snapshot.tag(old) if self.snapshot.news is None or has_entry(self._news(), old) else None

    def _version_at(self, commit: str) -> Version | None:
        """Return the version of another commit, None where it has none that can be read, or is not there."""
        repository = self.repository
        git = Git(repository.root)
        if not git.line("rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}"):
            return None
        with tempfile.TemporaryDirectory(prefix="seatrial-before-") as folder:
            top = Path(folder, "tree")
            git.run("worktree", "add", "--quiet", "--force", "--detach", str(top), commit)
            try:
                project = Project.from_directory(top / repository.prefix)
                return find_version_files(project, files_of_commit(repository, commit)).version
            except SeatrialError:
                return None
            finally:
                git.attempt("worktree", "remove", "--force", str(top))

    def give_own_version(self, run: int, attempt: int) -> Version:
        """Write a development version that no other run has into the checkout, or as a tag where it comes from there.

        An index takes a version once; and a local version, which could hold the commit, it does not take at all.
        """
        base = self.snapshot.current
        release = base.release if base.is_prerelease else (*base.release[:-1], base.release[-1] + 1)
        number = run * ATTEMPTS + attempt
        version = Version(f"{f'{base.epoch}!' if base.epoch else ''}{'.'.join(map(str, release))}.dev{number}")
        if self.snapshot.comes_from_tag:
            Git(self.repository.root).run("tag", self.snapshot.tag(version))
        else:
            raise_version(self.snapshot, version)
        return version

    def version_of(self, tag: str) -> Version:
        """Return the version that a tag names. Raises `TagUnfit`."""
        versions = self.snapshot.released_among((tag,))
        if not versions:
            raise ProjectError(
                f"{tag} is not a release tag: those look like {self.snapshot.tag_form}",
                code="TagUnfit",
                fix='tag = "…{version}…" in [tool.seatrial] says how tags look',
            )
        return next(iter(versions))

    def require_match(self, tag: str, branch: str, *, built: bool) -> Version:
        """Return the version; raise `TagUnfit`, with all that is wrong, unless everything is of that one.

        ``branch``: the one that has to contain the commit; ``built``: whether the distributions are there already.
        """
        version = self.version_of(tag)
        wrong = [*self._of_commit(tag, branch), *self._of_version(tag, version)]
        wrong += self._of_files(version) if built else []
        if wrong:
            raise ProjectError(
                f"{tag} does not fit:\n" + "\n".join(f"  {line}" for line in wrong),
                code="TagUnfit",
                fix=Command("release"),
            )
        return version

    def notes(self, version: Version) -> str:
        """Return the entry of a version in the changelog without its heading, or ""."""
        return read_entry(self._news(), version)

    def _of_commit(self, tag: str, branch: str) -> Iterator[str]:
        git, here = Git(self.repository.root), self.repository.commit or "HEAD"
        tagged = git.line("rev-parse", "--verify", "--quiet", f"refs/tags/{tag}^{{commit}}")
        if tagged != here:
            yield f"the tag is at {tagged[:12] or 'no commit'}, and {here[:12]} is checked out"
        ref = find_branch(self.repository, branch)
        if ref is None:
            yield f"the branch {branch} does not exist"
        elif git.attempt("merge-base", "--is-ancestor", here, ref).returncode:
            yield f"{here[:12]} is not on {branch}"
        # A version that comes from the tag is another as soon as a file is.
        changed = [path for path in self.repository.unfinished if git.line("ls-files", "--", path)]
        yield from (f"{path} is not as it is in the commit" for path in changed)

    def _of_version(self, tag: str, version: Version) -> Iterator[str]:
        snapshot = self.snapshot
        if snapshot.tag(version) != tag:
            yield f"the tag of {version} is {snapshot.tag(version)}"
        if snapshot.current != version:
            yield f"the project says {snapshot.current}"
        if snapshot.news and not has_entry(self._news(), version):
            yield f"{snapshot.news.filename} has no heading with {version}"

    def _of_files(self, version: Version) -> Iterator[str]:
        paths = distributions_in(self.snapshot.project.root / "dist")
        if not paths:
            yield "nothing lies in dist/"
        yield from (f"{path.name} is of another version" for path in paths if version_of(path.name) != version)

    def _news(self) -> str:
        news = self.snapshot.news
        if news is None:
            return ""
        path = self.snapshot.project.root / news.entry_file(str(self.snapshot.current), self.snapshot.project.name, "")
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
