"""The state of a push is known or unknown, never guessed: a connection is lost while the remote's hook still works."""

from __future__ import annotations

import json
import os
import signal
import sys
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING

import pytest

from errors_raised import raises_error
from git_server import SlowRemote, serve_remote, the_line_is_cut
from preflight_in_process import enter
from preloaded import IN_A_SESSION
from release_repo import ReleaseRepo, release_happened
from sample_project import lines
from seatrial.events import Activity, Note, Progress
from seatrial.git.push import PushState
from seatrial.git.repository import read_repository
from seatrial.release.prepare import ReleaseRequest
from seatrial.release.push import NOTE, read_interrupted_release
from seatrial.release.release import ReleaseOptions, make_release, resume_release

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sample_project import RunResult
    from seatrial.release.plan import ReleasePlan
    from seatrial.release.prepare import PreparedRelease


pytestmark = pytest.mark.slow

READ = "more: seatrial explain "
AT_ONCE = ReleaseOptions(ReleaseRequest("minor"), os.environ, tests=False, patience=0)
"""A release that asks the remote once."""


@dataclass
class Recorder:
    """A user who agrees to everything, and the texts that are shown."""

    texts: list[str] = field(default_factory=list)

    @property
    def progress(self) -> Progress:
        """Keep the notes, and what is waited for."""
        return Progress(self._emit)

    def _emit(self, event: object) -> None:
        if isinstance(event, (Note, Activity)):
            self.texts.append(event.text)

    def show(self, text: object) -> None:
        """Keep a text."""
        self.texts.append(str(text))

    def choose_part(self, prepared: PreparedRelease) -> str | None:
        """Fail: the part is known."""
        raise AssertionError(prepared)

    def confirm(self, plan: ReleasePlan) -> None:
        """Agree."""


@dataclass
class Forge:
    """A project whose remote is served over http, by a forge that drops the connection of the next push."""

    repo: ReleaseRepo
    remote: SlowRemote
    address: str

    @property
    def note(self) -> Path:
        """The note of the interrupted release."""
        return self.repo.project.root / ".git" / NOTE

    def let_go_at_the_second_question(self) -> None:
        """Have the hook take the push before the remote is asked again after the connection has dropped."""
        questions = count()

        def answer() -> None:
            if next(questions) == 1:
                self.remote.let_go()

        def drop() -> None:
            self.remote.on_read = answer

        self.remote.on_drop = drop

    def kill_at_the_push(self) -> RunResult:
        """Release, and kill the process group as soon as the remote has the pack."""
        hook, group = self.repo.project.root / ".git/hooks/pre-push", self.repo.project.root.parent / "group"
        hook.write_text(f"#!/bin/sh\nps -o pgid= $$ > {group}\n")
        hook.chmod(0o755)
        self.remote.on_drop = lambda: os.killpg(int(group.read_text()), signal.SIGKILL)
        release = (sys.executable, "-m", "invoke", "release", "--part", "minor", "--yes", "--no-tests")
        ran = self.repo.project.run(*IN_A_SESSION, *release)
        assert ran.returncode == -9, ran.output
        return ran

    def ask(self) -> PushState | None:
        """Ask once what became of the interrupted release."""
        interrupted = read_interrupted_release(read_repository(self.repo.project.root))
        return interrupted.state if interrupted else None


def serve(repo: ReleaseRepo, hook: str) -> Iterator[Forge]:
    slow = SlowRemote.make(repo.remote.root, hook)
    with serve_remote(repo.remote.root, slow) as address:
        repo.project.git("remote", "set-url", "origin", address)
        yield Forge(repo, slow, address)


@pytest.fixture
def forge(repo: ReleaseRepo, monkeypatch: pytest.MonkeyPatch) -> Iterator[Forge]:
    """Return a forge whose hook waits before the refs move."""
    enter(repo.project, monkeypatch)
    yield from serve(repo, "pre-receive")


@pytest.fixture
def forge_after(repo: ReleaseRepo, monkeypatch: pytest.MonkeyPatch) -> Iterator[Forge]:
    """Return a forge whose hook waits after the refs have moved."""
    enter(repo.project, monkeypatch)
    yield from serve(repo, "post-receive")


@pytest.mark.selection
def test_connection_that_drops_before_the_refs_move_is_no_refusal(forge: Forge) -> None:
    """No fast test can show it: a real hook of a real remote goes on without its client."""
    forge.let_go_at_the_second_question()
    ran = forge.repo.release("--part", "minor", "--yes")
    assert ran.returncode == 0, ran.output
    assert "the connection to origin was lost during the push: asking whether it has taken v1.3.0" in ran.output
    assert "waiting for origin to take or refuse v1.3.0, 60 s at most" in ran.output
    release_happened(forge.repo)
    assert not forge.note.exists()


def test_connection_that_drops_after_the_refs_have_moved_is_a_release(forge_after: Forge) -> None:
    ran = forge_after.repo.release("--part", "minor", "--yes")
    assert ran.returncode == 0, ran.output
    release_happened(forge_after.repo)
    assert not forge_after.note.exists()


