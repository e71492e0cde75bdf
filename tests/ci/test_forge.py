"""A branch is protected where a file of the repository, or gh, says so; a real gh opens and reads requests."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from github_api import GithubApi
from preflight_in_process import enter
from process_environment import GH_VARIABLE
from seatrial.ci.forge import (
    GhFailed,
    PullRequest,
    RequestText,
    branch_protection,
    ensure_pull_request,
    find_pull_request,
    home_for_gh,
    page_for_gh,
)
from seatrial.git.repository import read_repository
from seatrial.init.detect import detect_project
from seatrial.init.propose import Parts, detected_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sample_project import SampleProject


REVIEWED = "{name: NAME, protection: {required_pull_request_reviews: REVIEWS}}"
RULESET = {
    "target": "branch",
    "enforcement": "active",
    "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}},
    "rules": [{"type": "deletion"}, {"type": "pull_request", "parameters": {}}],
}


def ruleset(**changes: object) -> str:
    return json.dumps({**RULESET, **changes})


def names(*include: str, exclude: tuple[str, ...] = ()) -> dict[str, object]:
    return {"ref_name": {"include": include, "exclude": exclude}}


def settings(name: str = "main", reviews: str = "{}") -> str:
    return f"branches: [{REVIEWED.replace('NAME', name).replace('REVIEWS', reviews)}]"


@pytest.fixture
def repo(project: SampleProject) -> SampleProject:
    project.git("init", "-q", "-b", "main")
    project.commit()
    return project


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (".github/settings.yml", settings()),
        (".github/settings.yml", settings("default")),
        (".github/settings.yaml", settings(reviews="{required_approving_review_count: 1}")),
        (".github/settings.yml", f"rulesets: [{ruleset()}]"),
        (".asf.yaml", "github: {protected_branches: {main: {required_status_checks: {strict: true}}}}"),
        (".github/rulesets/main.json", ruleset()),
        (".github/main.json", ruleset(conditions=names("refs/heads/main"))),
        (".github/rulesets/all.json", f"[{ruleset(conditions=names('refs/heads/m*'))}]"),
        (".github/rulesets/queue.json", ruleset(rules=[{"type": "merge_queue"}])),
    ],
)
def test_file_that_asks_for_requests(repo: SampleProject, path: str, text: str) -> None:
    repo.write({path: text})
    assert branch_protection(read_repository(repo.root), "main") == path


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (".github/settings.yml", settings("stable")),
        (".github/settings.yml", settings(reviews="null")),
        (".github/settings.yml", "branches: main"),
        (".github/settings.yml", "branches: ["),
        (".asf.yaml", "github: {protected_branches: {main: {}, stable: {required_status_checks: {}}}}"),
        (".asf.yaml", "github: {protected_branches: main}"),
        (".github/rulesets/main.json", ruleset(enforcement="evaluate")),
        (".github/rulesets/main.json", ruleset(target="tag")),
        (".github/rulesets/main.json", ruleset(rules=[{"type": "deletion"}, "pull_request"])),
        (".github/rulesets/main.json", ruleset(conditions=names("~ALL", exclude=("refs/heads/main",)))),
        (".github/rulesets/main.json", ruleset(conditions=names("refs/heads/stable"))),
        (".github/rulesets/main.json", "{"),
        (".github/data.json", '{"enforcement": "active"}'),
    ],
)
def test_file_that_does_not(repo: SampleProject, path: str, text: str) -> None:
    repo.write({path: text})
    assert branch_protection(read_repository(repo.root), "main") is None


@pytest.mark.parametrize(
    ("address", "home", "page"),
    [
        ("https://github.com/acme/tidepool.git", "acme/tidepool", "https://github.com/acme/tidepool"),
        ("git@github.acme.invalid:acme/tidepool", *("github.acme.invalid/acme/tidepool",) * 2),
        ("ssh://git@code.acme.invalid:22/acme/tidepool.git", *("code.acme.invalid/acme/tidepool",) * 2),
        ("git@github.com-work:acme/tidepool.git", "acme/tidepool", "https://github.com/acme/tidepool"),
        ("ssh://git@ssh.github.com:443/acme/tidepool.git", "acme/tidepool", "https://github.com/acme/tidepool"),
        ("https://gitlab.com/acme/tidepool.git", None, None),
        ("git@codeberg.org:acme/tidepool.git", None, None),
        ("../tidepool.git", None, None),
    ],
)
def test_gh_is_told_the_host(repo: SampleProject, address: str, home: str | None, page: str | None) -> None:
    repo.git("remote", "add", "origin", address)
    assert home_for_gh(read_repository(repo.root)) == home
    assert home is None or page_for_gh(home).removeprefix("https://") == str(page).removeprefix("https://")


GH = """\
#!{python}
import json, sys
answers = {answers!r}
assert sys.argv[1] == "api", sys.argv
path = sys.argv[2].removeprefix("repos/acme/tidepool/")
if path not in answers:
    sys.exit(1)
