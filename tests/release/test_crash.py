"""A release is killed at every distinct git command, and two are made at once: whole or not at all, each time."""

from __future__ import annotations

import re
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from hashlib import sha256
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

import pytest

from preloaded import IN_A_SESSION
from release_repo import ReleaseRepo, RepoState, files_below, made_once, make_release_repo
from seatrial.git.push import PushState
from seatrial.git.repository import read_repository
from seatrial.release.push import read_interrupted_release

if TYPE_CHECKING:
    from pathlib import Path

    from sample_project import RunResult


pytestmark = pytest.mark.slow

PLACES = 30
"""How many distinct git commands a release runs, before and after which it is killed. More is fine; fewer means that
the test no longer looks where it looked."""

DIFFERENT = 10
"""How many different things the kills leave on the disk, at least."""

UNSTEADY = ("index", "site-packages")
"""What is not compared of what lies on the disk: git's index holds times of files, and the other never changes."""

THROWN_AWAY = re.compile(r"home/|tidepool/\.nox/")
OBJECT_OF_SCRATCH = re.compile(r"home/.*/\.git/objects/")
HASH_OF_A_FOLDER = re.compile(r"(?<=[/-])[0-9a-f]{16}(?=[/.])")

MOMENTS = ("before", "after")
MOST_AT_ONCE = 20
"""How often two releases are made at once until they are on their way together."""

DEADLY_GIT = """\
#!/bin/sh
case $PWD in */scratch/*) words="in the scratch clone: " ;; *) words="in the checkout: " ;; esac
words="$words$(printf '%s ' "$@" | tr '\\n' ' ' | sed -E 's#[0-9a-f]{{40}}#ID#g; s#(/[^ /=:]+)+/#/#g')"
echo "$words" >> "$COMMANDS"
[ "$DIE" = "before $words" ] && kill -KILL 0
{git} "$@"
code=$?
[ "$DIE" = "after $words" ] && kill -KILL 0
exit $code
"""
"""A git that writes down each command, without folders and ids of objects: two that differ in them alone are the same.
Before or after the one that ``DIE`` names, it kills the process group of the release."""


def deadly(repo: ReleaseRepo, folder: Path, when: str) -> tuple[RunResult, list[str]]:
    """Release with a git that kills the process group ``when``; return how it ended, and the git commands."""
    program = folder / "bin/git"
    program.parent.mkdir(parents=True)
    program.write_text(DEADLY_GIT.format(git=shutil.which("git")))
    program.chmod(0o755)
    commands = folder / "commands"
    ran = repo.project.run(
        *(*IN_A_SESSION, sys.executable, "-m", "invoke", "release", "--part", "minor", "--yes", "--no-tests"),
        PATH=f"{program.parent}:{repo.project.environ['PATH']}",
        COMMANDS=str(commands),
        DIE=when,
    )
    return ran, list(dict.fromkeys(commands.read_text().splitlines()))


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
    ran, commands = deadly(repo, folder / "deadly", "never")
    assert ran.returncode == 0, ran.output
    (folder / "distinct").write_text("\n".join(commands))


@pytest.fixture(scope="module")
def undisturbed() -> ReleaseRepo:
    """Return a project after a release that nothing disturbed."""
    return made_once("crash-whole", _make_whole)


@pytest.fixture(scope="module")
def whole(undisturbed: ReleaseRepo) -> RepoState:
    """Return the state after it."""
    return undisturbed.state()


@pytest.fixture(scope="module")
def commands(undisturbed: ReleaseRepo) -> tuple[str, ...]:
    """Return its distinct git commands, in their order."""
    return tuple((undisturbed.project.root.parent / "distinct").read_text().splitlines())


def is_push(command: str) -> bool:
    """Whether a git command is the one that publishes."""
    return ": push " in command


class Killed(NamedTuple):
    """What is wrong after a release was killed, "" for nothing; and whether it had happened."""

    wrong: str
    has_happened: bool