def test_push_whose_state_stays_unknown_is_finished_by_resume(forge: Forge) -> None:
    before = forge.repo.state()
    with raises_error("PushUnknown") as caught:
        make_release(read_repository(forge.repo.project.root), AT_ONCE, Recorder())
    assert caught.value.what.startswith(f"whether origin ({forge.address}) takes v1.3.0 is not known yet:\n")
    assert forge.repo.state() == before
    assert forge.ask() is PushState.UNKNOWN
    # Another release is not begun meanwhile, and a preflight says why.
    with raises_error("PushUnknown"):
        make_release(read_repository(forge.repo.project.root), AT_ONCE, Recorder())
    assert (
        f"whether origin ({forge.address}) takes v1.3.0 is not known yet"
        in forge.repo.project.invoke("preflight", "--part", "minor").output
    )
    forge.remote.let_go()
    ran = forge.repo.project.invoke("release", "--resume")
    assert ran.returncode == 0, ran.output
    assert ran.output.endswith("v1.3.0 is released. For another release, run this again.\n")
    release_happened(forge.repo)
    assert not forge.note.exists()
    assert forge.repo.project.invoke("release", "--resume").output == "No release was interrupted.\n"


def test_push_that_the_hook_refuses_afterwards_is_forgotten_by_the_user_alone(forge: Forge) -> None:
    with raises_error("PushUnknown"):
        make_release(read_repository(forge.repo.project.root), AT_ONCE, Recorder())
    forge.remote.let_go("refuse")
    assert forge.ask() is PushState.UNKNOWN
    ran = forge.repo.project.invoke("release", "--forget")
    assert (ran.returncode, ran.output) == (
        0,
        "v1.3.0 is forgotten. If it arrives all the same: git fetch --tags, and git pull\n",
    )
    (forge.repo.remote.root / "hooks/pre-receive").unlink()
    ran = forge.repo.release("--part", "minor", "--yes")
    assert ran.returncode == 0, ran.output
    release_happened(forge.repo)


