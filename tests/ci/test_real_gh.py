"""A real gh, where it is installed, with a stand-in for GitHub's API; elsewhere its answers are recorded."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from github_api import GithubApi
from seatrial.ci.gh import GhFailed, PullRequest, RequestText, ensure_pull_request, find_pull_request

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOME, HEAD = "acme/tidepool", "release/1.3.0"
URL = "https://github.com/acme/tidepool/pull/7"

pytestmark = pytest.mark.skipif(shutil.which("gh") is None, reason="gh is not installed")


@pytest.fixture
def github(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GithubApi]:
    """Return the API that gh asks in this process."""
    with GithubApi().running() as api:
        for name, value in {**api.environ, "GH_CONFIG_DIR": str(tmp_path / "gh")}.items():
            monkeypatch.setenv(name, value)
        for name in ("GITHUB_TOKEN", "NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        yield api


def text(body: str) -> RequestText:
    return RequestText(HEAD, "main", "Release 1.3.0", body)


def test_request_is_opened_once_and_then_gets_the_new_text(github: GithubApi, tmp_path: Path) -> None:
    assert find_pull_request(tmp_path, HOME, HEAD) is None
    assert ensure_pull_request(tmp_path, HOME, text("## 1.3.0\n")) == URL
    assert ensure_pull_request(tmp_path, HOME, text("## 1.3.0\n\n- Tides.\n")) == URL
    (request,) = github.requests
    assert [request[key] for key in ("title", "body", "headRefName", "baseRefName")] == [
        "Release 1.3.0",
        "## 1.3.0\n\n- Tides.\n",
        HEAD,
        "main",
    ]
    # gh pr edit also asks for classic projects, which GitHub refuses.
    assert github.operations[-2:] == ["query PullRequestList", "/repos/acme/tidepool/pulls/7"]


def test_states_and_failed_checks_are_read(github: GithubApi, tmp_path: Path) -> None:
    request = github.add(headRefName=HEAD)
    github.check(request, Gate="FAILURE", Docs="SUCCESS")
    assert find_pull_request(tmp_path, HOME, HEAD) == PullRequest(7, URL, "open", ("Gate",))
    for state in ("MERGED", "CLOSED"):
        request["state"] = state
        github.check(request)
        assert find_pull_request(tmp_path, HOME, HEAD) == PullRequest(7, URL, state.lower())


def test_request_of_a_fork_with_a_branch_of_that_name_is_another(github: GithubApi, tmp_path: Path) -> None:
    own = github.add(headRefName=HEAD)
    fork = github.add(headRefName=HEAD, isCrossRepository=True, body="theirs")
    assert find_pull_request(tmp_path, HOME, HEAD) == PullRequest(7, URL, "open")
    assert ensure_pull_request(tmp_path, HOME, text("ours")) == URL
    assert (own["body"], fork["body"]) == ("ours", "theirs")


def test_gh_that_is_not_logged_in_says_how(github: GithubApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GH_TOKEN", "GH_HOST"):
        monkeypatch.delenv(name)
    with pytest.raises(GhFailed, match=r"^gh pr list ended with exit code 4: [\s\S]*gh auth login"):
        find_pull_request(tmp_path, HOME, HEAD)
    assert github.operations == []


def test_request_without_permission_is_refused_in_the_words_of_github(github: GithubApi, tmp_path: Path) -> None:
    github.refused["mutation PullRequestCreate"] = "Resource not accessible by personal access token"
    with pytest.raises(GhFailed, match=r"gh pr create ended with exit code 1: .*not accessible by personal"):
        ensure_pull_request(tmp_path, HOME, text("## 1.3.0\n"))
