"""A release through a pull request: one push of a branch, a request, and a lease on exactly what was pushed before."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

import forge_merges
from forge_merges import RecordedGh, be_on, commit_on_main, protect
from release_repo import SETTINGS, ReleaseRepo, scratch_clones
from sample_project import SampleProject, lines, normalised

if TYPE_CHECKING:
    from pathlib import Path

    from sample_project import RunResult

pytestmark = pytest.mark.slow

READ = "more: seatrial explain "
THROUGH = 'through = "pull-request"\n'


def request(repo: ReleaseRepo, *args: str, **environ: str) -> RunResult:
    """Release through a request, without a question."""
    return repo.release("--pull-request", "--yes", *(args or ("--part", "minor")), **environ)


def requested(repo: ReleaseRepo, *args: str, **environ: str) -> str:
    """Release through a request, which has to succeed, and return the output."""
    ran = request(repo, *args, **environ)
    assert ran.returncode == 0, ran.output
    return ran.output


def refused(repo: ReleaseRepo, *args: str) -> str:
    """Release through a request, which has to fail and to change nothing, and return the message."""
    before = repo.state()
    ran = request(repo, *args)
    assert ran.returncode == 5, ran.output
    assert not ran.was_a_traceback, ran.output
    assert repo.state() == before
    assert scratch_clones(repo) == []
    return normalised(ran.message, root=repo.project.root, remote=repo.remote.root)


def refs(repo: ReleaseRepo) -> list[str]:
    """Return the refs of the remote."""
    return repo.remote.git("for-each-ref", "--format=%(refname)").split()


def another_machine(repo: ReleaseRepo, name: str = "second") -> ReleaseRepo:
    """Return the project of another maintainer."""
    other = repo.clone(name)
    environ = {**other.project.environ, "GIT_COMMITTER_NAME": "B. Committer"}
    return ReleaseRepo(SampleProject(other.project.root, environ))


@pytest.mark.selection
def test_one_branch_is_pushed_and_no_tag(repo: ReleaseRepo) -> None:
    """No fast test can show it: a release is prepared, verified and pushed."""
    before = repo.state()
    base = repo.remote.git("rev-parse", "main").strip()
    output = requested(repo)
    after = repo.state()
    assert (after.files, after.head, after.refs) == (before.files, before.head, before.refs)
    assert refs(repo) == ["refs/heads/main", "refs/heads/release/1.3.0"]
    assert repo.remote.git("rev-parse", "release/1.3.0^", "main").split() == [base] * 2
    assert 'version = "1.3.0"' in repo.remote.git("show", "release/1.3.0:pyproject.toml")
    tree = repo.remote.git("rev-parse", "release/1.3.0^{tree}").strip()
    assert repo.remote.git("log", "-1", "--format=%B", "release/1.3.0").strip() == (
        f"Release 1.3.0\n\nSeatrial-Release: tidepool 1.3.0\nSeatrial-Into: main\nSeatrial-Tree: {tree}"
    )
    assert scratch_clones(repo) == []
    plan = output[output.index("commit   ") :].partition("  commit: ")[0]
    assert normalised(plan) == lines(
        """
        commit   Release 1.3.0
        push     release/1.3.0 to origin (../remote.git), and no tag
        request  to merge it into main; v1.3.0 follows after the merge
        CI       no CI file listens to tags: nothing will be published
        """
    )
    commit = repo.remote.git("rev-parse", "--short=12", "release/1.3.0").strip()
    card = re.sub(r"after \d+ s", "after N s", output[output.index("tidepool 1.3.0 waits") :])
    assert card == lines(
        f"""
        tidepool 1.3.0 waits to be merged, after N s
        pushed   release/1.3.0 to origin, at {commit}
        request  open it on the forge: merge release/1.3.0 into main
        body     .git/seatrial/request.md, to paste into the request
        next     merge it, then: invoke release
        """
    )


def test_setting_makes_a_request_of_every_release(repo: ReleaseRepo) -> None:
    repo.project.write({"pyproject.toml": repo.read("pyproject.toml").replace(SETTINGS, f"{SETTINGS}{THROUGH}")})
    repo.project.commit("Release through requests")
    repo.project.git("push", "-q")
    ran = repo.release("--part", "minor", "--yes")
    assert ran.returncode == 0, ran.output
    assert refs(repo) == ["refs/heads/main", "refs/heads/release/1.3.0"]


def test_dry_run_pushes_nothing_and_leaves_nothing(repo: ReleaseRepo) -> None:
    before = repo.state()
    output = requested(repo, "--part", "minor", "--dry-run")
    assert repo.state() == before
    assert output.endswith("Nothing was pushed, and nothing is left.\n")
    assert not (repo.project.root / ".git/seatrial/request.json").exists()


@pytest.mark.parametrize("words", [forge_merges.GITHUB_CLASSIC, forge_merges.GITHUB_RULES, forge_merges.GITLAB])
def test_branch_that_is_protected_leads_to_a_request(repo: ReleaseRepo, words: str) -> None:
    protect(repo, words)
    before = repo.state()
    ran = repo.release("--part", "minor", "--yes")
    assert ran.returncode == 5
    assert repo.state() == before
    name = "merge request" if words == forge_merges.GITLAB else "pull request"
    assert ran.message.endswith(
        f"fix:  release by a {name}: invoke release --version 1.3.0 --pull-request; when it is merged: invoke release, "
        'which pushes the tag alone\n      always: through = "pull-request" in [tool.seatrial]; or let yourself '
        f"push to the branch in the rules of the forge\n{READ}PushRefused\n"
    )
    requested(repo)
    assert refs(repo) == ["refs/heads/main", "refs/heads/release/1.3.0"]


def test_tag_that_is_protected_is_no_reason_for_a_request(repo: ReleaseRepo) -> None:
    protect(repo, forge_merges.GITHUB_RULES.replace("refs/heads/main", "refs/tags/v1.3.0"), "refs/tags/v1.3.0")
    ran = repo.release("--part", "minor", "--yes")
    assert ran.message.endswith(
        f"fix:  let yourself create the tag in the rules of the forge for tags\n{READ}PushRefused\n"
    )


def test_checkout_does_not_matter(repo: ReleaseRepo) -> None:
    commit_on_main(repo)
    repo.project.commit("Mine alone")
    before = repo.state()
    output = requested(repo)
    mine = repo.project.git("rev-parse", "--short", "HEAD").strip()
    assert f"not in   1 commit that origin does not have:\n           {mine} Mine alone\n" in output
    assert repo.remote.git("rev-parse", "release/1.3.0^") == repo.remote.git("rev-parse", "main")
    assert repo.state().head == before.head


def test_second_run_changes_nothing(repo: ReleaseRepo) -> None:
    requested(repo)
    before = repo.state()
    output = requested(repo)
    assert repo.state() == before
    assert "release/1.3.0 is up to date: it is not verified and not pushed again" in output


def test_request_is_brought_up_to_date_with_the_branch(repo: ReleaseRepo) -> None:
    requested(repo)
    old = repo.remote.git("rev-parse", "release/1.3.0").strip()
    commit_on_main(repo, {"changelog.d/2.feature.md": "Tides turn.\n"})
    output = requested(repo)
    assert "replaces release/1.3.0" in output
    assert repo.remote.git("rev-parse", "release/1.3.0^") == repo.remote.git("rev-parse", "main")
    assert repo.remote.git("rev-parse", "release/1.3.0").strip() != old
    assert "Tides turn." in repo.remote.git("show", "release/1.3.0:CHANGELOG.md")


def test_new_version_takes_the_place_of_the_old_request(repo: ReleaseRepo) -> None:
    requested(repo, "--part", "auto")
    commit_on_main(repo, {"changelog.d/3.removal.md": "No more ebb.\n"})
    requested(repo, "--part", "auto")
    assert refs(repo) == ["refs/heads/main", "refs/heads/release/2.0.0"]


def test_another_machine_brings_it_up_to_date_too(repo: ReleaseRepo) -> None:
    requested(repo)
    commit_on_main(repo)
    requested(another_machine(repo))
    assert repo.remote.git("rev-parse", "release/1.3.0^") == repo.remote.git("rev-parse", "main")


@pytest.mark.parametrize("is_here", [True, False])
def test_commits_that_somebody_added_are_not_replaced(repo: ReleaseRepo, *, is_here: bool) -> None:
    requested(repo)
    hand = another_machine(repo, "hand").project
    hand.git("checkout", "-q", "release/1.3.0")
    hand.write({"CHANGELOG.md": repo.read("CHANGELOG.md") + "\nBetter.\n"})
    hand.commit("Write it better")
    hand.git("push", "-q")
    commit = hand.git("rev-parse", "--short=12", "HEAD").strip()
    message = refused(repo if is_here else another_machine(repo))
    assert message == lines(
        f"""
        seatrial: release/1.3.0 on origin has 1 change that seatrial did not make, and would be replaced:
          {commit} Write it better
        fix:  merge the request as it is, or put the changes on the branch that it goes to; to make it anew without \
