"""The walk of a preflight finds what a release would be refused for, and goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable

import pytest

import troubles
from harbour import harbour, scratches
from seatrial.checks import catalogue
from seatrial.checks.judging import judge
from seatrial.findings import Verdict
from seatrial.plan import Wish
from seatrial.preflight.walking import try_push, walked
from walks import enter

if TYPE_CHECKING:
    from pathlib import Path

    from harbour import Harbour

pytestmark = pytest.mark.slow

UNKNOWN_REMOTE = {"GIT008", "GIT009", "GIT010", "GIT017"}
"""What is not known of a remote that could not be asked."""

UNSEALED = {"GIT014", "GIT015"}
"""What is not known where no commit was made."""

UNWRITTEN = {*UNSEALED, "META004", "META006", "META007"}
"""What is not known where neither version nor changelog could be written."""

UNREAD = {*UNWRITTEN, "GIT006", "GIT012", "GIT013", "META002", "META003", "META005"}
"""What is not known where the project could not be read."""


@pytest.fixture
def port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Harbour:
    """Make a project, and give this process the environment that its commands have."""
    made = harbour(tmp_path / "port")
    enter(made.trial, monkeypatch)
    return made


def verdicts(port: Harbour, wish: Wish) -> tuple[set[str], set[str]]:
    """Return the codes of what failed and of what is unknown; building is left out."""
    before = port.state()
    with walked(port.trial.root, wish) as walking:
        try_push(walking)
        judged = judge(catalogue.OF_THE_WALK, walking.walk())
    assert port.state() == before
    assert scratches(port) == []
    found = {one.code: one.finding.verdict for one in judged if one.code != "DIST411"}
    failed = {code for code, verdict in found.items() if verdict is Verdict.FAILED}
    return failed, {code for code, verdict in found.items() if verdict is Verdict.UNKNOWN}


def test_healthy_project_is_walked_through(port: Harbour) -> None:
    assert verdicts(port, Wish("minor")) == (set(), set())


@pytest.mark.parametrize(
    ("trouble", "failed", "unknown"),
    [
        (troubles.detach, {"GIT005"}, UNKNOWN_REMOTE),
        (troubles.branch_off, {"GIT006"}, set()),
        (troubles.lose_the_remote, {"GIT007"}, UNKNOWN_REMOTE),
        (troubles.lose_the_upstream, {"GIT007"}, UNKNOWN_REMOTE),
        (troubles.cut_the_history_off, {"GIT003"}, set()),
        (troubles.fall_behind, {"GIT010"}, set()),
        (troubles.diverge, {"GIT010", "GIT017"}, set()),
        (troubles.tag_here, {"GIT013"}, UNSEALED),
        (troubles.tag_there, {"GIT013"}, UNSEALED),
        (troubles.use_up_the_fragments, {"META005"}, set()),
        (troubles.misname_a_fragment, {"META005", "GIT017"}, UNREAD - {"META005"}),
        (troubles.take_the_marker_away, {"META006", "GIT017"}, UNWRITTEN - {"META006"}),
        (troubles.write_latin1, {"META006", "GIT017"}, UNWRITTEN - {"META006"}),
        (troubles.name_another_version, {"META002", "GIT017"}, UNREAD - {"META002"}),
        (troubles.configure_a_file_without_the_version, {"META004", "GIT017"}, UNWRITTEN - {"META004"}),
        (troubles.refuse_in_a_hook, {"GIT014"}, {"GIT015"}),
        (troubles.lose_the_network, {"GIT008"}, UNKNOWN_REMOTE - {"GIT008"}),
        (troubles.rewrite_the_version_in_a_hook, {"META004"}, UNSEALED),
        (troubles.lack_the_tags, {"GIT012"}, set()),
        (troubles.tag_a_newer_release, {"META003"}, set()),
        (troubles.pin_a_dependency_to_the_same_number, {"META004", "GIT017"}, UNWRITTEN - {"META004"}),
        (troubles.write_the_entry_by_hand, {"META006", "GIT017"}, UNWRITTEN - {"META006"}),
        (troubles.begin_a_merge, {"GIT004"}, set()),
        (troubles.write_a_fragment_in_latin1, {"META006", "GIT017"}, UNWRITTEN - {"META006"}),
        (troubles.push_to_two, {"GIT007"}, set()),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_trouble_is_found_and_the_walk_goes_on(
    port: Harbour, trouble: Callable[[Harbour], None], failed: set[str], unknown: set[str]
) -> None:
    trouble(port)
    assert verdicts(port, Wish("minor")) == (failed, unknown)
