"""What a forge does with a request: it merges in each of its ways, refuses pushes in its words, and answers gh."""

from __future__ import annotations

import json
import stat
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from release_repo import ReleaseRepo


LATER = {"GIT_COMMITTER_DATE": "2024-03-01T12:00:00+00:00", "GIT_COMMITTER_NAME": "The forge"}


def forge(repo: ReleaseRepo) -> ReleaseRepo:
    """Return a clone in which the forge works, up to date."""
    if not (repo.project.root.parent / "forge").exists():
        made = repo.clone("forge")
        made.project.git("config", "user.name", "The forge")
    other = type(repo)(type(repo.project)(repo.project.root.parent / "forge", {**repo.project.environ, **LATER}))
    other.project.git("fetch", "-q", "--prune", "origin")
    other.project.git("checkout", "-q", "-B", "main", "origin/main")
    return other


def by_merge_commit(other: ReleaseRepo, branch: str) -> None:
    other.project.git("merge", "-q", "--no-ff", "-m", f"Merge pull request #7 from acme/{branch}", f"origin/{branch}")


def by_squash(other: ReleaseRepo, branch: str) -> None:
    """Write the message as GitHub does: the title, and the trailers are lost."""
    other.project.git("merge", "-q", "--squash", f"origin/{branch}")
    other.project.git("commit", "-q", "-m", f"Release {branch.rpartition('/')[2]} (#7)")


def by_rebase(other: ReleaseRepo, branch: str) -> None:
    other.project.git("cherry-pick", f"main..origin/{branch}")


def by_fast_forward(other: ReleaseRepo, branch: str) -> None:
    other.project.git("merge", "-q", "--ff-only", f"origin/{branch}")


def by_merge_queue(other: ReleaseRepo, branch: str) -> None:
    """Merge another request in front of it, both by a queue: its commits have its own author, date and message."""
    queue = {"GIT_AUTHOR_NAME": "queue[bot]", "GIT_AUTHOR_DATE": "2024-03-02T12:00:00+00:00"}
    other = type(other)(type(other.project)(other.project.root, {**other.project.environ, **queue}))
    other.project.git("checkout", "-q", "-b", "theirs")
    other.project.write({"src/tidepool/theirs.py": "THEIRS = 1\n"})
    other.project.commit("Theirs")
    other.project.git("checkout", "-q", "-b", "queue/main/pr-7", "origin/main")
    for head, message in (("theirs", "Merge #6 (theirs)"), (f"origin/{branch}", f"Merge #7 into main\n\n{branch}")):
        other.project.git("merge", "-q", "--no-ff", "-m", message, head)
    other.project.git("checkout", "-q", "main")
    other.project.git("merge", "-q", "--ff-only", "queue/main/pr-7")


def by_squashing_queue(other: ReleaseRepo, branch: str) -> None:
    """Squash as a queue does, behind another request: the message lists the commits, and quotes their trailers."""
    other.project.write({"src/tidepool/theirs.py": "THEIRS = 1\n"})
    other.project.commit("Theirs (#6)")
    body = other.project.git("log", "-1", "--format=%B", f"origin/{branch}")
    other.project.git("merge", "-q", "--squash", f"origin/{branch}")
    author = ("--author", "queue[bot] <queue@example.org>")
    other.project.git("commit", "-q", *author, "-m", f"A release of the maintainers (#7)\n\n* {body}")


WAYS: tuple[Callable[[ReleaseRepo, str], None], ...] = (by_merge_commit, by_squash, by_rebase)


def merge(repo: ReleaseRepo, way: Callable[[ReleaseRepo, str], None], version: str = "1.3.0") -> None:
    """Merge the request of a version, and delete its branch, as forges do."""
    other = forge(repo)
    way(other, f"release/{version}")
    other.project.git("push", "-q", "origin", "main")
    repo.remote.git("branch", "-D", f"release/{version}")


def commit_on_main(repo: ReleaseRepo, files: dict[str, str] | None = None, message: str = "Theirs") -> None:
    """Let somebody else push a commit."""
    other = forge(repo)
    other.project.write(files or {"notes.md": "# Notes\n"})
    other.project.commit(message)
    other.project.git("push", "-q", "origin", "main")


