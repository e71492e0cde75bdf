"""The walk of a preflight finds what a release would be refused for, and goes on."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Callable

import pytest

import broken_states
from preflight_in_process import enter
from release_repo import make_release_repo, scratch_clones
from seatrial.checks.check import run_checks
from seatrial.checks.registry import RELEASE_CHECKS
from seatrial.findings import Verdict
from seatrial.release.preflight import attempt_push, attempt_release
from seatrial.release.prepare import ReleaseRequest

if TYPE_CHECKING:
    from pathlib import Path

    from release_repo import ReleaseRepo


pytestmark = pytest.mark.slow

UNKNOWN_REMOTE = {"GIT008", "GIT009", "GIT010", "GIT017"}
"""What is not known of a remote that could not be asked."""

UNCOMMITTED = {"GIT014", "GIT015"}
"""What is not known where no commit was made."""

UNWRITTEN = {*UNCOMMITTED, "META004", "META006", "META007", "META008"}
"""What is not known where neither version nor changelog could be written."""

UNREAD = {*UNWRITTEN, "GIT006", "GIT012", "GIT013", "META002", "META003", "META005"}
"""What is not known where the project could not be read."""


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ReleaseRepo:
    """Make a project, and give this process the environment that its commands have."""
    made = make_release_repo(tmp_path / "port")
    enter(made.project, monkeypatch)
    return made


def verdicts(repo: ReleaseRepo, request: ReleaseRequest) -> tuple[set[str], set[str]]:
    """Return the codes of what failed and of what is unknown; building is left out."""
    before = repo.state()
    with attempt_release(repo.project.root, request, os.environ) as run:
        attempt_push(run)
        judged = run_checks(RELEASE_CHECKS, run.attempt())
    assert repo.state() == before
    assert scratch_clones(repo) == []
    verdicts = {result.code: result.finding.verdict for result in judged if result.code != "DIST411"}
    failed = {code for code, verdict in verdicts.items() if verdict is Verdict.FAILED}
    return failed, {code for code, verdict in verdicts.items() if verdict is Verdict.UNKNOWN}


def test_healthy_project_is_walked_through(repo: ReleaseRepo) -> None:
    assert verdicts(repo, ReleaseRequest("minor")) == (set(), set())


@pytest.mark.parametrize(
    ("trouble", "failed", "unknown"),
    [
        (broken_states.detach, {"GIT005"}, UNKNOWN_REMOTE),
        (broken_states.branch_off, {"GIT006"}, set()),
        (broken_states.lose_the_remote, {"GIT007"}, UNKNOWN_REMOTE),
        (broken_states.lose_the_upstream, {"GIT007"}, UNKNOWN_REMOTE),
        (broken_states.cut_the_history_off, {"GIT003"}, set()),
        (broken_states.fall_behind, {"GIT010"}, set()),
        (broken_states.diverge, {"GIT010", "GIT017"}, set()),
        (broken_states.tag_here, {"GIT013"}, UNCOMMITTED),
        (broken_states.tag_there, {"GIT013"}, UNCOMMITTED),
        (broken_states.use_up_the_fragments, {"META005"}, set()),
        (broken_states.misname_a_fragment, {"META005", "GIT017"}, UNREAD - {"META005"}),
        (broken_states.take_the_marker_away, {"META006", "GIT017"}, UNWRITTEN - {"META006"}),
        (broken_states.write_latin1, {"META006", "GIT017"}, UNWRITTEN - {"META006"}),
        (broken_states.name_another_version, {"META002", "GIT017"}, UNREAD - {"META002"}),
        (broken_states.configure_a_file_without_the_version, {"META004", "GIT017"}, UNWRITTEN - {"META004"}),
        (broken_states.refuse_in_a_hook, {"GIT014"}, {"GIT015"}),
        (broken_states.lose_the_network, {"GIT008"}, UNKNOWN_REMOTE - {"GIT008"}),
        (broken_states.rewrite_the_version_in_a_hook, {"META004"}, UNCOMMITTED),
        (broken_states.lack_the_tags, {"GIT012"}, set()),
        (broken_states.tag_a_newer_release, {"META003"}, set()),
        (broken_states.pin_a_dependency_to_the_same_number, {"META004", "GIT017"}, UNWRITTEN - {"META004"}),
        (broken_states.write_the_entry_by_hand, {"META006", "GIT017"}, UNWRITTEN - {"META006"}),
        (broken_states.begin_a_merge, {"GIT004"}, set()),
        (broken_states.write_a_fragment_in_latin1, {"META006", "GIT017"}, UNWRITTEN - {"META006"}),
        (broken_states.push_to_two, {"GIT007"}, set()),
        (broken_states.skip_ci_in_a_hook, {"META008"}, UNCOMMITTED),
    ],
    ids=lambda case: getattr(case, "__name__", ""),
)
def test_trouble_is_found_and_the_release_goes_on(
    repo: ReleaseRepo, trouble: Callable[[ReleaseRepo], None], failed: set[str], unknown: set[str]
) -> None:
    trouble(repo)
    assert verdicts(repo, ReleaseRequest("minor")) == (failed, unknown)
