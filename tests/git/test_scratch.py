"""The scratch clone commits and checks out what the commit says, whatever the settings and hooks of a user say."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from preflight_in_process import enter
from seatrial.errors import CommandFailed, ReleaseError
from seatrial.git.repository import fetch_objects, has_object, read_repository
from seatrial.git.scratch import Scratch, remove_scratch
from seatrial.release.plan import changed_files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sample_project import SampleProject


WINDOWS, UNIX = b"1\r\n2\r\n", b"3\n4\n"

SETTINGS = {
    "autocrlf": "[core]\n\tautocrlf = true\n\tsafecrlf = false\n",
    "autocrlf input": "[core]\n\tautocrlf = input\n",
    "safecrlf": "[core]\n\tautocrlf = input\n\tsafecrlf = true\n",
    "eol": "[core]\n\teol = crlf\n",
    "attributes": "[core]\n\tattributesfile = {attributes}\n",
}
"""Configurations of a user, whose attributes make every file a text."""


@pytest.fixture
def clone(project: SampleProject, monkeypatch: pytest.MonkeyPatch) -> SampleProject:
    """Return a repository with two files, of two kinds of line ends, and a home for this process."""
    project.git("init", "-q", "-b", "main")
    pyproject = '[project]\nname = "tidepool"\nversion = "1.2.3"\n'
    project.write({"pyproject.toml": pyproject, ".gitattributes": "unix.txt text\n"})
    for name, data in (("windows.txt", WINDOWS), ("unix.txt", UNIX)):
        (project.root / name).write_bytes(data)
    project.git("-c", "core.autocrlf=false", "add", "--all")
    project.git("commit", "-q", "-m", "Two line ends")
    enter(project, monkeypatch)
    return project


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """Return the folder of a scratch clone."""
    yield tmp_path / "scratch"
    remove_scratch(tmp_path / "scratch")


def make(project: SampleProject, root: Path) -> Scratch:
    repository = read_repository(project.root)
    assert repository.commit
    return Scratch.make(repository, repository.commit, root)


@pytest.mark.parametrize("setting", SETTINGS)
def test_line_ends_are_committed_and_checked_out_as_they_are(
    clone: SampleProject, root: Path, setting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Path(clone.environ["HOME"])
    (home / "attributes").write_text("* text\n")
    (home / "config").write_text(SETTINGS[setting].format(attributes=home / "attributes"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(home / "config"))
    scratch = make(clone, root)
    for name, data in (("windows.txt", WINDOWS), ("unix.txt", UNIX)):
        assert (root / name).read_bytes() == data
        (root / name).write_bytes(data + data)
    scratch.changes()
    commit = scratch.commit("Twice")
    for name, data in (("windows.txt", WINDOWS), ("unix.txt", UNIX)):
        assert scratch.git.run("cat-file", "blob", f"{commit}:{name}").count("\n") == 4
        size = scratch.git.line("cat-file", "-s", f"{commit}:{name}")
        assert int(size) == 2 * len(data)
    scratch.check_out_for_build()
    assert [(root / name).read_bytes() for name in ("windows.txt", "unix.txt")] == [WINDOWS * 2, UNIX * 2]


@pytest.mark.parametrize("place", ["--local", "--global"])
def test_links_are_checked_out_as_links(
    clone: SampleProject, root: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (clone.root / "link.txt").symlink_to("unix.txt")
    clone.commit("With a link")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(root.parent / "config"))
    clone.environ["GIT_CONFIG_GLOBAL"] = str(root.parent / "config")
    clone.git("config", place, "core.symlinks", "false")
    scratch = make(clone, root)
    (root / "new.txt").symlink_to("unix.txt")
    scratch.changes()
    commit = scratch.commit("With another")
    scratch.check_out_for_build()
    assert [(root / name).read_bytes() for name in ("link.txt", "new.txt")] == [UNIX, UNIX]
    assert scratch.git.run("ls-tree", commit, "link.txt", "new.txt").count("120000") == 2
    assert scratch.differences() == ()


def test_line_ends_of_a_submodule_are_those_of_its_commit(
    clone: SampleProject, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = replace(clone, root=root.parent / "library")
    library.root.mkdir()
    library.git("init", "-q", "-b", "main")
    (library.root / "unix.txt").write_bytes(UNIX)
    library.commit("A library")
    clone.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library.root), "library")
    clone.commit("With a library")
    config = root.parent / "config"
    config.write_text(SETTINGS["autocrlf"])
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    scratch = make(clone, root)
    assert (root / "library/unix.txt").read_bytes() == UNIX
    scratch.check_out_for_build()
    assert (root / "library/unix.txt").read_bytes() == UNIX


@pytest.mark.parametrize("hook", ["post-checkout", "post-index-change", "reference-transaction"])
def test_no_hook_runs_when_the_files_to_build_are_checked_out(clone: SampleProject, root: Path, hook: str) -> None:
    mark = root.parent / "mark"
    path = clone.root / ".git/hooks" / hook
    path.write_text(f"#!/bin/sh\necho ran >> '{mark}'\necho more >> unix.txt\n")
    path.chmod(0o755)
    scratch = make(clone, root)
    assert not mark.exists()
    scratch.check_out_for_build()
    assert not mark.exists()
    assert (root / "unix.txt").read_bytes() == UNIX


AMENDS = "git commit -q --amend --no-verify -m 'T-1: 2'"

HISTORY = {
    "commits again": ("git commit -q --allow-empty -m Again", True),
    "amends": (AMENDS, True),
    "takes it back": ("git reset -q --hard HEAD~1", False),
    "squashes": (f"git reset -q --soft HEAD~2; {AMENDS}", False),
    "begins anew": (f"git checkout -q --orphan other; {AMENDS.replace('--amend', '')}", False),
}
"""What a post-commit hook does, and whether the commits from before the release stay as they are."""


@pytest.mark.parametrize("done", HISTORY)
def test_release_whose_hook_rewrites_commits_is_refused(clone: SampleProject, root: Path, done: str) -> None:
    """The push would replace the branch of the remote: it names the commit that it replaces."""
    command, is_sound = HISTORY[done]
    clone.commit("Second")
    clone.commit("Third")
    hook = clone.root / ".git/hooks/post-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\n[ -e .git/ran ] && exit\n: > .git/ran\n{command}\n")
    hook.chmod(0o755)
    scratch = make(clone, root)
    (scratch.project / "windows.txt").write_bytes(b"5\r\n")
    scratch.changes()
    if is_sound:
        assert scratch.commit("Release") == scratch.git.line("rev-parse", "HEAD")
    else:
        with pytest.raises(ReleaseError, match="a hook replaced commits"):
            scratch.commit("Release")


def test_tag_is_signed_where_tags_with_a_message_are(clone: SampleProject, root: Path) -> None:
    clone.git("config", "tag.forceSignAnnotated", "true")
    clone.git("config", "gpg.program", "seatrial-is-not-there")
    scratch = make(clone, root)
    with pytest.raises(ReleaseError, match="could not sign the tag") as raised:
        scratch.tag("v1.3.0", "Notes", scratch.base)
    assert str(raised.value.fix).endswith("git config tag.forceSignAnnotated false")


def test_tag_is_signed_with_the_key_that_the_user_names_or_not_made(clone: SampleProject, root: Path) -> None:
    """Git makes a tag without a signature where ssh-keygen finds no key."""
    clone.git("config", "gpg.format", "ssh")
    for name, value in (("tag.gpgSign", "true"), ("user.signingkey", "../key.pub")):
        clone.git("config", name, value)
        scratch = make(clone, root)
        with pytest.raises(ReleaseError, match="could not sign the tag") as raised:
            scratch.tag("v1.3.0", "Notes", scratch.base)
        assert (raised.value.code, scratch.tag_id("v1.3.0")) == ("SigningFailed", None)
    clone.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(clone.root.parent / "key"))
    scratch = make(clone, root)
    assert "-----BEGIN SSH SIGNATURE-----" in scratch.git.run("cat-file", "tag", scratch.tag("v1.3.0", "Notes", "HEAD"))


def test_disk_without_room_is_named(clone: SampleProject, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Git says only that it is unable to write a file."""
    scratch = make(clone, root)
    with pytest.raises(CommandFailed) as raised:
        scratch.git.run("checkout", "--quiet", "missing")
    assert raised.value.fix == ""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=4096))
    with pytest.raises(CommandFailed, match="pathspec") as raised:
        scratch.git.run("checkout", "--quiet", "missing")
    assert raised.value.fix == f"make room for {root}, whose disk has 4 KiB left"


