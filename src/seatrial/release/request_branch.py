"""The branch of a release that is merged on the forge: what seatrial has pushed, and who has changed it since.

The commit of such a branch says in two trailers which release it is, and which tree it had when seatrial made it. A
note in the git folder keeps the commit that was verified on this machine.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from packaging.version import InvalidVersion, Version

from seatrial.errors import ReleaseError, count_text
from seatrial.git.command import Git
from seatrial.git.push import CommitFacts, fetch_branch, read_branches, read_commits
from seatrial.project.tag_form import released_versions
from seatrial.storage import read_json, write_json

if TYPE_CHECKING:
    from seatrial.git.repository import Remote, Repository
    from seatrial.project.snapshot import ProjectSnapshot


RELEASE_TRAILER, INTO_TRAILER, TREE_TRAILER = "Seatrial-Release", "Seatrial-Into", "Seatrial-Tree"
"""The trailers of the commit of a request: project and version, the branch that it goes to, and the id of its tree."""

NOTE_VERSION = 1


@dataclass(frozen=True)
class RequestNote:
    """The request that was pushed last from this repository, verified here.

    ``release``: its version; ``branch``: the branch that was pushed; ``into``: the branch that it is merged into;
    ``base``: the commit below it; ``replaced``: the commit that the branch was at before, None for a new branch;
    ``tested``: whether the sessions tagged ``release`` ran; ``files``: the SHA-256 of the files that were verified, by
    their names; ``url``: the address of the request, None where this machine has not opened it.
    """

    project: str
    release: str
    tag: str
    remote: str
    branch: str
    into: str
    base: str
    commit: str
    tree: str
    replaced: str | None = None
    tested: bool = True
    files: Mapping[str, str] = field(default_factory=dict)
    url: str | None = None

    @property
    def version(self) -> Version:
        """The version of the release."""
        return Version(self.release)

    def keep(self, repository: Repository) -> None:
        """Write the note, in place of the one before. Raises `OSError`."""
        write_json(_note(repository), {"version": NOTE_VERSION, **asdict(self)}, indent=2)

    @classmethod
    def recall(cls, repository: Repository) -> RequestNote | None:
        """Return the note; None when there is none, or none that can be read: then the release is verified again."""
        table = read_json(_note(repository)) or {}
        values = {name: table[name] for name in cls.__dataclass_fields__ if name in table}
        texts = (value for name, value in values.items() if name not in {"tested", "files"} and value is not None)
        is_sound = all(isinstance(text, str) for text in texts) and isinstance(values.get("files", {}), dict)
        if table.get("version") != NOTE_VERSION or not is_sound:
            return None
        try:
            note = cls(**values)
            Version(note.release)
        except (TypeError, InvalidVersion):
            return None
        return note

    @staticmethod
    def forget(repository: Repository) -> None:
        """Remove the note and the body: the request is over."""
        _note(repository).unlink(missing_ok=True)
        _body(repository).unlink(missing_ok=True)


def keep_body(repository: Repository, text: str) -> str:
    """Write the body of a request for the form that opens it, and return its path from here. Raises `OSError`."""
    path = _body(repository)
    path.write_text(text, encoding="utf-8")
    try:
        return os.path.relpath(path)
    except ValueError:  # Windows: another drive
        return str(path)


def may_have_request(repository: Repository) -> bool:
    """Whether a request was pushed from here and is not over, or a commit without a tag is that of a merged one.

    Nothing is asked: the commits are those of the checkout, and of the branch that it follows as it was fetched last.
    """
    if _note(repository).is_file():
        return True
    upstream = repository.upstream
    heads = ("HEAD", f"refs/remotes/{upstream.remote}/{upstream.branch}") if upstream else ("HEAD",)
    options = ("-1", "--ignore-missing", "--format=%H", f"--grep=^{RELEASE_TRAILER}: ")
    return bool(Git(repository.root).line("log", *options, *heads, "--not", "--tags"))


def _note(repository: Repository) -> Path:
    suffix = f"-{quote(repository.prefix.rstrip('/'), safe='')}" if repository.prefix else ""
    return repository.common_dir / f"seatrial/request{suffix}.json"


def _body(repository: Repository) -> Path:
    """Return the path of the body of a request that was not opened, next to the note."""
    return _note(repository).with_suffix(".md")


def with_trailers(message: str, project: str, version: Version, into: str, tree: str) -> str:
    """Return the message of the commit of a request."""
    trailers = ((RELEASE_TRAILER, f"{project} {version}"), (INTO_TRAILER, into), (TREE_TRAILER, tree))
    return f"{message.rstrip()}\n\n" + "".join(f"{name}: {value}\n" for name, value in trailers)


def released_by(commit: CommitFacts, project: str) -> Version | None:
    """Return the version that a commit says it releases, None for any other commit."""
    name, _, version = commit.trailers.get(RELEASE_TRAILER, "").rpartition(" ")
    if name != project:
        return None
    with contextlib.suppress(InvalidVersion):
        return Version(version)
    return None


def branch_form(snapshot: ProjectSnapshot, repository: Repository) -> str:
    """Return the form of the names of release branches, with ``{version}`` and perhaps ``{name}`` in it."""
    return snapshot.config.release_branch or ("release/{name}-{version}" if repository.prefix else "release/{version}")


def branch_of(snapshot: ProjectSnapshot, repository: Repository, version: Version) -> str:
    """Return the name of the release branch of a version."""
    return branch_form(snapshot, repository).format(version=version, name=snapshot.project.name)


@dataclass(frozen=True)
class RequestBranch:
    """A release branch on a remote.

    ``behind``: how many commits the upstream branch has that it lacks; ``own``: the commit of seatrial in it, None when
    there is none; ``added``: what somebody has put on top of that, or changed.
    """

    name: str
    version: Version
    commit: str
    behind: int
    own: CommitFacts | None
    added: tuple[str, ...] = ()

    def is_for(self, into: str) -> bool:
        """Whether a release made it to be merged into a branch: releases can be made from several."""
        return self.own is not None and self.own.trailers.get(INTO_TRAILER, into) == into


def read_request_branches(
    repository: Repository, remote: Remote, snapshot: ProjectSnapshot, note: RequestNote | None
) -> tuple[RequestBranch, ...]:
    """Return the release branches of a remote that are newer than the last release, the newest version last.

    Their objects are fetched, but no ref is made. Raises `RemoteUnreachable` or `CommandFailed`.
    """
    form, name = branch_form(snapshot, repository), snapshot.project.name
    branches = read_branches(repository, remote, form.format(version="*", name=name))
    versions = released_versions(tuple(branches), form, name, snapshot.places.version)
    tagged = set(remote.tags)
    waiting = {
        version: branch
        for version, branch in versions.items()
        if snapshot.tag(version) not in tagged and (snapshot.last_version is None or version > snapshot.last_version)
    }
    return tuple(
        _read_branch(repository, remote, waiting[version], version, branches[waiting[version]], name, note)
        for version in sorted(waiting)
    )


def _read_branch(
    repository: Repository,
    remote: Remote,
    branch: str,
    version: Version,
    commit: str,
    project: str,
    note: RequestNote | None,
) -> RequestBranch:
    fetch_branch(repository, remote, branch, commit)
    tip = remote.tip or ""
    commits = read_commits(repository, f"{tip}..{commit}")
    behind = len(read_commits(repository, f"{commit}..{tip}"))
    own = next((each for each in commits if released_by(each, project) == version), None)
    if own is None:
        return RequestBranch(branch, version, commit, behind, None, tuple(_named(each) for each in commits))
    added = [_named(each) for each in commits if each.commit != own.commit and not _is_update(repository, each, tip)]
    is_as_pushed = note is not None and note.commit == own.commit
    if not is_as_pushed and (len(own.parents) != 1 or own.trailers.get(TREE_TRAILER) != own.tree):
        added.append(f"{_named(own)}, which was changed after seatrial made it")
    return RequestBranch(branch, version, commit, behind, own, tuple(added))


def _is_update(repository: Repository, commit: CommitFacts, tip: str) -> bool:
    """Whether a commit merges the branch that a request goes to, as the button of a forge does, and changes no more."""
    git = Git(repository.root)
    merged = commit.parents[1:]
    if len(merged) != 1 or git.attempt("merge-base", "--is-ancestor", merged[0], tip).returncode:
        return False
    # git before 2.38 can't merge without a work tree.
    return git.line("merge-tree", "--write-tree", *commit.parents) == commit.tree


def _named(commit: CommitFacts) -> str:
    return f"{commit.commit[:12]} {commit.subject}"


def require_own_branch(branch: RequestBranch, remote: Remote) -> None:
    """Raise `ReleaseBranchTaken` or `ReleaseBranchEdited` for a branch that seatrial may not replace."""
    remove = f"git push {remote.name} --delete {branch.name}"
    if branch.own is None:
        raise ReleaseError(
            f"{remote.name} has a branch {branch.name} already, which no release made",
            code="ReleaseBranchTaken",
            fix="name the branches of releases otherwise: release-branch in [tool.seatrial]\n"
            f"or, if {branch.name} is not needed: {remove}",
        )
    if branch.added:
        listed = "".join(f"\n  {line}" for line in branch.added)
        raise ReleaseError(
            f"{branch.name} on {remote.name} has {count_text(len(branch.added), 'change')} that seatrial did not make, "
            f"and would be replaced:{listed}",
            code="ReleaseBranchEdited",
            fix="merge the request as it is, or put the changes on the branch that it goes to; "
            f"to make it anew without them: {remove}",
        )