@dataclass
class Kills:
    """Releases of copies of ``port`` that are killed.

    ``before``: the state of ``port``; ``whole``: that after a release that nothing disturbed; ``left_behind``: what lay
    on the disk after each kill.
    """

    repo: ReleaseRepo
    before: RepoState
    whole: RepoState
    left_behind: set[str] = field(default_factory=set)
    _lock: Lock = field(default_factory=Lock)

    def kill(self, moment: str, command: str, folder: Path) -> Killed:
        """Kill one ``moment`` a git command, look, and release again.

        What is on the disk is all that the next release finds: where it is the same as after another kill, the next
        release is not made once more.
        """
        other = self.repo.copy(folder / "port")
        ran, _ = deadly(other, folder, f"{moment} {command}")
        state = other.state()
        wrong = self._what_is_wrong(ran, state) or (self._what_is_wrong_later(other, state, folder))
        shutil.rmtree(folder)
        return Killed(f"{moment} {command}: {wrong}" if wrong else "", state.remote == self.whole.remote)

    def _what_is_wrong(self, ran: RunResult, state: RepoState) -> str:
        if ran.returncode != -9:
            return f"not killed, but ended with {ran.returncode}:\n{ran.output}"
        if state.remote not in (self.before.remote, self.whole.remote):
            return f"half of it is on the remote:\n{state.remote}"
        if state.remote == self.before.remote and state != self.before:
            return "not released, and the checkout has changed"
        return ""

    def _what_is_wrong_later(self, other: ReleaseRepo, state: RepoState, folder: Path) -> str:
        digest = sha256(f"{state} {sorted(on_disk(folder / 'port'))}".encode()).hexdigest()
        if not self._is_new(digest):
            return ""
        again = other.release("--part", "minor", "--yes")
        is_whole = not again.returncode and other.state() == self.whole
        return "" if is_whole else f"running it again ended otherwise:\n{again.output}"

    def _is_new(self, digest: str) -> bool:
        with self._lock:
            is_new = digest not in self.left_behind
            self.left_behind.add(digest)
        return is_new


def on_disk(folder: Path) -> set[tuple[str, str]]:
    """Return what lies on the disk: paths, without the hash of the folder that is in some, and contents.

    Of the scratch clone, which is thrown away, and of what a build remembers, the paths alone: contents name folders
    and times. The objects of the scratch clone are left out.
    """
    orders = set()
    for path, content in files_below(folder, UNSTEADY):
        if not OBJECT_OF_SCRATCH.match(path):
            orders.add((HASH_OF_A_FOLDER.sub("ID", path), "" if THROWN_AWAY.match(path) else content))
    return orders


@pytest.fixture(scope="module")
def kills(repo: ReleaseRepo, whole: RepoState) -> Kills:
    return Kills(repo, repo.state(), whole)


def test_there_are_as_many_places_to_die_as_ever(commands: tuple[str, ...]) -> None:
    assert len(commands) >= PLACES
    assert len([command for command in commands if is_push(command)]) == 1


@pytest.mark.selection
def test_release_that_is_killed_at_its_push_has_happened_if_the_push_has(
    kills: Kills, commands: tuple[str, ...], tmp_path: Path
) -> None:
    """No fast test can show it: processes are killed, and what they leave is what the next release finds."""
    (push,) = filter(is_push, commands)
    killed = [kills.kill(moment, push, tmp_path / moment) for moment in MOMENTS]
    assert killed == [Killed("", has_happened=False), Killed("", has_happened=True)]


@pytest.mark.parametrize("moment", MOMENTS)
def test_release_that_is_killed_at_any_other_git_command_is_whole_or_not_at_all(
    kills: Kills, commands: tuple[str, ...], tmp_path: Path, moment: str
) -> None:
    others = [command for command in commands if not is_push(command)]

    def die(number: int) -> str:
        return kills.kill(moment, others[number], tmp_path / str(number)).wrong

    with ThreadPoolExecutor(2) as pool:
        assert [wrong for wrong in pool.map(die, range(len(others))) if wrong] == []
    assert len(kills.left_behind) >= DIFFERENT


@pytest.mark.parametrize("hook", ["pre-receive", "update", "post-receive"])
def test_release_that_is_killed_while_the_remote_takes_it(
    repo: ReleaseRepo, whole: RepoState, tmp_path: Path, hook: str
) -> None:
    other = repo.copy(tmp_path / "port")
    path = other.remote.root / "hooks" / hook
    path.write_text("#!/bin/sh\nkill -KILL 0\n")
    path.chmod(0o755)
    before = other.state()
    ran, _ = deadly(other, tmp_path, "never")
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
    copy = repo.copy(tmp_path / "port")
    hook = copy.project.root / ".git/hooks/pre-commit"
    # The first release is not over while its hook waits; the second is made from within.
    hook.write_text(
        f'#!/bin/sh\nenv -u GIT_DIR -u GIT_INDEX_FILE {sys.executable} -m invoke --search-root "{copy.project.root}" '
        "release --part minor --yes --no-tests; [ $? = 5 ]\n"
    )
    hook.chmod(0o755)
    ran = copy.release("--part", "minor", "--yes")
    assert ran.returncode == 0, ran.output
    assert copy.state().remote == whole.remote
