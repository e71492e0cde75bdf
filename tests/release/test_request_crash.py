"""A release through a request is killed at every distinct git command and every call of gh: whole or not at all."""

from __future__ import annotations

import re
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from forge_merges import RecordedGh, by_merge_commit, by_squash, merge, protect
from preloaded import IN_A_SESSION
from release_repo import ReleaseRepo, RepoState, made_once, make_release_repo

if TYPE_CHECKING:
    from pathlib import Path

    from sample_project import RunResult

pytestmark = pytest.mark.slow

MOMENTS = ("before", "after")
REQUEST_PLACES, TAG_PLACES = 35, 30
"""How many distinct commands the two parts of a release run, at least."""

WORDS = r"""words="$words$(printf '%s ' "$@" | tr '\n' ' ' | sed -E 's#[0-9a-f]{40}#ID#g; s#(/[^ /=:]+)+/#/#g')" """
DEADLY = """\
#!/bin/sh
case $PWD in */scratch/*) words="{name} in the scratch clone: " ;; *) words="{name} in the checkout: " ;; esac
{words}
echo "$words" >> "$COMMANDS"
die() {{ [ {name} = gh ] && kill -KILL $PPID; kill -KILL 0; }}
[ "$DIE" = "before $words" ] && die
{program} "$@"
code=$?
[ "$DIE" = "after $words" ] && die
exit $code
"""
"""A program that writes down each call, and kills the release before or after the one that ``DIE`` names.

git runs in the process group of the release, gh in its own.
"""


def deadly(repo: ReleaseRepo, folder: Path, when: str, *words: str) -> tuple[RunResult, list[str]]:
    """Release with a git and a gh that kill ``when``; return how it ended, and the distinct commands."""
    programs = folder / "bin"
    programs.mkdir(parents=True)
    real = {"git": shutil.which("git"), "gh": str(repo.project.root.parent / "gh/gh")}
    for name, program in real.items():
        path = programs / name
        path.write_text(DEADLY.format(name=name, words=WORDS, program=program))
        path.chmod(0o755)
    commands = folder / "commands"
    ran = repo.project.run(
        *(*IN_A_SESSION, sys.executable, "-m", "invoke", "release", *words, "--yes", "--no-tests"),
        PATH=f"{programs}:{repo.project.environ['PATH']}",
        COMMANDS=str(commands),
        DIE=when,
    )
    return ran, list(dict.fromkeys(commands.read_text().splitlines()))


def _make_port(folder: Path) -> None:
    repo = make_release_repo(folder, "uv_build")
    repo.project.git("rm", "-q", "noxfile.py")
    repo.project.commit("Do without sessions")
    repo.project.git("tag", "-a", "-m", "tidepool 1.2.3", "v1.2.3")
    repo.project.git("push", "-q", "origin", "main", "v1.2.3")
    assert repo.release("--part", "minor", "--dry-run").returncode == 0
    RecordedGh(folder / "gh").install(repo)
    protect(repo)


def port(folder: Path) -> ReleaseRepo:
    """Return a copy of a project on GitHub whose branch is protected."""
    repo = made_once("request-crash-port", _make_port).copy(folder)
    # The address of the remote leads to the bare repository of the copy.
    repo.project.run("git", "config", "--remove-section", f"url.{_old_remote(repo)}")
    repo.project.git("config", f"url.{repo.remote.root}.insteadOf", "https://github.com/acme/tidepool.git")
    return repo


def _old_remote(repo: ReleaseRepo) -> str:
    (key,) = repo.project.git("config", "--name-only", "--get-regexp", r"^url\..*\.insteadof$").split()
    return key[len("url.") : -len(".insteadof")]


def requests_of(repo: ReleaseRepo) -> list[str]:
    """Return the branches of the requests on the forge."""
    text = (repo.project.root.parent / "gh/state.json").read_text()
    return re.findall(r'"headRefName": "([^"]+)"', text)


def acts(command: str) -> bool:
    """Whether a command pushes, or asks the forge."""
    return " push " in command or command.startswith("gh ")


