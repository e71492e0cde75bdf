"""The status names the state of a request, and what comes next."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from forge_merges import WAYS, RecordedGh, by_squash, commit_on_main, merge
from release_repo import ReleaseRepo, made_once, make_release_repo
from seatrial.commands import Command
from seatrial.publish.request_status import RequestState, RequestStatus
from workflow_sets import SHAPES, written

if TYPE_CHECKING:
    from pathlib import Path

    from sample_project import SampleProject

slow = pytest.mark.slow


def _make_requested(folder: Path) -> None:
    repo = make_release_repo(folder, "uv_build")
    repo.project.git("tag", "-a", "-m", "tidepool 1.2.3", "v1.2.3")
    repo.project.git("push", "-q", "origin", "v1.2.3")
    ran = repo.release("--pull-request", "--part", "minor", "--yes")
    assert ran.returncode == 0, ran.output


@pytest.fixture
def requested(tmp_path: Path) -> ReleaseRepo:
    """Return a project with an open request of 1.3.0."""
    return made_once("requested-port", _make_requested).copy(tmp_path / "port")


def status(project: SampleProject) -> tuple[Any, Any]:
    """Return the request in the status, and the next command."""
    ran = project.invoke("status", "--json")
    assert ran.returncode == 0, ran.output
    table = json.loads(ran.output[ran.output.index("{") :])
    return table["request"], table["next"] and table["next"]["text"]


def rows(project: SampleProject) -> dict[str, str]:
    """Return the lines of the status, by their first word."""
    lines = project.invoke("status").output.splitlines()
    return {line.split()[0]: line.split(maxsplit=1)[1] for line in lines if line.strip()}


URL = "https://github.com/acme/tidepool/pull/7"
FORM = "https://github.com/acme/tidepool/compare/main...release/1.3.0?expand=1"
PUSHED = RequestStatus(RequestState.PUSHED, "1.3.0", "release/1.3.0", "main", form=FORM)
UNKNOWN = replace(PUSHED, is_open=None, reason="no gh")
OPEN = replace(PUSHED, state=RequestState.OPEN, is_open=True, url=URL)
BEHIND: dict[str, Any] = {"state": RequestState.BEHIND, "behind": 2}
EDITED: dict[str, Any] = {"state": RequestState.EDITED, "added": ("c0ffee Fix",)}
AGAIN = "release --pull-request --version 1.3.0"


@pytest.mark.parametrize(
    ("status", "text", "command", "reason"),
    [
        (OPEN, f"1.3.0 is open ({URL})", None, f"merge {URL} into main"),
        (
            replace(OPEN, state=RequestState.CHECKS_FAILING, failed_checks=("Gate",)),
            f"1.3.0 is open, and checks fail: Gate ({URL})",
            None,
            "fix what fails on main, and bring the request up to date",
        ),
        (
            replace(OPEN, **BEHIND),
            f"1.3.0 is open, and behind main by 2 commits ({URL})",
            AGAIN,
            "it brings the request up to date",
        ),
        (
            replace(OPEN, **EDITED),
            f"1.3.0 is open, and has changes that seatrial did not make: c0ffee Fix ({URL})",
            None,
            f"merge {URL} as it is, or delete the branch",
        ),
        (PUSHED, "release/1.3.0 is pushed, and has no request", AGAIN, "it opens the request"),
        (
            UNKNOWN,
            "release/1.3.0 is pushed; whether a request is open is unknown: no gh",
            None,
            f"merge the request of release/1.3.0 into main, or open it: {FORM}",
        ),
        (
            replace(UNKNOWN, url=URL),
            f"release/1.3.0 is pushed; whether the request {URL} is open is unknown: no gh",
            None,
            f"merge {URL} into main",
        ),
        (
            replace(UNKNOWN, **BEHIND),
            "release/1.3.0 is pushed, and behind main by 2 commits; whether a request is open is unknown: no gh",
            AGAIN,
            "it brings the request up to date",
        ),
        (
            replace(PUSHED, merged_into="develop", url=URL),
            f"release/1.3.0 is pushed; its request was merged into develop before ({URL})",
            AGAIN,
            "it opens another request",
        ),
        (
            replace(PUSHED, state=RequestState.CLOSED),
            "1.3.0 is not merged, and release/1.3.0 is not on the remote",
            AGAIN,
            "it makes the request anew; or release another version",
        ),
        (
            replace(PUSHED, state=RequestState.CLOSED, url=URL),
            f"1.3.0 is closed, and not merged ({URL})",
            AGAIN,
            "it makes the request anew; or release another version",
        ),
    ],
)
def test_status_says_no_more_than_is_known(status: RequestStatus, text: str, command: str | None, reason: str) -> None:
    next_command = Command(*command.split()) if command else None
    assert (str(status), status.next_step) == (text, (next_command, reason))


def test_each_state_but_an_unknown_one_has_a_next_step() -> None:
    steps = {state: replace(PUSHED, state=state, instead=Command("release")).next_step for state in RequestState}
    assert [state for state, step in steps.items() if step is None] == [RequestState.UNKNOWN]


@slow
def test_error_while_the_request_is_read_is_its_state(requested: ReleaseRepo) -> None:
    """No fast test can show it: git does not get the objects of a release branch."""
    text = f"tree {'1' * 40}\nauthor A <a@example.org> 0 +0000\ncommitter A <a@example.org> 0 +0000\n\nBroken\n"
    (requested.remote.root / "broken").write_text(text)
    broken = requested.remote.git("hash-object", "-t", "commit", "-w", "--literally", "broken")
    (requested.remote.root / "refs/heads/release/1.4.0").write_text(broken)
    request, command = status(requested.project)
    assert (request["state"], request["version"], command) == ("unknown", "1.3.0", "invoke release --part minor")
    assert " fetch " in request["reason"]
    assert rows(requested.project)["request"] == f"that of 1.3.0 is unknown: {request['reason']}"


@slow
def test_pushed(requested: ReleaseRepo) -> None:
    request, command = status(requested.project)
    assert request == {
        "state": "pushed",
        "version": "1.3.0",
        "branch": "release/1.3.0",
        "into": "main",
        "merged_into": None,
        "is_open": None,
        "reason": "only GitHub is asked",
        "behind": 0,
        "added": [],
        "later": [],
        "url": None,
        "failed_checks": [],
    }
    assert command is None
    assert rows(requested.project)["request"] == (
        "release/1.3.0 is pushed; whether a request is open is unknown: only GitHub is asked"
    )
    assert rows(requested.project)["next"] == "nothing: merge the request of release/1.3.0 into main"


@slow
def test_behind_the_branch(requested: ReleaseRepo) -> None:
    commit_on_main(requested)
    request, command = status(requested.project)
    assert (request["state"], request["behind"]) == ("behind", 1)
    assert command == "invoke release --pull-request --version 1.3.0"
    assert rows(requested.project)["request"].startswith("release/1.3.0 is pushed, and behind main by 1 commit; ")


@slow
def test_edited_by_hand(requested: ReleaseRepo) -> None:
    hand = requested.clone("hand").project
    hand.git("checkout", "-q", "release/1.3.0")
    hand.commit("Write it better")
    hand.git("push", "-q")
    request, command = status(requested.project)
    assert (request["state"], command) == ("edited", None)
    assert request["added"] == [f"{hand.git('rev-parse', '--short=12', 'HEAD').strip()} Write it better"]


@slow
def test_branch_that_the_forge_has_brought_up_to_date_is_not_edited(requested: ReleaseRepo) -> None:
    """The button of a forge merges the branch into that of the request."""
    commit_on_main(requested)
    hand = requested.clone("hand").project
    hand.git("checkout", "-q", "release/1.3.0")
    hand.git("merge", "-q", "--no-edit", "origin/main")
    hand.git("push", "-q")
    assert status(requested.project)[0]["state"] == "pushed"
    hand.write({"README.md": "# tidepool, better\n"})
    hand.git("commit", "-q", "--all", "--amend", "--no-edit")
    hand.git("push", "-q", "--force")
    assert status(requested.project)[0]["state"] == "edited"


@slow
@pytest.mark.parametrize("way", WAYS)
def test_merged_and_not_tagged(requested: ReleaseRepo, way: Any) -> None:
    merge(requested, way)
    request, command = status(requested.project)
    assert (request["state"], command) == ("merged", "invoke release")
    assert rows(requested.project)["next"] == "invoke release: it tags 1.3.0, which was merged"
    requested.project.write(written(SHAPES["on-merge"]))
    by_ci = rows(requested.project)
    assert by_ci["request"] == "1.3.0 is merged, and has no tag yet"
    assert by_ci["next"] == (
        "nothing: wait for the run of .github/workflows/release.yml, which makes the tag, or run its failed jobs again"
    )


@slow
def test_closed(requested: ReleaseRepo) -> None:
    requested.remote.git("branch", "-D", "release/1.3.0")
    request, command = status(requested.project)
    assert (request["state"], command) == ("closed", "invoke release --pull-request --version 1.3.0")


@slow
def test_released(requested: ReleaseRepo) -> None:
    merge(requested, by_squash)
    assert requested.release("--yes").returncode == 0
    assert status(requested.project)[0] is None


@slow
def test_state_of_a_request_is_read_with_gh(requested: ReleaseRepo, tmp_path: Path) -> None:
    """The answers of gh are recorded: nothing is asked of GitHub."""
    gh = RecordedGh(tmp_path / "gh")
    gh.install(requested)
    url = "https://github.com/acme/tidepool/pull/7"
    check = {"name": "Gate", "conclusion": "FAILURE"}
    request = {"number": 7, "url": url, "state": "OPEN", "headRefName": "release/1.3.0", "statusCheckRollup": [check]}
    request |= {"isCrossRepository": False, "baseRefName": "main"}
    gh.state = {"requests": [request]}
    answer, _ = status(requested.project)
    assert (answer["state"], answer["url"], answer["failed_checks"]) == ("checks_failing", url, ["Gate"])
    gh.state = {"requests": [{**request, "state": "CLOSED"}]}
    assert status(requested.project)[0]["state"] == "closed"
    for requests, merged_into in (([], None), ([{**request, "state": "MERGED", "baseRefName": "develop"}], "develop")):
        gh.state = {"requests": requests}
        answer, command = status(requested.project)
        assert (answer["state"], answer["is_open"], answer["merged_into"]) == ("pushed", False, merged_into)
        assert answer["url"] == (url if requests else None)
    assert command == "invoke release --pull-request --version 1.3.0"
    gh.fail("HTTP 502")
    row = rows(requested.project)
    unknown = (
        "release/1.3.0 is pushed; whether a request is open is unknown: gh pr list ended with exit code 1: HTTP 502"
    )
    form = "https://github.com/acme/tidepool/compare/main...release/1.3.0?expand=1"
    assert row["request"] == unknown
    assert row["next"] == f"nothing: merge the request of release/1.3.0 into main, or open it: {form}"
