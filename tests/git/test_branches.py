"""The push of a release branch: its state is known or unknown, never guessed, and a lost connection is no refusal."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING

import pytest

from errors_raised import raises_error
from git_server import SlowRemote, serve_remote, the_line_is_cut
from seatrial.events import Activity, Note, Progress
from seatrial.git.push import BranchPush, push_branch, read_branches
from seatrial.git.repository import Remote, Upstream, read_remote, read_repository

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sample_project import SampleProject


BRANCH = "release/1.3.0"


@dataclass
class Forge:
    """A clone whose remote is served over http, and the notes of its pushes."""

    clone: SampleProject
    slow: SlowRemote
    remote: Remote
    texts: list[str] = field(default_factory=list)

    def push(self, patience: float = 0) -> tuple[str, ...]:
        """Push the release branch as a new one."""
        repository = read_repository(self.clone.root)
        push = BranchPush(BRANCH, repository.commit or "")
        return push_branch(repository, self.remote, push, Progress(self._emit), patience)

    def _emit(self, event: object) -> None:
        if isinstance(event, (Note, Activity)):
            self.texts.append(event.text)

    @property
    def branches(self) -> dict[str, str]:
        """The release branches of the remote."""
        return read_branches(read_repository(self.clone.root), self.remote, "release/*")


@pytest.fixture
def clone(project: SampleProject) -> SampleProject:
    """Return a repository with a remote, and a commit that the remote lacks."""
    project.git("init", "-q", "-b", "main")
    project.commit()
    project.git("init", "-q", "--bare", "-b", "main", "../remote.git")
    project.git("-C", "../remote.git", "config", "http.receivepack", "true")
    project.git("remote", "add", "origin", "../remote.git")
    project.git("push", "-q", "-u", "origin", "main")
    project.commit("Release 1.3.0")
    return project


def remote_at(clone: SampleProject, address: str) -> Remote:
    """Return the remote, which is at an address from now on."""
    remote = read_remote(read_repository(clone.root), Upstream("origin", "refs/heads/main"))
    clone.git("remote", "set-url", "origin", address)
    return replace(remote, addresses=(address,))


@pytest.fixture(params=["pre-receive", "post-receive"])
def forge(clone: SampleProject, request: pytest.FixtureRequest) -> Iterator[Forge]:
    """Return a forge that drops the connection of the next push, before or after the refs move."""
    bare = clone.root.parent / "remote.git"
    slow = SlowRemote.make(bare, request.param)
    with serve_remote(bare, slow) as address:
        yield Forge(clone, slow, remote_at(clone, address))


def test_connection_that_is_lost_is_no_refusal(forge: Forge) -> None:
    questions = count()

    def answer() -> None:
        if next(questions) == 1:
            forge.slow.let_go()

    def drop() -> None:
        forge.slow.on_read = answer

    forge.slow.on_drop = drop
    assert forge.push(patience=60) == ()
    assert forge.texts[0] == f"the connection to origin was lost during the push: asking whether it has {BRANCH}"
    assert forge.branches == {BRANCH: forge.clone.git("rev-parse", "HEAD").strip()}


@pytest.mark.parametrize("forge", ["pre-receive"], indirect=True)
def test_push_whose_state_stays_unknown_is_neither_taken_nor_refused(forge: Forge) -> None:
    with raises_error("PushUnknown") as caught:
        forge.push()
    assert caught.value.what.startswith(f"whether origin takes {BRANCH} is not known yet:\n")
    assert forge.branches == {}
    forge.slow.let_go()
    assert forge.branches == {BRANCH: forge.clone.git("rev-parse", "HEAD").strip()}


@pytest.mark.parametrize("forge", ["pre-receive"], indirect=True)
def test_push_that_somebody_overtook_is_refused(forge: Forge) -> None:
    bare = forge.clone.root.parent / "remote.git"

    def overtake() -> None:
        forge.clone.git("-C", str(bare), "update-ref", f"refs/heads/{BRANCH}", "main")

    forge.slow.on_drop = overtake
    with raises_error("PushRefused"):
        forge.push()


def test_line_that_is_cut_while_the_pack_is_sent_leaves_the_state_unknown(clone: SampleProject) -> None:
    bare = clone.root.parent / "remote.git"
    with serve_remote(bare, the_line_is_cut) as address, raises_error("PushUnknown"):
        Forge(clone, SlowRemote(bare, bare, bare), remote_at(clone, address)).push()


def test_push_of_which_nothing_was_sent_is_refused_at_once(clone: SampleProject) -> None:
    """Nothing listens at port 9; the remote is not asked, for a minute, about what can't have arrived."""
    bare = clone.root.parent / "remote.git"
    forge = Forge(clone, SlowRemote(bare, bare, bare), remote_at(clone, "http://127.0.0.1:9/remote.git"))
    with raises_error("PushRefused"):
        forge.push(patience=60)
    assert forge.texts == []