them: git push origin --delete release/1.3.0
        {READ}ReleaseBranchEdited
        """
    )


@pytest.mark.parametrize("is_here", [True, False])
def test_commit_that_somebody_amended_is_not_replaced(repo: ReleaseRepo, *, is_here: bool) -> None:
    requested(repo)
    hand = another_machine(repo, "hand").project
    hand.git("checkout", "-q", "release/1.3.0")
    hand.write({"README.md": "# tidepool, better\n"})
    hand.git("commit", "-q", "--all", "--amend", "--no-edit")
    hand.git("push", "-q", "--force")
    message = refused(repo if is_here else another_machine(repo))
    assert "Release 1.3.0, which was changed after seatrial made it\n" in message
    assert message.endswith(f"{READ}ReleaseBranchEdited\n")


def test_release_branch_of_somebody_else_stays(repo: ReleaseRepo) -> None:
    repo.project.git("push", "-q", "origin", "main:refs/heads/release/1.3.0")
    assert refused(repo) == lines(
        f"""
        seatrial: origin has a branch release/1.3.0 already, which no release made
        fix:  name the branches of releases otherwise: release-branch in [tool.seatrial]
              or, if release/1.3.0 is not needed: git push origin --delete release/1.3.0
        {READ}ReleaseBranchTaken
        """
    )


OF_ANOTHER_BRANCH = "Release 2.0.0\n\nSeatrial-Release: tidepool 2.0.0\nSeatrial-Into: next"


def test_branches_of_other_versions_stay(repo: ReleaseRepo) -> None:
    commit = repo.project.git("commit-tree", "-p", "HEAD", "-m", OF_ANOTHER_BRANCH, "HEAD^{tree}").strip()
    heads = {"release/1.2": "main", "release/2.0.0": commit, "release/9.0": "main"}
    repo.project.git("push", "-q", "origin", *(f"{commit}:refs/heads/{name}" for name, commit in heads.items()))
    requested(repo)
    assert refs(repo) == [f"refs/heads/{name}" for name in sorted(["main", "release/1.3.0", *heads])]


def test_tag_that_is_there(repo: ReleaseRepo) -> None:
    commit = repo.project.git("commit-tree", "-m", "Another history", "HEAD^{tree}").strip()
    repo.project.git("push", "-q", "origin", f"{commit}:refs/tags/v1.3.0")
    assert "TagsMissing" in refused(repo) or "TagTaken" in refused(repo)


def test_branches_that_the_user_may_not_push(repo: ReleaseRepo) -> None:
    words = "remote: error: GH013: Repository rule violations found for refs/heads/release/1.3.0.\n"
    protect(repo, words, "refs/heads/release/1.3.0")
    message = refused(repo)
    assert not (repo.project.root / ".git/seatrial/request.json").exists()
    assert message.startswith("seatrial: origin did not take the push of release/1.3.0; nothing has changed there:\n")
    assert message.endswith(
        "fix:  let yourself push branches like release/1.3.0, in the settings of the forge; or name them otherwise: "
        f"release-branch in [tool.seatrial]\n{READ}PushRefused\n"
    )


def test_release_without_changes_has_nothing_to_merge(repo: ReleaseRepo) -> None:
    text = repo.read("pyproject.toml")
    repo.project.write({"pyproject.toml": f'{text}[tool.seatrial.changelog]\nsource = "none"\n'})
    repo.project.commit("Do without a changelog")
    repo.project.git("push", "-q")
    assert refused(repo, "--version", "1.2.3") == lines(
        f"""
        seatrial: a release of 1.2.3 changes no file: nothing to merge
        fix:  push its tag alone: invoke release --version 1.2.3, without --pull-request
        {READ}NothingToMerge
        """
    )
    repo.project.write({"pyproject.toml": repo.read("pyproject.toml").replace(SETTINGS, f"{SETTINGS}{THROUGH}")})
    repo.project.commit("Release through requests")
    repo.project.git("push", "-q")
    how = '1.2.3, with through = "push" in [tool.seatrial]'
    assert f"fix:  push its tag alone: invoke release --version {how}\n" in refused(repo, "--version", "1.2.3")


def test_version_from_the_tag_is_built_before_there_is_one(hatchling_port: ReleaseRepo) -> None:
    repo = hatchling_port
    pyproject = repo.read("pyproject.toml").replace('["hatchling"]', '["hatchling", "hatch-vcs"]')
    pyproject = pyproject.replace('version = "1.2.3"', 'dynamic = ["version"]')
    repo.project.write({"pyproject.toml": pyproject + '\n[tool.hatch.version]\nsource = "vcs"\n'})
    repo.project.commit("Take the version from the tag")
    repo.project.git("tag", "-a", "-m", "1.2.3", "v1.2.3")
    repo.project.git("push", "-q", "origin", "main", "v1.2.3")
    requested(repo, "--part", "minor", "--no-tests")
    assert refs(repo) == ["refs/heads/main", "refs/heads/release/1.3.0", "refs/tags/v1.2.3"]
    assert repo.project.git("tag").split() == ["v1.2.3"]


def test_two_people_at_once(repo: ReleaseRepo) -> None:
    """The second pushes between the look and the push of the first."""
    other = another_machine(repo)
    hook = repo.project.root / ".git/hooks/pre-push"
    hook.write_text(
        f'#!/bin/sh\ncd "{other.project.root}"\nunset $(git rev-parse --local-env-vars)\n'
        f"git commit -q --allow-empty -m Theirs && git push -q origin HEAD:refs/heads/release/1.3.0\n"
    )
    hook.chmod(0o755)
    before = repo.state()
    ran = request(repo)
    assert ran.returncode == 5
    assert "PushRefused" in ran.output
    after = repo.state()
    assert (after.files, after.refs) == (before.files, before.refs)
    assert repo.remote.git("log", "-1", "--format=%s", "release/1.3.0") == "Theirs\n"


def test_gh_opens_the_request(repo: ReleaseRepo, tmp_path: Path) -> None:
    gh = RecordedGh(tmp_path / "gh")
    gh.install(repo)
    output = requested(repo)
    (opened,) = gh.requests
    assert (opened["title"], opened["baseRefName"], opened["headRefName"]) == (
        "Release 1.3.0",
        "main",
        "release/1.3.0",
    )
    assert "request  https://github.com/acme/tidepool/pull/7\n" in output
    body = re.sub(r"`[0-9a-f]{64}`", "`HASH`", str(opened["body"]))
    assert body == lines(
        """
        ## 1.3.0

        ### Features

        - Tides rise. (#1)

        ### Bugfixes

        - Tides fall.

        ### Files

        Built and checked from the commit of this branch. After a squash or a rebase the commit has another date, \
and the files the same content.

        | file | SHA-256 |
        |---|---|
        | tidepool-1.3.0.tar.gz | `HASH` |
        | tidepool-1.3.0-py3-none-any.whl | `HASH` |

        ### After the merge

        `invoke release` finds the commit on `main`, whatever the way of merging, and pushes the tag `v1.3.0`. \
No file of CI listens to tags.

        ### To abandon this release

        Close this request and delete the branch:

            git push origin --delete release/1.3.0

        Nothing else has changed.
        """
    )


def test_open_request_gets_the_new_text(repo: ReleaseRepo, tmp_path: Path) -> None:
    gh = RecordedGh(tmp_path / "gh")
    gh.install(repo)
    requested(repo)
    commit_on_main(repo, {"changelog.d/2.feature.md": "Tides turn.\n"})
    requested(repo)
    (opened,) = gh.requests
    assert "Tides turn." in str(opened["body"])


def test_second_run_keeps_the_files_in_the_body(repo: ReleaseRepo, tmp_path: Path) -> None:
    gh = RecordedGh(tmp_path / "gh")
    gh.install(repo)
    requested(repo)
    (before,) = gh.requests
    requested(repo)
    (after,) = gh.requests
    assert after["body"] == before["body"]


def test_form_is_named_where_gh_can_not(repo: ReleaseRepo, tmp_path: Path) -> None:
    gh = RecordedGh(tmp_path / "gh")
    gh.install(repo)
    gh.fail("HTTP 502")
    output = requested(repo)
    assert refs(repo) == ["refs/heads/main", "refs/heads/release/1.3.0"]
    address = re.search(r"^request  open it: (\S+)$", output, re.MULTILINE)
    assert address is not None, output
    url = urlsplit(address[1])
    assert f"{url.netloc}{url.path}" == "github.com/acme/tidepool/compare/main...release/1.3.0"
    assert parse_qs(url.query) == {"expand": ["1"]}
    body = re.search(r"^body     (\S+), to paste into the request$", output, re.MULTILINE)
    assert body is not None, output
    assert repo.read(body[1]).startswith("## 1.3.0\n")
    reason = "gh pr list ended with exit code 1: HTTP 502"
    assert f"! the request was not opened, because {reason}; open it with the form\n" in output


OPTIONS_HOOK = r"""#!/bin/sh
number=0
while [ $number -lt "${GIT_PUSH_OPTION_COUNT:-0}" ]; do
  eval "printf '%s\n' \"\$GIT_PUSH_OPTION_$number\""
  number=$((number + 1))
done > "$GIT_DIR/options"
"""
"""A hook that writes down the options of a push, as GitLab reads them."""

MESSAGE_HOOK = """\
#!/bin/sh
echo >&2; echo "View merge request for release/1.3.0:" >&2
echo "  https://gitlab.com/acme/tidepool/-/merge_requests/7" >&2
"""


def be_on_gitlab(repo: ReleaseRepo) -> None:
    repo.remote.git("config", "receive.advertisePushOptions", "true")
    for name, text in (("pre-receive", OPTIONS_HOOK), ("post-receive", MESSAGE_HOOK)):
        hook = repo.remote.root / "hooks" / name
        hook.write_text(text)
        hook.chmod(0o755)
    be_on(repo, "https://gitlab.com/acme/tidepool.git")


def test_push_options_open_the_request_without_a_token(repo: ReleaseRepo) -> None:
    be_on_gitlab(repo)
    output = requested(repo)
    options = (repo.remote.root / "options").read_text().splitlines()
    assert [option.partition("=")[0] for option in options] == [
        "merge_request.create",
        "merge_request.target",
        "merge_request.title",
        "merge_request.description",
        "merge_request.remove_source_branch",
    ]
    assert options[1:3] == ["merge_request.target=main", "merge_request.title=Release 1.3.0"]
    assert options[3].startswith("merge_request.description=## 1.3.0\\n\\n### Features\\n\\n- Tides rise. (#1)\\n")
    assert "request  https://gitlab.com/acme/tidepool/-/merge_requests/7\n" in output
    # Nothing is pushed now, so the forge says nothing.
    assert "request  https://gitlab.com/acme/tidepool/-/merge_requests/7\n" in requested(repo)


def test_remote_without_push_options_gets_the_branch_and_a_form_opens_the_request(repo: ReleaseRepo) -> None:
    be_on(repo, "https://gitlab.com/acme/tidepool.git")
    output = requested(repo)
    assert refs(repo) == ["refs/heads/main", "refs/heads/release/1.3.0"]
    assert "! origin takes no push options, so the push opens no request\n" in output
    assert "request  open it: https://gitlab.com/acme/tidepool/-/merge_requests/new?merge_request" in output


def test_request_is_remembered(repo: ReleaseRepo) -> None:
    requested(repo)
    note = json.loads((repo.project.root / ".git/seatrial/request.json").read_text())
    assert (note["commit"], note["release"]) == (repo.remote.git("rev-parse", "release/1.3.0").strip(), "1.3.0")
