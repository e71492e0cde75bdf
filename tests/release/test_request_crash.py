"""A release through a request is killed at each state of the disk, push and call of gh: whole or not at all."""

from __future__ import annotations

import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from forge_merges import RecordedGh, by_merge_commit, by_squash, merge, protect
from killed_releases import Moment, different, is_act, release, undisturbed_release
from release_repo import ReleaseRepo, RepoState, made_once, make_release_repo

if TYPE_CHECKING:
    from pathlib import Path

    from sample_project import RunResult

pytestmark = pytest.mark.slow

REQUEST_PLACES, TAG_PLACES = 70, 56
"""How many moments the two parts of a release have, before and after each distinct command, at least."""

PROGRAMS = ("git", "gh")


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


@pytest.mark.parametrize("is_outside", [True, False])
def test_request_that_is_killed_anywhere_is_finished_by_the_next_run(tmp_path: Path, *, is_outside: bool) -> None:
    """No fast test can show it: processes are killed, and what they leave is what the next run finds.

    Before and after what acts outside; or else once for each different thing on the disk.
    """
    words = ("--pull-request", "--part", "minor")
    whole = port(tmp_path / "whole")
    before = whole.state()
    moments = undisturbed_release(whole, tmp_path / "undisturbed", *words, programs=PROGRAMS).moments
    after = whole.state()
    assert requests_of(whole) == ["release/1.3.0"]
    assert len(moments) >= REQUEST_PLACES
    assert len([moment for moment in moments if " push " in moment.command]) == 2
    assert len([moment for moment in moments if moment.command.startswith("gh ")]) == 4

    def die(place: tuple[int, Moment]) -> str:
        number, moment = place
        folder = tmp_path / str(number)
        other = port(folder / "port")
        ran = release(other, folder, *words, programs=PROGRAMS, die=str(moment))
        state = other.state()
        wrong = _wrong(ran, state, before, after)
        again = other.release(*words, "--yes", PATH=f"{folder / 'port/gh'}:{other.project.environ['PATH']}")
        is_whole = not again.returncode and other.state() == after and requests_of(other) == ["release/1.3.0"]
        shutil.rmtree(folder)
        wrong = wrong or ("" if is_whole else f"the next run ended otherwise:\n{again.output}")
        return f"{moment}: {wrong}" if wrong else ""

    chosen = [moment for moment in different(moments) if is_act(moment) == is_outside]
    with ThreadPoolExecutor(2) as pool:
        assert [wrong for wrong in pool.map(die, enumerate(chosen)) if wrong] == []


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
    moments = undisturbed_release(whole, tmp_path / "undisturbed", programs=PROGRAMS).moments
    after = whole.state()
    assert len(moments) >= TAG_PLACES
    assert len([moment for moment in moments if " push " in moment.command]) == 2

    def die(place: tuple[int, Moment]) -> str:
        number, moment = place
        folder = tmp_path / str(number)
        other = copied(folder / "port")
        ran = release(other, folder, programs=PROGRAMS, die=str(moment))
        state = other.state()
        wrong = _wrong(ran, state, before, after)
        again = other.release("--yes") if other.state() != after else None
        is_whole = other.state() == after and (again is None or not again.returncode)
        shutil.rmtree(folder)
        wrong = wrong or ("" if is_whole else f"the next run ended otherwise:\n{again.output if again else ''}")
        return f"{moment}: {wrong}" if wrong else ""

    # After a merge commit, only the push differs from the way of a squash.
    chosen = [moment for moment in different(moments) if way is by_squash or is_act(moment)]
    with ThreadPoolExecutor(2) as pool:
        assert [wrong for wrong in pool.map(die, enumerate(chosen)) if wrong] == []


def _wrong(ran: RunResult, state: RepoState, before: RepoState, after: RepoState) -> str:
    """Return what is wrong after a kill, "" for nothing."""
    if ran.returncode != -9:
        return f"not killed, but ended with {ran.returncode}:\n{ran.output}"
    if state.remote not in (before.remote, after.remote):
        return f"half of it is on the remote:\n{state.remote}"
    if state.remote == before.remote and state != before:
        return "not pushed, and the checkout has changed"
    return ""