GITHUB_CLASSIC = """\
remote: error: GH006: Protected branch update failed for refs/heads/main.
remote: error: Changes must be made through a pull request.
"""
GITHUB_RULES = """\
remote: error: GH013: Repository rule violations found for refs/heads/main.
remote: Review all repository rules at https://github.com/acme/tidepool/rules?ref=refs%2Fheads%2Fmain
remote:
remote: - Changes must be made through a pull request.
remote: - 2 of 2 required status checks are expected.
"""
GITLAB = "remote: GitLab: You are not allowed to push code to protected branches on this project.\n"


def protect(repo: ReleaseRepo, words: str = GITHUB_RULES, ref: str = "refs/heads/main") -> None:
    """Have the remote refuse pushes to a ref, in the words of a forge."""
    text = words.replace("remote: ", "").replace("remote:", "")
    hook = repo.remote.root / "hooks/update"
    hook.write_text(f'#!/bin/sh\n[ "$1" = {ref} ] || exit 0\ncat >&2 <<"END"\n{text}END\nexit 1\n')
    hook.chmod(0o755)


GH = """\
#!{python}
import json, pathlib, sys
folder = pathlib.Path(__file__).parent
state = json.loads((folder / "state.json").read_text())
args = sys.argv[1:]
with (folder / "calls").open("a") as calls:
    calls.write(json.dumps(args) + "\\n")
if state.get("fails"):
    sys.exit(state["fails"])
option = lambda name: args[args.index(name) + 1]
if args[:2] == ["pr", "list"]:
    found = [request for request in state["requests"] if request["headRefName"] == option("--head")]
    print(json.dumps(found[-1:]))
elif args[:2] == ["auth", "setup-git"]:
    pass
elif args[:2] == ["pr", "create"]:
    number = len(state["requests"]) + 7
    url = f"https://github.com/acme/tidepool/pull/{{number}}"
    body = pathlib.Path(option("--body-file")).read_text()
    state["requests"].append(
        {{"number": number, "url": url, "state": "OPEN", "headRefName": option("--head"), "title": option("--title"),
         "baseRefName": option("--base"), "body": body, "statusCheckRollup": [], "mergeCommit": None,
         "isCrossRepository": False}}
    )
    print(url)
elif args[0] == "api" and option("--method") == "PATCH":
    (request,) = [request for request in state["requests"] if args[1].endswith(f"/pulls/{{request['number']}}")]
    request["title"] = option("-f").partition("=")[2]
    request["body"] = pathlib.Path(option("-F").partition("@")[2]).read_text()
    print(json.dumps(request))
else:
    sys.exit(f"unknown command {{args}}")
(folder / "state.json").write_text(json.dumps(state))
"""
"""A gh that answers as version 2.23 does, from a file: its answers are recorded; ci/test_forge.py runs a real one."""


class RecordedGh:
    """A gh in a folder for PATH."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.state = {"requests": []}
        path = folder / "gh"
        path.write_text(GH.format(python=sys.executable))
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    @property
    def state(self) -> dict[str, list[dict[str, object]]]:
        """What GitHub has."""
        state: dict[str, list[dict[str, object]]] = json.loads((self.folder / "state.json").read_text())
        return state

    @state.setter
    def state(self, state: dict[str, list[dict[str, object]]]) -> None:
        (self.folder / "state.json").write_text(json.dumps(state))

    def fail(self, reason: str) -> None:
        """Have every command fail with this message."""
        (self.folder / "state.json").write_text(json.dumps({"requests": [], "fails": reason}))

    @property
    def requests(self) -> list[dict[str, object]]:
        """The requests."""
        return self.state["requests"]

    def install(self, repo: ReleaseRepo) -> None:
        """Put it first on PATH, for a project whose remote is on GitHub."""
        repo.project.environ["PATH"] = f"{self.folder}:{repo.project.environ['PATH']}"
        be_on(repo, "https://github.com/acme/tidepool.git")


def be_on(repo: ReleaseRepo, address: str) -> None:
    """Give the remote the address of a forge, which leads to the bare repository all the same."""
    repo.project.git("remote", "set-url", "origin", address)
    repo.project.git("config", f"url.{repo.remote.root}.insteadOf", address)
    if "gitlab" in address:
        repo.project.write({".gitlab-ci.yml": "build:\n  script: [nox]\n"})
    else:
        (repo.project.root / ".github").mkdir(exist_ok=True)
