"""A forge that is difficult at the moment of the push: nothing has happened, and the message says what to do."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from git_server import nobody_is_allowed, serve_remote
from release_repo import release_happened
from sample_project import lines, normalised

if TYPE_CHECKING:
    from http.server import BaseHTTPRequestHandler

    from release_repo import ReleaseRepo, RepoState


pytestmark = pytest.mark.slow

READ = "more: seatrial explain "


def refused(repo: ReleaseRepo, address: str, *args: str) -> tuple[str, RepoState, RepoState]:
    """Release to ``address``, which has to fail; return what was said last, and the states before and after."""
    repo.project.git("remote", "set-url", "origin", address)
    before = repo.state()
    ran = repo.release("--part", "minor", "--yes", *args, GIT_ASKPASS="")
    assert ran.returncode == 5, ran.output
    assert not ran.was_a_traceback
    message = normalised(ran.output[ran.output.index("\nseatrial: ") + 1 :])
    return re.sub(r"127\.0\.0\.1:\d+", "forge", message), before, repo.state()


def test_credentials_that_the_forge_does_not_take(repo: ReleaseRepo) -> None:
    with serve_remote(repo.remote.root, nobody_is_allowed) as address:
        message, before, after = refused(repo, address)
    assert after == before
    assert message == lines(
        f"""
        seatrial: origin did not take the push; nothing has changed there:
          fatal: could not read Username for 'http://forge': terminal prompts disabled
        fix:  log in: git push --dry-run asks for it
        {READ}PushRefused
        """
    )


PROTECTED = """\
#!/bin/sh
case "$1" in refs/heads/main)
  echo "error: GH006: Protected branch update failed for refs/heads/main." >&2
  echo "error: 3 of 3 required status checks are expected." >&2
  exit 1;;
esac
"""
BY_PULL_REQUEST = """\
release by a pull request: invoke release --version 1.3.0 --pull-request; when it is merged: invoke release, which \
pushes the tag alone
      always: through = "pull-request" in [tool.seatrial]; or let yourself push to the branch in the rules of the forge
"""


def test_branch_that_is_protected_leads_to_a_pull_request_that_works(repo: ReleaseRepo) -> None:
    """What the forge then takes is known to a remote alone."""
    hook = repo.remote.root / "hooks/update"
    hook.write_text(PROTECTED)
    hook.chmod(0o755)
    with serve_remote(repo.remote.root, lambda _: False) as address:
        text, before, after = refused(repo, address)
        assert after == before
        assert text.endswith(f"fix:  {BY_PULL_REQUEST}{READ}PushRefused\n")
        assert repo.release("--pull-request", "--part", "minor", "--yes").returncode == 0
        # Somebody merges the pull request on the forge.
        repo.remote.git("update-ref", "refs/heads/main", "release/1.3.0")
        ran = repo.release("--yes")
    assert ran.returncode == 0, ran.output
    assert repo.remote.git("rev-parse", "v1.3.0^{commit}") == repo.remote.git("rev-parse", "main")


def test_branch_that_moves_between_the_look_and_the_push(repo: ReleaseRepo) -> None:
    other = repo.clone("other")
    other.project.git("commit", "-q", "--allow-empty", "-m", "Theirs")
    other_commit = other.project.git("rev-parse", "HEAD").strip()
    moved: list[str] = []

    def somebody_is_faster(_: BaseHTTPRequestHandler) -> bool:
        if not moved:
            moved.append(other.project.git("push", "-q", str(repo.remote.root), "HEAD:main"))
        return False

    with serve_remote(repo.remote.root, somebody_is_faster) as address:
        message, before, after = refused(repo, address)
    assert repo.remote.git("for-each-ref", "--format=%(objectname) %(refname)") == f"{other_commit} refs/heads/main\n"
    assert replace(after, remote=before.remote) == before
    assert message.endswith(
        f"fix:  somebody has pushed meanwhile: git pull --rebase, then release again\n{READ}PushRefused\n"
    )


def test_forge_that_takes_the_push_gets_all_of_it(repo: ReleaseRepo) -> None:
    with serve_remote(repo.remote.root, lambda _: False) as address:
        repo.project.git("remote", "set-url", "origin", address)
        ran = repo.release("--part", "minor", "--yes")
        assert ran.returncode == 0, ran.output
    release_happened(repo)