@pytest.mark.parametrize("is_act", [True, False])
def test_request_that_is_killed_anywhere_is_finished_by_the_next_run(tmp_path: Path, *, is_act: bool) -> None:
    """No fast test can show it: processes are killed, and what they leave is what the next run finds."""
    words = ("--pull-request", "--part", "minor")
    whole = port(tmp_path / "whole")
    before = whole.state()
    ran, commands = deadly(whole, tmp_path / "undisturbed", "never", *words)
    assert ran.returncode == 0, ran.output
    after = whole.state()
    assert requests_of(whole) == ["release/1.3.0"]
    assert len(commands) >= REQUEST_PLACES
    assert len([command for command in commands if " push " in command]) == 1
    assert len([command for command in commands if command.startswith("gh ")]) == 2

    def die(place: tuple[int, str, str]) -> str:
        number, moment, command = place
        folder = tmp_path / f"{moment}{number}"
        other = port(folder / "port")
        ran, _ = deadly(other, folder, f"{moment} {command}", *words)
        state = other.state()
        wrong = _wrong(ran, state, before, after)
        again = other.release(*words, "--yes", PATH=f"{folder / 'port/gh'}:{other.project.environ['PATH']}")
        is_whole = not again.returncode and other.state() == after and requests_of(other) == ["release/1.3.0"]
        shutil.rmtree(folder)
        wrong = wrong or ("" if is_whole else f"the next run ended otherwise:\n{again.output}")
        return f"{moment} {command}: {wrong}" if wrong else ""

    chosen = [command for command in commands if acts(command) == is_act]
    # Before a command is after the one above it: only what acts can end differently in between.
    moments = MOMENTS if is_act else MOMENTS[:1]
    places = [(number, moment, command) for moment in moments for number, command in enumerate(chosen)]
    with ThreadPoolExecutor(2) as pool:
        assert [wrong for wrong in pool.map(die, places) if wrong] == []


@pytest.mark.parametrize("way", [by_merge_commit, by_squash])
def test_tag_that_is_killed_anywhere_is_finished_by_the_next_run(tmp_path: Path, way: object) -> None:
    """No fast test can show it: processes are killed, and what they leave is what the next run finds."""

    def merged(folder: Path) -> None:
        repo = port(folder)
        assert repo.release("--pull-request", "--part", "minor", "--yes").returncode == 0
        (repo.remote.root / "hooks/update").unlink()
        merge(repo, way)  # type: ignore[arg-type]
        shutil.rmtree(folder / "forge")

    def copied(folder: Path) -> ReleaseRepo:
        repo = made_once(f"merged-port-{getattr(way, '__name__', '')}", merged).copy(folder)
        repo.project.run("git", "config", "--remove-section", f"url.{_old_remote(repo)}")
        repo.project.git("config", f"url.{repo.remote.root}.insteadOf", "https://github.com/acme/tidepool.git")
        return repo

    whole = copied(tmp_path / "whole")
    before = whole.state()
    ran, commands = deadly(whole, tmp_path / "undisturbed", "never")
    assert ran.returncode == 0, ran.output
    after = whole.state()
    assert len(commands) >= TAG_PLACES
    assert len([command for command in commands if " push " in command]) == 1

    def die(place: tuple[int, str, str]) -> str:
        number, moment, command = place
        folder = tmp_path / f"{moment}{number}"
        other = copied(folder / "port")
        ran, _ = deadly(other, folder, f"{moment} {command}")
        state = other.state()
        wrong = _wrong(ran, state, before, after)
        again = other.release("--yes") if other.state() != after else None
        is_whole = other.state() == after and (again is None or not again.returncode)
        shutil.rmtree(folder)
        wrong = wrong or ("" if is_whole else f"the next run ended otherwise:\n{again.output if again else ''}")
        return f"{moment} {command}: {wrong}" if wrong else ""

    # After a merge commit, only the push differs from the way of a squash.
    chosen = commands if way is by_squash else [command for command in commands if acts(command)]
    places = [(number, moment, command) for moment in MOMENTS for number, command in enumerate(chosen) if acts(command)]
    places += [(number, MOMENTS[0], command) for number, command in enumerate(chosen) if not acts(command)]
    with ThreadPoolExecutor(2) as pool:
        assert [wrong for wrong in pool.map(die, places) if wrong] == []


def _wrong(ran: RunResult, state: RepoState, before: RepoState, after: RepoState) -> str:
    """Return what is wrong after a kill, "" for nothing."""
    if ran.returncode != -9:
        return f"not killed, but ended with {ran.returncode}:\n{ran.output}"
    if state.remote not in (before.remote, after.remote):
        return f"half of it is on the remote:\n{state.remote}"
    if state.remote == before.remote and state != before:
        return "not pushed, and the checkout has changed"
    return ""
