"""What a release builds and writes depends on the commit alone: not on the machine, nor on what lies outside."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from preloaded import IN_A_SESSION
from release_repo import ReleaseRepo, files_below, release_happened, scratch_clones
from sample_project import lines

if TYPE_CHECKING:
    from pathlib import Path


pytestmark = pytest.mark.slow

READ = "more: seatrial explain "


def manifest(repo: ReleaseRepo) -> tuple[tuple[str, str], ...]:
    """Return the files that were verified, and their description, by name and hash."""
    return files_below(repo.project.root / ".git/seatrial/manifest", ())


@pytest.mark.selection
def test_date_and_line_ends_of_this_machine_do_not_count(repo: ReleaseRepo, tmp_path: Path) -> None:
    """No fast test can show it: distributions are built, and by a session of nox once more."""
    repo.project.write({"noxfile.py": "from seatrial import sessions\n\nsessions.build()\nsessions.check()\n"})
    repo.project.commit("Build alone")
    repo.project.git("push", "-q")
    other = repo.copy(tmp_path / "other")
    other.project.git("config", "core.autocrlf", "true")
    other.project.git("rm", "-rq", "--cached", ".")
    other.project.git("reset", "-q", "--hard")
    assert b"\r\n" in (other.project.root / "pyproject.toml").read_bytes()
    for port, environ in ((repo, {}), (other, {"SOURCE_DATE_EPOCH": "1000000000"})):
        ran = port.project.invoke("release", "--part", "minor", "--yes", **environ)
        assert ran.returncode == 0, ran.output
        release_happened(port)
    assert manifest(other) == manifest(repo)


@pytest.mark.parametrize("link", ["../CHANGELOG.md", "{top}/outside/CHANGELOG.md"])
def test_nothing_is_written_through_a_link_that_leaves_the_repository(repo: ReleaseRepo, link: str) -> None:
    top = repo.project.root.parent
    outside = [top / "CHANGELOG.md", top / "outside/CHANGELOG.md"]
    for path in outside:
        path.parent.mkdir(exist_ok=True)
        path.write_text(repo.read("CHANGELOG.md"))
    (repo.project.root / "CHANGELOG.md").unlink()
    (repo.project.root / "CHANGELOG.md").symlink_to(link.format(top=top))
    repo.project.commit("Link the changelog")
    repo.project.git("push", "-q")
    before, texts = repo.state(), [path.read_text() for path in outside]
    for words in (("release", "--no-tests", "--yes"), ("preflight",), ("changelog", "--version", "1.3.0")):
        ran = repo.project.invoke(*words, *(("--part", "minor") if words[0] != "changelog" else ()))
        assert ran.returncode != 0
        assert (
            f"CHANGELOG.md leads out of the repository, to {link.format(top=top)}: nothing is written there"
            in ran.output
        )
        assert [path.read_text() for path in outside] == texts
        assert repo.state() == before


def test_no_version_and_no_fragment_is_written_through_a_link(repo: ReleaseRepo) -> None:
    outside = repo.project.root.parent / "outside"
    outside.mkdir()
    (outside / "__init__.py").write_text(repo.read("src/tidepool/__init__.py"))
    (repo.project.root / "src/tidepool/__init__.py").unlink()
    (repo.project.root / "src/tidepool/__init__.py").symlink_to(outside / "__init__.py")
    repo.project.commit("Link a module")
    repo.project.git("push", "-q")
    before = files_below(outside, ())
    ran = repo.release("--part", "minor", "--yes")
    assert (ran.returncode, ran.message.endswith(f"{READ}NotMine\n")) == (2, True), ran.output
    (repo.project.root / "changelog.d").rename(outside / "changelog.d")
    (repo.project.root / "changelog.d").symlink_to(outside / "changelog.d")
    assert repo.project.invoke("news", "feature", "New.").message.endswith(f"{READ}NotMine\n")
    (outside / "changelog.d").rename(repo.project.root / "again")
    assert files_below(outside, ()) == before


def test_link_within_the_repository_is_followed(repo: ReleaseRepo) -> None:
    (repo.project.root / "docs").mkdir()
    (repo.project.root / "CHANGELOG.md").rename(repo.project.root / "docs/changes.md")
    (repo.project.root / "CHANGELOG.md").symlink_to("docs/changes.md")
    repo.project.commit("Link the changelog")
    repo.project.git("push", "-q")
    ran = repo.release("--part", "minor", "--yes")
    assert ran.returncode == 0, ran.output
    assert "## 1.3.0" in repo.show("docs/changes.md")
    assert repo.show("CHANGELOG.md") == "docs/changes.md"


def test_hook_that_changes_a_file_at_a_checkout_does_not_change_the_release(repo: ReleaseRepo, tmp_path: Path) -> None:
    other = repo.copy(tmp_path / "other")
    hook = other.project.root / ".git/hooks/post-checkout"
    hook.write_text("#!/bin/sh\necho 'tide = 1' >> src/tidepool/__init__.py; echo > src/tidepool/more.py\n")
    hook.chmod(0o755)
    for port in (repo, other):
        ran = port.release("--part", "minor", "--yes")
        assert ran.returncode == 0, ran.output
    assert manifest(other) == manifest(repo)


WAITING = """\
import os, pathlib

def test_waits() -> None:
    here = pathlib.Path({folder!r})
    (here / "pid").write_text(str(os.getpid()))
    os.close(os.open(here / "started", os.O_WRONLY))
    open(here / "never").read()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_release_that_is_asked_to_end_takes_its_tests_along(repo: ReleaseRepo, tmp_path: Path, number: int) -> None:
    for name in ("started", "never"):
        os.mkfifo(tmp_path / name)
    repo.project.write({"tests/test_tidepool.py": WAITING.format(folder=str(tmp_path))})
    repo.project.commit("Wait")
    repo.project.git("push", "-q")
    before = repo.state()
    mark = tmp_path / "release.pid"
    hook = repo.project.root / ".git/hooks/pre-commit"
    # The hook is a grandchild of the release: it runs under git, which runs under it.
    hook.write_text(f"#!/bin/sh\nps -o ppid= $PPID > {mark}\n")
    hook.chmod(0o755)

    def end() -> None:
        (tmp_path / "started").read_bytes()
        os.kill(int(mark.read_text()), number)

    thread = threading.Thread(target=end, daemon=True)
    thread.start()
    release = (sys.executable, "-m", "invoke", "release", "--part", "minor", "--yes")
    ran = repo.project.run(*IN_A_SESSION, *release)
    thread.join()
    assert (ran.returncode, repo.state()) == (130, before), ran.output
    assert scratch_clones(repo) == []
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_branch_without_upstream_is_reported(repo: ReleaseRepo) -> None:
    repo.project.git("branch", "--unset-upstream")
    repo.project.git("config", "remote.pushDefault", "origin")
    assert (
        repo.project.invoke("status").output.splitlines()[2] == "branch     main, which follows no branch of a remote"
    )
    ran = repo.release("--part", "minor", "--yes")
    assert ran.message == lines(
        f"""
        seatrial: branch main follows no branch of a remote
        fix:  git branch --set-upstream-to=origin/main
        {READ}NoUpstream
        """
    )