print(json.dumps(answers[path]))
"""
RULES, BRANCH = "rules/branches/main", "branches/main"
REQUIRED = {"required_status_checks": {"strict": True}}


@pytest.mark.parametrize(
    ("answers", "is_protected"),
    [
        ({RULES: [{"type": "pull_request"}]}, True),
        ({RULES: [], BRANCH: {"protected": True}, f"{BRANCH}/protection": REQUIRED}, True),
        ({RULES: [], BRANCH: {"protected": True}}, False),
        ({RULES: [{"type": "deletion"}], BRANCH: {"protected": False}}, False),
        ({}, False),
    ],
    ids=["rule", "protection", "not readable", "none", "logged out"],
)
def test_gh_is_asked(
    repo: SampleProject, monkeypatch: pytest.MonkeyPatch, answers: dict[str, object], *, is_protected: bool
) -> None:
    """The answers have the form of GitHub's; nothing is asked of it."""
    gh = repo.root.parent / "bin/gh"
    gh.parent.mkdir()
    gh.write_text(GH.format(python=sys.executable, answers=answers))
    gh.chmod(0o755)
    enter(repo, monkeypatch)
    monkeypatch.setenv("PATH", f"{gh.parent}:{repo.environ['PATH']}")
    repo.git("remote", "add", "origin", "https://github.com/acme/tidepool.git")
    protection = branch_protection(read_repository(repo.root), "main")
    assert protection == ("rules on GitHub" if is_protected else None)


@pytest.mark.parametrize("table", ["", '[tool.seatrial]\nbranch = "main"\n', '[tool.seatrial]\nthrough = "push"\n'])
def test_init_proposes_requests_where_the_branch_is_protected(repo: SampleProject, table: str) -> None:
    text = f'[project]\nname = "tidepool"\nversion = "1.2.3"\nrequires-python = ">=3.9"\n\n{table}'
    repo.write({".github/settings.yml": settings(), "pyproject.toml": text, "tidepool.py": ""})
    repo.commit("Protect")
    detected = detect_project(repo.root)
    line = "branch     main; releases go through a pull request (.github/settings.yml)"
    assert (line in detected_text(detected).splitlines()) == ("through" not in table)
    files = {str(file.path): file.new for file in Parts(workflows=False).propose(detected)}
    assert ('through = "pull-request"' in files.get("pyproject.toml", "")) == ("through" not in table)


HOME, HEAD = "acme/tidepool", "release/1.3.0"
URL = "https://github.com/acme/tidepool/pull/7"


@pytest.fixture
def github(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GithubApi]:
    """Return the API that gh asks in this process."""
    if GH_VARIABLE not in os.environ:
        pytest.skip("gh is not installed")
    with GithubApi().running() as api:
        programs = f"{Path(os.environ[GH_VARIABLE]).parent}{os.pathsep}{os.environ['PATH']}"
        for name, value in {**api.environ, "GH_CONFIG_DIR": str(tmp_path / "gh"), "PATH": programs}.items():
            monkeypatch.setenv(name, value)
        for name in ("GITHUB_TOKEN", "NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        yield api


def text(body: str) -> RequestText:
    return RequestText(HEAD, "main", "Release 1.3.0", body)


def test_request_is_opened_once_and_then_gets_the_new_text(github: GithubApi, tmp_path: Path) -> None:
    assert find_pull_request(tmp_path, HOME, HEAD) is None
    assert ensure_pull_request(tmp_path, HOME, text("## 1.3.0\n")) == URL
    (request,) = github.requests
    assert "base" not in request
    request["baseRefName"] = "develop"
    assert ensure_pull_request(tmp_path, HOME, text("## 1.3.0\n\n- Tides.\n")) == URL
    # The request of that branch goes to the branch of the release again.
    assert [request[key] for key in ("title", "body", "headRefName", "base")] == [
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
    assert find_pull_request(tmp_path, HOME, HEAD) == PullRequest(7, URL, "open", "main", ("Gate",))
    for state in ("MERGED", "CLOSED"):
        request["state"] = state
        github.check(request)
        assert find_pull_request(tmp_path, HOME, HEAD) == PullRequest(7, URL, state.lower(), "main")


def test_request_of_a_fork_with_a_branch_of_that_name_is_another(github: GithubApi, tmp_path: Path) -> None:
    own = github.add(headRefName=HEAD)
    fork = github.add(headRefName=HEAD, isCrossRepository=True, body="theirs")
    assert find_pull_request(tmp_path, HOME, HEAD) == PullRequest(7, URL, "open", "main")
    assert ensure_pull_request(tmp_path, HOME, text("ours")) == URL
    assert (own["body"], fork["body"]) == ("ours", "theirs")


def test_gh_that_is_not_logged_in_says_how(github: GithubApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GH_TOKEN", "GH_HOST"):
        monkeypatch.delenv(name)
    with pytest.raises(GhFailed, match=r"^gh is not logged in \(gh auth login\)$"):
        find_pull_request(tmp_path, HOME, HEAD)
    assert github.operations == []


def test_request_without_permission_is_refused_in_the_words_of_github(github: GithubApi, tmp_path: Path) -> None:
    github.refused["mutation PullRequestCreate"] = "Resource not accessible by personal access token"
    with pytest.raises(GhFailed, match=r"gh pr create ended with exit code 1: .*not accessible by personal"):
        ensure_pull_request(tmp_path, HOME, text("## 1.3.0\n"))
