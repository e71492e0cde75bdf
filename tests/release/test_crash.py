"""A release is killed at every git command in turn, and two are made at once: whole or not at all, each time."""

from __future__ import annotations

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from harbour import Harbour, State, harbour

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

PLACES = 36
"""How many git commands a release runs, in whose stead it dies before and after. More is fine; fewer means that the
test no longer looks where it looked."""

DEADLY_GIT = """\
#!/bin/sh
number=$(($(cat "$COUNTER" 2>/dev/null || echo 0) + 1))
echo $number > "$COUNTER"
[ "$DIE" = "before $number" ] && kill -KILL 0
{git} "$@"
code=$?
[ "$DIE" = "after $number" ] && kill -KILL 0
exit $code
"""


def deadly(port: Harbour, folder: Path, when: str) -> tuple[int, int]:
    """Release with a git that kills the process tree ``when``; return the exit code and how often git was run."""
    program = folder / "bin/git"
    program.parent.mkdir(parents=True)
    program.write_text(DEADLY_GIT.format(git=shutil.which("git")))
    program.chmod(0o755)
    counter = folder / "counter"
    environ = {**port.trial.environ, "PATH": f"{program.parent}:{port.trial.environ['PATH']}"}
    done = subprocess.run(
        (sys.executable, "-m", "invoke", "release", "--part", "minor", "--yes", "--no-tests"),
        cwd=port.trial.root,
        env={**environ, "COUNTER": str(counter), "DIE": when},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        start_new_session=True,
        check=False,
    )
    return done.returncode, int(counter.read_text())


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Harbour:
    """Return a project whose build environment is warm, so that each death and each rebirth is quick."""
    made = harbour(tmp_path_factory.mktemp("port") / "port")
    assert made.release("--part", "minor", "--dry-run").returncode == 0
    return made


@pytest.fixture(scope="module")
def whole(port: Harbour, tmp_path_factory: pytest.TempPathFactory) -> State:
    """Return the state after a release that nothing disturbed."""
    other = port.copy(tmp_path_factory.mktemp("whole") / "port")
    assert other.release("--part", "minor", "--yes").returncode == 0
    return other.state()


@pytest.fixture(scope="module")
def count(port: Harbour, tmp_path_factory: pytest.TempPathFactory) -> int:
    """Return how many git commands a release runs."""
    folder = tmp_path_factory.mktemp("count")
    code, number = deadly(port.copy(folder / "port"), folder, "never")
    assert code == 0
    return number


def test_there_are_as_many_places_to_die_as_ever(count: int) -> None:
    assert count >= PLACES


OLDEST = sys.version_info[:2] == (3, 9)


@pytest.mark.parametrize(
    "moment",
    [
        # Each takes more than a minute: one on each end of the matrix.
        pytest.param("before", marks=pytest.mark.skipif(OLDEST, reason="runs on the newest Python")),
        pytest.param("after", marks=pytest.mark.skipif(not OLDEST, reason="runs on the oldest Python")),
    ],
)
def test_release_that_is_killed_at_any_git_command_is_whole_or_not_at_all(
    port: Harbour, whole: State, count: int, tmp_path: Path, moment: str
) -> None:
    before = port.state()

    def die(number: int) -> str:
        folder = tmp_path / str(number)
        other = port.copy(folder / "port")
        code, _ = deadly(other, folder, f"{moment} {number}")
        state = other.state()
        if code != -9:
            return f"{number}: did not die, but ended with {code}"
        if state.remote not in (before.remote, whole.remote):
            return f"{number}: half of it is on the remote:\n{state.remote}"
        if state.remote == before.remote and state != before:
            return f"{number}: not released, and the checkout has changed"
        again = other.release("--part", "minor", "--yes")
        if again.returncode or other.state() != whole:
            return f"{number}: running it again ended otherwise:\n{again.output}"
        shutil.rmtree(folder)
        return ""

    with ThreadPoolExecutor(2) as pool:
        assert [said for said in pool.map(die, range(1, count + 1)) if said] == []


@pytest.mark.parametrize("hook", ["pre-receive", "update", "post-receive", "post-update"])
def test_release_that_is_killed_while_the_remote_takes_it(
    port: Harbour, whole: State, tmp_path: Path, hook: str
) -> None:
    other = port.copy(tmp_path / "port")
    path = other.remote.root / "hooks" / hook
    path.write_text("#!/bin/sh\nkill -KILL 0\n")
    path.chmod(0o755)
    before = other.state()
    code, _ = deadly(other, tmp_path, "never")
    path.unlink()
    state = other.state()
    assert code == -9
    assert state.remote in (before.remote, whole.remote)
    assert state.head == before.head
    again = other.release("--part", "minor", "--yes")
    assert again.returncode == 0, again.output
    assert other.state() == whole


def test_of_two_releases_at_once_one_wins_and_the_other_says_why(port: Harbour, tmp_path: Path) -> None:
    refused = 0
    for number in range(20):
        one = port.copy(tmp_path / str(number))
        second = one.clone("second").trial
        # Somebody else: the same commit by the same person in the same second would be one and the same object.
        two = Harbour(replace(second, environ={**second.environ, "GIT_COMMITTER_NAME": "B. Committer"}))
        with ThreadPoolExecutor(2) as pool:
            ended = list(pool.map(lambda clone: clone.release("--part", "minor", "--yes"), (one, two)))
        codes = sorted(ran.returncode for ran in ended)
        assert codes == [0, 5], [ran.output for ran in ended]
        (loser,) = (ran for ran in ended if ran.returncode)
        assert not loser.was_a_traceback
        assert any(f"#{error}\n" in loser.output for error in ("pushrefused", "branchbehind", "tagtaken")), loser.output
        winner = one if not ended[0].returncode else two
        assert (
            one.remote.git("rev-parse", "main", "v1.3.0^{commit}").split()
            == [winner.trial.git("rev-parse", "HEAD").strip()] * 2
        )
        refused += "#pushrefused\n" in loser.output
        shutil.rmtree(tmp_path / str(number))
    assert refused, "the two were never on their way at once"


def test_of_two_releases_in_one_clone_the_second_is_told(port: Harbour, whole: State, tmp_path: Path) -> None:
    one = port.copy(tmp_path / "port")
    hook = one.trial.root / ".git/hooks/pre-commit"
    # The first release is not over while its hook waits; the second is made from within.
    hook.write_text(
        f'#!/bin/sh\nenv -u GIT_DIR -u GIT_INDEX_FILE {sys.executable} -m invoke --search-root "{one.trial.root}" '
        "release --part minor --yes --no-tests; [ $? = 5 ]\n"
    )
    hook.chmod(0o755)
    ran = one.release("--part", "minor", "--yes")
    assert ran.returncode == 0, ran.output
    assert one.state().remote == whole.remote
