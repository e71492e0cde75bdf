"""A release is killed at every distinct state of the disk, and two are made at once: whole or not at all, each time."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from killed_releases import Moment, Undisturbed, different, is_act, left_behind, release, undisturbed_release
from release_repo import ReleaseRepo, RepoState, made_once, make_release_repo
from seatrial.git.push import PushState
from seatrial.git.repository import read_repository
from seatrial.release.push import read_interrupted_release

if TYPE_CHECKING:
    from pathlib import Path


pytestmark = pytest.mark.slow

PLACES = 60
"""How many moments a release has, before and after each distinct git command. More is fine; fewer means that the test
no longer looks where it looked."""

DIFFERENT = 15
"""How many different things are on the disk in them, at least."""

MOST_AT_ONCE = 20
"""How often two releases are made at once until they are on their way together."""

WORDS = ("--part", "minor")

GIT_COMMAND = re.compile(r"git in the (scratch clone|checkout): (-c \S+ )*")

COMMANDS = {
    **dict.fromkeys(("add", "checkout", "clean", "commit", "config", "fetch", "init", "ls-remote", "ls-tree"), 1),
    **dict.fromkeys(("merge", "merge-base", "push", "remote", "tag", "update-ref"), 1),
    **dict.fromkeys(("diff", "reset", "show-ref", "var"), 2),
    **dict.fromkeys(("for-each-ref", "ls-files", "status"), 4),
    **dict.fromkeys(("log", "rev-parse"), 3),
}
"""How often a release calls each command of git. Each takes its time: one more has to be worth it."""


def _make_port(folder: Path) -> None:
    # The quickest backend, and no sessions that would be listed: a release is made a hundred times.
    repo = make_release_repo(folder, "uv_build")
    repo.project.git("rm", "-q", "noxfile.py")
    repo.project.commit("Do without sessions")
    repo.project.git("push", "-q")
    # It leaves what a build remembers.
    assert repo.release("--part", "minor", "--dry-run").returncode == 0


@pytest.fixture(scope="module")
def repo() -> ReleaseRepo:
    """Return a project that is ready to be released, and is copied by each test."""
    return made_once("crash-port", _make_port)


def _make_whole(folder: Path) -> None:
    repo = made_once("crash-port", _make_port).copy(folder)
    outside = folder.with_name("crash-moments")
    shutil.rmtree(outside, ignore_errors=True)
    (folder / "recorded").write_text(json.dumps(undisturbed_release(repo, outside, *WORDS)))


@pytest.fixture(scope="module")
def undisturbed() -> ReleaseRepo:
    """Return a project after a release that nothing disturbed."""
    return made_once("crash-whole", _make_whole)


@pytest.fixture(scope="module")
def whole(undisturbed: ReleaseRepo) -> RepoState:
    """Return the state after it."""
    return undisturbed.state()


@pytest.fixture(scope="module")
def recorded(undisturbed: ReleaseRepo) -> Undisturbed:
    """Return its moments and commands, in their order."""
    moments, commands = json.loads((undisturbed.project.root.parent / "recorded").read_text())
    return Undisturbed(tuple(Moment(*fields) for fields in moments), tuple(commands))


@pytest.fixture(scope="module")
def moments(recorded: Undisturbed) -> tuple[Moment, ...]:
    """Return its moments, in their order."""
    return recorded.moments


@dataclass(frozen=True)
class Kills:
    """Releases of copies of ``port`` that are killed.

    ``before``: the state of ``port``; ``whole``: that after a release that nothing disturbed.
    """

    repo: ReleaseRepo
    before: RepoState
    whole: RepoState

    def what_is_wrong(self, moment: Moment, folder: Path, *, has_happened: bool) -> str:
        """Kill a release, look, and release again; return what is wrong, "" for nothing."""
        other = self.repo.copy(folder / "port")
        ran = release(other, folder, *WORDS, die=str(moment))
        state = other.state()
        wrong = ""
        if ran.returncode != -9:
            wrong = f"not killed, but ended with {ran.returncode}:\n{ran.output}"
        elif state.remote != (self.whole if has_happened else self.before).remote:
            wrong = f"half of it is on the remote, or all too early, or nothing:\n{state.remote}"
        elif not has_happened and state != self.before:
            wrong = "not released, and the checkout has changed"
        elif left_behind(other) != moment.disk:
            # Then the kills that are left out, because the disk is the same, are not the same.
            wrong = "something else is on the disk than what was recorded"
        else:
            again = other.release(*WORDS, "--yes")
            if again.returncode or other.state() != self.whole:
                wrong = f"running it again ended otherwise:\n{again.output}"
        shutil.rmtree(folder)
        return f"{moment}: {wrong}" if wrong else ""


@pytest.fixture(scope="module")
def kills(repo: ReleaseRepo, whole: RepoState) -> Kills:
    return Kills(repo, repo.state(), whole)


def test_release_calls_git_no_more_often_than_it_has_to(recorded: Undisturbed) -> None:
    commands = Counter(GIT_COMMAND.sub("", words).split()[0] for words in recorded.commands)
    assert commands == COMMANDS


def test_there_are_as_many_places_to_die_as_ever(moments: tuple[Moment, ...]) -> None:
    assert len(moments) >= PLACES
    assert len(different(moments)) >= DIFFERENT
    assert [moment.when for moment in moments if is_act(moment)] == ["before", "after"]


@pytest.mark.selection
def test_release_that_is_killed_at_its_push_has_happened_if_the_push_has(
    kills: Kills, moments: tuple[Moment, ...], tmp_path: Path
) -> None:
    """No fast test can show it: processes are killed, and what they leave is what the next release finds."""
    before, after = filter(is_act, moments)
    assert kills.what_is_wrong(before, tmp_path / "before", has_happened=False) == ""
    assert kills.what_is_wrong(after, tmp_path / "after", has_happened=True) == ""


@pytest.mark.parametrize("has_happened", [False, True])
def test_release_that_is_killed_at_any_other_git_command_is_whole_or_not_at_all(
    kills: Kills, moments: tuple[Moment, ...], tmp_path: Path, *, has_happened: bool
) -> None:
    """It is killed once for each different thing on the disk, before and after its distinct git commands."""
    before, after = filter(is_act, moments)
    chosen = [moment for moment in different(moments) if moment not in (before, after)]
    chosen = [moment for moment in chosen if (moments.index(moment) > moments.index(after)) == has_happened]

    def die(number: int) -> str:
        return kills.what_is_wrong(chosen[number], tmp_path / str(number), has_happened=has_happened)

    with ThreadPoolExecutor(2) as pool:
        assert [wrong for wrong in pool.map(die, range(len(chosen))) if wrong] == []


@pytest.mark.parametrize("hook", ["pre-receive", "update", "post-receive"])
def test_release_that_is_killed_while_the_remote_takes_it(
    repo: ReleaseRepo, whole: RepoState, tmp_path: Path, hook: str
) -> None:
    other = repo.copy(tmp_path / "port")
    path = other.remote.root / "hooks" / hook
    path.write_text("#!/bin/sh\nkill -KILL 0\n")
    path.chmod(0o755)
    before = other.state()
    ran = release(other, tmp_path / "deadly", *WORDS)
    path.unlink()
    state = other.state()
    assert ran.returncode == -9
    assert state.remote in (before.remote, whole.remote)
    assert state.head == before.head
    interrupted = read_interrupted_release(read_repository(other.project.root))
    assert interrupted is not None
    # Whether the hook was killed or still runs is unknown here: the user has to decide.
    assert interrupted.state is (PushState.UNKNOWN if state.remote == before.remote else PushState.ACCEPTED)
    if interrupted.state is PushState.UNKNOWN:
        assert other.project.invoke("release", "--forget").returncode == 0
    again = other.release("--part", "minor", "--yes")
    assert again.returncode == 0, again.output
    assert other.state() == whole


def test_of_two_releases_at_once_one_wins_and_the_other_says_why(repo: ReleaseRepo, tmp_path: Path) -> None:
    """They are made again until the push of one was refused: else it had seen the other's release before."""
    refused = 0
    for number in range(MOST_AT_ONCE):
        if refused and number >= 3:
            break
        copy = repo.copy(tmp_path / str(number))
        second = copy.clone("second").project
        # Somebody else: the same commit by the same person in the same second would be one and the same object.
        two = ReleaseRepo(replace(second, environ={**second.environ, "GIT_COMMITTER_NAME": "B. Committer"}))
        with ThreadPoolExecutor(2) as pool:
            ended = list(pool.map(lambda clone: clone.release("--part", "minor", "--yes"), (copy, two)))
        codes = sorted(ran.returncode for ran in ended)
        assert codes == [0, 5], [ran.output for ran in ended]
        (loser,) = (ran for ran in ended if ran.returncode)
        assert not loser.was_a_traceback
        assert any(f" {code}\n" in loser.output for code in ("PushRefused", "BranchBehind", "TagTaken")), loser.output
        winner = copy if not ended[0].returncode else two
        assert (
            copy.remote.git("rev-parse", "main", "v1.3.0^{commit}").split()
            == [winner.project.git("rev-parse", "HEAD").strip()] * 2
        )
        refused += " PushRefused\n" in loser.output
        shutil.rmtree(tmp_path / str(number))
    assert refused, "the two were never on their way at once"


def test_second_release_in_one_clone_is_refused(repo: ReleaseRepo, whole: RepoState, tmp_path: Path) -> None:
    copy, second = repo.copy(tmp_path / "port"), tmp_path / "second"
    hook = copy.project.root / ".git/hooks/pre-commit"
    # The first release is not over while its hook waits; the second is made from within, and its hook makes no third.
    hook.write_text(
        f'#!/bin/sh\n[ -e "{second}" ] && exit\n'
        f'cd "{copy.project.root}" && env -u GIT_DIR -u GIT_INDEX_FILE {sys.executable} -m invoke '
        f'release --part minor --yes --no-tests > "{second}" 2>&1; exit 0\n'
    )
    hook.chmod(0o755)
    ran = copy.release("--part", "minor", "--yes")
    assert ran.returncode == 0, ran.output
    assert second.read_text().endswith(" AnotherRelease\n")
    assert copy.state().remote == whole.remote
