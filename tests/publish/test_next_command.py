"""The next command of a status works in the state of the project: it is run as it is printed, up to the release."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

import broken_states
from errors_raised import rendered
from preflight_in_process import enter
from release_repo import ReleaseRepo, make_release_repo
from seatrial.distributions.cache import existing_files
from seatrial.git.push import AtomicPush
from seatrial.git.repository import Upstream, read_repository, read_tags
from seatrial.project.snapshot import ProjectSnapshot
from seatrial.publish.status import ProjectStatus, read_status
from seatrial.release.push import NOTE, NOTE_VERSION, ReleasePush

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


pytestmark = pytest.mark.slow


def keep(repo: ReleaseRepo) -> None:
    """Leave the project as it is."""
    del repo


def change_files(repo: ReleaseRepo) -> None:
    repo.project.write({"README.md": "Changed.\n", "new.txt": "New.\n"})


def commit_on(repo: ReleaseRepo, branch: str, text: str) -> None:
    """Commit a file on a branch, and check out main."""
    repo.project.git("checkout", "-q", "-B", branch)
    repo.project.write({"depth.txt": text})
    repo.project.commit(text)
    repo.project.git("checkout", "-q", "main")


def change_twice(repo: ReleaseRepo) -> None:
    """Commit a file on two branches, each in another way."""
    commit_on(repo, "topic", "deep")
    commit_on(repo, "main", "shallow")


def stop_in_a_rebase(repo: ReleaseRepo) -> None:
    commit_on(repo, "main", "deep")
    repo.project.git("-c", "sequence.editor=sed -i s/^pick/edit/", "rebase", "-q", "-i", "HEAD~1")


def stop_in(*command: str) -> Callable[[ReleaseRepo], None]:
    """Return a state: a command of git has stopped at a conflict."""

    def stop(repo: ReleaseRepo) -> None:
        change_twice(repo)
        assert repo.project.run("git", *command).returncode

    return stop


def resolve_in_a_cherry_pick(repo: ReleaseRepo) -> None:
    stop_in("cherry-pick", "topic")(repo)
    repo.project.write({"depth.txt": "deep and shallow"})
    repo.project.git("add", "depth.txt")


def clone_without_contents(repo: ReleaseRepo) -> None:
    repo.remote.git("config", "uploadpack.allowFilter", "true")
    repo.project.run("rm", "-rf", ".git")
    repo.project.git("clone", "-q", "--filter=blob:none", "--no-checkout", f"file://{repo.remote.root}", "new")
    repo.project.run("mv", "new/.git", ".git")
    repo.project.run("rmdir", "new")
    repo.project.git("reset", "-q", "--hard")


def begin_again(repo: ReleaseRepo) -> None:
    repo.project.run("rm", "-rf", ".git")
    repo.project.git("init", "-q", "-b", "main")


def empty_the_remote(repo: ReleaseRepo) -> None:
    repo.remote.git("update-ref", "-d", "refs/heads/main")


def rename_the_remote(repo: ReleaseRepo) -> None:
    repo.project.git("config", "branch.main.remote", "elsewhere")


def tag_without_push(repo: ReleaseRepo) -> None:
    repo.project.git("tag", "-a", "-m", "1.2.3", "v1.2.3")


def interrupt_after_the_push(repo: ReleaseRepo) -> None:
    """Leave what a release leaves that is killed before the checkout is updated."""
    other = repo.clone("other").project
    other.commit("Release 1.2.3")
    other.git("tag", "-a", "-m", "tidepool 1.2.3", "v1.2.3")
    other.git("push", "-q", "origin", "main", "v1.2.3")
    base, commit, oid = other.git("rev-parse", "HEAD^", "HEAD", "v1.2.3").split()
    push = AtomicPush(Upstream("origin", "refs/heads/main"), commit, "v1.2.3", oid, base)
    note = {"version": NOTE_VERSION, **ReleasePush(push, "main").as_dict()}
    (repo.project.root / ".git" / NOTE).write_text(json.dumps(note))


def damage_the_note(repo: ReleaseRepo) -> None:
    (repo.project.root / ".git" / NOTE).write_text("{")


def commit_here(repo: ReleaseRepo) -> None:
    repo.project.commit("Mine")


def all_of(*states: Callable[[ReleaseRepo], None]) -> Callable[[ReleaseRepo], None]:
    """Return several states at once."""

    def enter_all(repo: ReleaseRepo) -> None:
        for state in states:
            state(repo)

    return enter_all


RELEASE = "invoke release --part minor"
SWITCH = "git switch main"
FOLLOW = "git branch --set-upstream-to=origin/main"
UNFILTER = (
    "git config --unset-all remote.origin.partialclonefilter && git fetch --refetch && "
    "git config --unset-all remote.origin.promisor"
)
STATES: dict[str, tuple[Callable[[ReleaseRepo], None], tuple[str, ...]]] = {
    "all is well": (keep, (RELEASE,)),
    "uncommitted changes": (change_files, (RELEASE,)),
    "behind": (broken_states.fall_behind, ("git pull --ff-only", RELEASE)),
    "behind, changes": (
        all_of(broken_states.fall_behind, change_files),
        ("git pull --rebase --autostash", RELEASE),
    ),
    "diverged": (broken_states.diverge, ("git pull --rebase", RELEASE)),
    "diverged, changes": (
        all_of(broken_states.diverge, change_files),
        ("git pull --rebase --autostash", RELEASE),
    ),
    "detached": (broken_states.detach, (SWITCH, RELEASE)),
    "detached, changes": (all_of(broken_states.detach, change_files), (SWITCH, RELEASE)),
    "shallow": (broken_states.cut_the_history_off, ("git fetch --unshallow --tags", RELEASE)),
    "shallow, detached": (
        all_of(broken_states.cut_the_history_off, broken_states.detach),
        ("git fetch --unshallow --tags", SWITCH, RELEASE),
    ),
    "partial clone": (clone_without_contents, (UNFILTER, RELEASE)),
    "no commit": (begin_again, ("git add -A && git commit", "git remote add -f origin ADDRESS")),
    "no remote": (broken_states.lose_the_remote, ("git remote add -f origin ADDRESS", FOLLOW, RELEASE)),
    "no upstream": (broken_states.lose_the_upstream, (FOLLOW, RELEASE)),
    "another remote": (rename_the_remote, (FOLLOW, RELEASE)),
    "empty remote": (empty_the_remote, ("git push origin main:main", RELEASE)),
    "two addresses": (
        broken_states.push_to_two,
        ("git remote set-url --push --delete origin ../second.git", RELEASE),
    ),
    "no network": (broken_states.lose_the_network, ("git ls-remote origin",)),
    "another branch": (broken_states.branch_off, (SWITCH, RELEASE)),
    "merge": (broken_states.begin_a_merge, ("git merge --continue", RELEASE)),
    "rebase": (stop_in_a_rebase, ("git rebase --continue", RELEASE)),
    "cherry-pick": (resolve_in_a_cherry_pick, ("git cherry-pick --continue", RELEASE)),
    "merge with conflicts": (stop_in("merge", "topic"), ("git status",)),
    "rebase with conflicts": (stop_in("rebase", "topic"), ("git status",)),
    "no fragments": (broken_states.use_up_the_fragments, ("invoke news feature 'What is new.'", RELEASE)),
    "unpushed tag": (tag_without_push, ("invoke push",)),
    "interrupted, diverged": (all_of(interrupt_after_the_push, commit_here), ("git pull --rebase", RELEASE)),
    "interrupted, another tag": (
        all_of(interrupt_after_the_push, tag_without_push),
        ("git fetch --force origin refs/tags/v1.2.3:refs/tags/v1.2.3", "invoke release", RELEASE),
    ),
    "interrupted, damaged note": (
        all_of(interrupt_after_the_push, damage_the_note),
        ("invoke release --forget", "git pull --ff-only", RELEASE),
    ),
    "tags missing": (broken_states.lack_the_tags, ("git fetch --tags", RELEASE)),
    "tag of another history": (broken_states.tag_here, ("git tag -d v1.3.0", RELEASE)),
    "tag there": (broken_states.tag_there, ("invoke release --version 1.3.1",)),
}
"""For a state, the next command in it, and those in the states after it."""


def status_of(repo: ReleaseRepo) -> ProjectStatus:
    repository = read_repository(repo.project.root)
    tags = read_tags(repository) if repository.commit else {}
    snapshot = ProjectSnapshot.of(repo.project.root, existing_files(repo.project.root), tags)
    return read_status(repository, snapshot, os.environ, patience=0.5)


@pytest.mark.parametrize("name", STATES)
def test_next_command_is_run_as_it_is_printed_up_to_the_release(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = make_release_repo(tmp_path / "port")
    enter(repo.project, monkeypatch)
    state, expected = STATES[name]
    state(repo)
    printed: list[str] = []
    for _ in expected:
        status = status_of(repo)
        following = json.loads(rendered(json.dumps(status.as_dict()["next"], ensure_ascii=False)))["text"]
        printed.append(following)
        assert rendered(status).splitlines()[-1].partition(": ")[0] == f"next       {following}".partition(": ")[0]
        if following == expected[-1] and not following.startswith("git "):
            break
        command = following.replace("ADDRESS", "../remote.git")
        # git asks for the message of a merge in an editor, and for that of a commit too.
        ran = repo.project.run("sh", "-c", command, GIT_EDITOR="sed -i 1iMessage")
        assert (ran.returncode == 0) is (name != "no network"), ran.output
    assert tuple(printed) == expected