def test_line_that_is_cut_while_the_pack_is_sent_leaves_the_state_unknown(
    repo: ReleaseRepo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The remote has got nothing, but this cannot be known here."""
    enter(repo.project, monkeypatch)
    with serve_remote(repo.remote.root, the_line_is_cut) as address:
        repo.project.git("remote", "set-url", "origin", address)
        before = repo.state()
        with raises_error("PushUnknown"):
            make_release(read_repository(repo.project.root), AT_ONCE, Recorder())
        assert repo.state() == before


@pytest.mark.parametrize("words", [("--resume",), ("--part", "minor", "--yes")], ids=["resume", "release"])
def test_release_that_is_killed_while_the_remote_works_is_finished(forge: Forge, words: tuple[str, ...]) -> None:
    before = forge.repo.state()
    forge.kill_at_the_push()
    assert forge.repo.state() == before
    assert forge.ask() is PushState.UNKNOWN
    assert forge.note.exists()
    status = forge.repo.project.invoke("status").output.splitlines()
    assert status[-1] == "next       invoke release --resume: whether the remote takes v1.3.0 is not known yet"
    forge.remote.let_go()
    status = forge.repo.project.invoke("status").output.splitlines()
    assert status[-1] == "next       invoke release: v1.3.0 was pushed, and the checkout is not updated"
    ran = forge.repo.release(*words)
    assert ran.returncode == 0, ran.output
    assert forge.repo.remote.git("tag").split() == ["v1.3.0"]
    release_happened(forge.repo)
    assert not forge.note.exists()


def test_release_that_is_killed_after_the_refs_have_moved_is_finished(forge_after: Forge) -> None:
    forge_after.kill_at_the_push()
    forge_after.remote.let_go()
    assert forge_after.ask() is PushState.ACCEPTED
    assert resume_release(read_repository(forge_after.repo.project.root), Recorder(), 0) == "v1.3.0"
    release_happened(forge_after.repo)


def test_release_that_is_killed_before_anything_is_sent_is_over_at_once(forge: Forge) -> None:
    before = forge.repo.state()
    hook = forge.repo.project.root / ".git/hooks/pre-push"
    hook.write_text("#!/bin/sh\nkill -KILL 0\n")
    hook.chmod(0o755)
    release = (sys.executable, "-m", "invoke", "release", "--part", "minor", "--yes", "--no-tests")
    assert forge.repo.project.run(*IN_A_SESSION, *release).returncode == -9
    assert forge.note.exists()
    # Nothing listens there: what was never sent needs no answer.
    forge.repo.project.git("remote", "set-url", "origin", "http://127.0.0.1:9/remote.git")
    recorder = Recorder()
    assert resume_release(read_repository(forge.repo.project.root), recorder, 0) is None
    assert recorder.texts == ["v1.3.0 was interrupted, and origin does not have it: it will not arrive any more"]
    assert (forge.repo.state(), forge.note.exists()) == (before, False)


def other_machine(forge: Forge) -> ReleaseRepo:
    """Return another clone, of somebody else: the same commit in the same second would be one and the same object."""
    project = forge.repo.clone("second").project
    return ReleaseRepo(replace(project, environ={**project.environ, "GIT_COMMITTER_NAME": "B. Committer"}))


def test_of_two_machines_the_one_whose_push_was_lost_gives_way(forge: Forge) -> None:
    second = other_machine(forge)
    forge.kill_at_the_push()
    assert forge.ask() is PushState.UNKNOWN
    (forge.repo.remote.root / "hooks/pre-receive").unlink()
    assert second.release("--part", "minor", "--yes").returncode == 0
    refs = forge.repo.remote.git("for-each-ref", "--format=%(objectname) %(refname)")
    assert forge.ask() is PushState.REFUSED
    forge.remote.let_go()
    assert forge.repo.remote.git("for-each-ref", "--format=%(objectname) %(refname)") == refs
    ran = forge.repo.release("--part", "minor", "--yes")
    assert (ran.returncode, forge.note.exists()) == (5, False)
    assert "v1.3.0 was interrupted, and origin does not have it: it will not arrive any more\n" in ran.output
    assert "main lacks 1 commit of origin/main\n" in ran.message


def test_branch_that_somebody_else_moves_makes_the_push_impossible(forge: Forge) -> None:
    second = other_machine(forge)
    forge.kill_at_the_push()
    second.project.commit("Theirs")
    (forge.repo.remote.root / "hooks/pre-receive").unlink()
    second.project.git("push", "-q", "origin", "main")
    assert forge.ask() is PushState.REFUSED
    forge.remote.let_go()
    assert forge.repo.remote.git("tag") == ""


def test_remote_that_is_renamed_is_found_by_its_address(forge: Forge) -> None:
    forge.kill_at_the_push()
    forge.remote.let_go()
    forge.repo.project.git("remote", "rename", "origin", "forge")
    forge.repo.project.git("remote", "add", "origin", "../elsewhere.git")
    assert resume_release(read_repository(forge.repo.project.root), Recorder(), 0) == "v1.3.0"
    assert forge.repo.project.git("rev-parse", "main") == forge.repo.remote.git("rev-parse", "v1.3.0^{commit}")


def test_remote_at_another_address_does_not_end_the_push(forge: Forge) -> None:
    forge.kill_at_the_push()
    forge.repo.project.run("git", "init", "-q", "--bare", "-b", "main", "../elsewhere.git")
    forge.repo.project.git("remote", "set-url", "origin", "../elsewhere.git")
    assert forge.ask() is PushState.UNKNOWN


def test_missing_remote_is_reported_with_two_fixes(forge: Forge) -> None:
    forge.kill_at_the_push()
    forge.repo.project.git("remote", "remove", "origin")
    message = lines(
        f"""
        seatrial: v1.3.0 was pushed to origin ({forge.address}), which is no longer a remote
        fix:  git remote add origin ADDRESS, then: invoke release --resume
              or, if it never arrived: invoke release --forget
        {READ}RemoteGone
        """
    )
    for words in (("--part", "minor", "--yes"), ("--resume",)):
        ran = forge.repo.release(*words)
        assert (ran.returncode, ran.message) == (5, message)
    assert forge.repo.project.invoke("release", "--forget").returncode == 0
    assert forge.repo.project.invoke("release", "--resume").output == "No release was interrupted.\n"


def test_note_that_cannot_be_read_can_be_forgotten(forge: Forge) -> None:
    forge.note.write_text(json.dumps({"version": 99}))
    ran = forge.repo.release("--part", "minor", "--yes")
    assert ran.returncode == 5
    assert "\nfix:  invoke release --forget\n      then, to get what has arrived: invoke status\n" in ran.message
    assert forge.repo.project.invoke("release", "--forget").returncode == 0
    assert not forge.note.exists()


def test_push_by_hand_asks_the_remote_too(forge: Forge) -> None:
    for step in (("bump", "--part", "minor"), ("changelog",)):
        assert forge.repo.project.invoke(*step).returncode == 0
    forge.repo.project.commit("Release 1.3.0")
    assert forge.repo.project.invoke("tag").returncode == 0
    forge.let_go_at_the_second_question()
    ran = forge.repo.project.invoke("push")
    assert (ran.returncode, ran.output.splitlines()[-1]) == (0, "main and v1.3.0 are on origin"), ran.output
    assert forge.repo.remote.git("tag") == "v1.3.0\n"


def test_hook_that_runs_git_and_refuses_leaves_nothing_to_ask(forge: Forge) -> None:
    """Its commands send objects too, but to no remote."""
    repo = forge.repo
    hook = repo.project.root / ".git/hooks/pre-push"
    hook.write_text('#!/bin/sh\ngit clone -q --no-local . "$(mktemp -d)/x"\nexit 1\n')
    hook.chmod(0o755)
    before = repo.state()
    ran = repo.release("--part", "minor", "--yes")
    assert (ran.returncode, repo.state()) == (5, before), ran.output
    assert f"{READ}PushRefused\n" in ran.output
    assert not (repo.project.root / ".git" / NOTE).exists()