def test_release_is_fetched_from_the_clone_where_the_user_hides_tags(clone: SampleProject, root: Path) -> None:
    clone.git("config", "--global", "transfer.hideRefs", "refs/tags")
    scratch = make(clone, root)
    (root / "new.txt").write_bytes(UNIX)
    scratch.changes()
    oid = scratch.tag("v1.3.0", "1.3.0", scratch.commit("Release"))
    repository = read_repository(clone.root)
    assert not has_object(repository, oid)
    fetch_objects(repository, root, "refs/tags/v1.3.0")
    assert has_object(repository, oid)


def test_patch_is_the_same_whatever_the_user_has_set(clone: SampleProject, root: Path) -> None:
    """Its paths are read from it."""
    clone.git("config", "--global", "color.ui", "always")
    for name, value in (("noprefix", "true"), ("external", "false"), ("orderFile", "missing"), ("renames", "copies")):
        clone.git("config", "--global", f"diff.{name}", value)
    clone.git("config", "--global", "status.showUntrackedFiles", "no")
    scratch = make(clone, root)
    (root / "unix.txt").write_bytes(b"3\n5\n")
    (root / "new.txt").write_bytes(UNIX)
    (root / ".gitkeep").touch()
    (root / "image.png").write_bytes(b"\0\1")
    patch, removed = scratch.changes()
    files = (".gitkeep (empty)", "image.png", "new.txt +2", "unix.txt +1 -1")
    assert (changed_files(patch), removed) == (files, ())


@pytest.mark.skipif(os.name == "nt", reason="the git on PATH is a script of a shell")
def test_attributes_of_the_machine_are_left_out(
    clone: SampleProject, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are in /etc/gitattributes, which git in the scratch clone does not read."""
    log, wrapper = tmp_path / "log", tmp_path / "bin/git"
    wrapper.parent.mkdir()
    script = f'#!/bin/sh\necho "${{GIT_ATTR_NOSYSTEM-0}} $PWD $*" >> "{log}"\nexec "{shutil.which("git")}" "$@"\n'
    wrapper.write_text(script)
    wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{wrapper.parent}{os.pathsep}{os.environ['PATH']}")
    scratch = make(clone, root)
    (root / "new.txt").write_bytes(UNIX)
    scratch.changes()
    scratch.commit("With a new file")
    scratch.check_out_for_build()
    commands = [line for line in log.read_text().splitlines() if line.split()[1] == str(root)]
    assert {"reset", "add", "commit", "checkout", "status"} <= {word for line in commands for word in line.split()}
    assert [line for line in commands if not line.startswith("1 ")] == []
