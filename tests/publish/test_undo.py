"""A wrong release is undone as far as that can be, and the commands that are printed end in a published one."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest

from index_server import READ, SDIST, WHEEL, IndexServer, printed, yank

if TYPE_CHECKING:
    from sample_project import RunResult


pytestmark = pytest.mark.slow

FRAGMENT = "changelog.d/+withdraw-1-3-0.bugfix.md"
FOLLOWS = f"""\
The version that follows is 1.3.1: fix what is wrong, commit, then:
  git add {FRAGMENT} && git commit -m "Withdraw 1.3.0" {FRAGMENT}
  invoke release --part patch
"""
ON_INDEX = """\
tidepool 1.3.0 is on http://index/simple/, where nothing can be exchanged. What can be undone:
  yank it, by hand: http://index/
  Installers leave it out then, unless that very version is asked for. Do not delete it: its file
  names can never be used again, and those who have pinned it could not install any more.
"""


def undo(server: IndexServer, *args: str) -> RunResult:
    return server.invoke("undo", "1.3.0", "--index", server.url, *args)


def test_release_that_is_not_yanked_is_waited_for(server: IndexServer) -> None:
    server.store_file(SDIST, WHEEL)
    ran = undo(server, "--limit", "0", "--why", "The tides were wrong.")
    assert ran.returncode == 7
    assert server.plain(ran.output) == (
        ON_INDEX
        + FOLLOWS
        + "seatrial: tidepool 1.3.0 is not yanked yet: 0 of 2 files yanked on http://index/simple/\n"
        + "fix:  yank it: http://index/\n      invoke undo 1.3.0 --index http://index/legacy/\n"
        + f"{READ}NotYanked\n"
    )
    assert server.repo.read(FRAGMENT) == "1.3.0 is withdrawn: The tides were wrong.\n"
    again = server.on_terminal(shlex.split(printed(ran.output)), "", {}, when=(b"; waiting, ", lambda: yank(server)))
    assert again.returncode == 0, again.output
    assert server.plain(again.output).endswith("tidepool 1.3.0 is yanked: http://index/simple/\n")
    assert server.repo.read(FRAGMENT) == "1.3.0 is withdrawn: The tides were wrong.\n"


def test_unpublished_release_can_be_undone(server: IndexServer) -> None:
    ran = undo(server)
    commit = server.repo.project.git("rev-parse", "HEAD")[:12]
    assert (ran.returncode, server.plain(ran.output)) == (
        0,
        (
            "tidepool 1.3.0 is not on http://index/simple/. What can be undone:\n"
            "  the tag, as long as it was not fetched: "
            "git push --delete origin refs/tags/v1.3.0 && git tag --delete v1.3.0\n"
            f"  The commit stays on the branch; to take its changes back: git revert {commit}\n" + FOLLOWS
        ),
    )
    taken = ran.output[ran.output.index("git push --delete") :].splitlines()[0]
    for command in taken.split(" && "):
        server.repo.project.git(*shlex.split(command)[1:])
    assert server.repo.remote.git("tag") == server.repo.project.git("tag") == ""


@pytest.mark.selection
def test_printed_commands_publish_the_next_version(server: IndexServer) -> None:
    """Each command, run as it is printed, leads to the one that prints the next: verify, undo, release, publish."""
    here = {"TWINE_REPOSITORY_URL": server.url}
    server.store_file(WHEEL)
    server.store_file(SDIST, extra=b"\0")
    yank(server)
    verified = server.invoke("verify", "--no-install", **here)
    assert (verified.returncode, "invoke undo 1.3.0" in verified.output) == (7, True)
    undone = server.as_printed(verified.output, "", **here)
    assert undone.returncode == 0, undone.output
    for command in undone.output[undone.output.index("git add") :].splitlines()[0].split(" && "):
        server.repo.project.git(*shlex.split(command)[1:])
    released = server.as_printed(undone.output.partition("tidepool 1.3.0 is yanked")[0], "y\n", "--no-tests", **here)
    assert released.returncode == 0, released.output
    published = server.as_printed(released.output, "y\n", "--no-install", **here)
    assert published.returncode == 0, published.output
    assert "\ntidepool 1.3.1 is published, byte for byte: " in published.output
