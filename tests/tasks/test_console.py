"""Errors of files become messages that name what can be done."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from typing import TYPE_CHECKING

import pytest
from invoke.exceptions import Exit

from seatrial import process
from seatrial.errors import MAKE_ROOM, CommandFailed, ReleaseError, SeveralReasons
from seatrial.tasks.console import errors_as_messages

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(("name", "is_cache"), [(".cache", True), (".cache/seatrial/scratch", True), ("x", False)])
def test_folder_for_caches_that_cannot_be_written_can_be_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, *, is_cache: bool
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / ".cache"))
    error = OSError(errno.EROFS, os.strerror(errno.EROFS), str(tmp_path / name))
    with pytest.raises(Exit) as raised, errors_as_messages():
        raise error
    message = str(raised.value.message)
    assert message.startswith(f"seatrial: {tmp_path / name}: Read-only file system\n")
    assert ("name another folder for caches: XDG_CACHE_HOME=FOLDER" in message) is is_cache


@pytest.mark.parametrize(
    ("number", "fix"),
    [
        (errno.ELOOP, "replace the link, which leads to itself, with a file"),
        (errno.EISDIR, "move the folder away: a file belongs there"),
        (errno.EACCES, "make room, or let yourself read and write it"),
    ],
)
def test_file_that_cannot_be_read_has_a_fix_that_fits(number: int, fix: str) -> None:
    with pytest.raises(Exit) as raised, errors_as_messages():
        raise OSError(number, os.strerror(number), "CHANGELOG.md")
    assert str(raised.value.message).splitlines()[1].startswith(f"fix:  {fix}; then: ")


SPACE = os.strerror(errno.ENOSPC)
GC_FAILED = f"git gc ended with exit code 1:\n    {SPACE}\n  fix:  {MAKE_ROOM}"


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError(errno.ENOSPC, SPACE), f"{SPACE}\nfix:  {MAKE_ROOM}"),
        (OSError(errno.EFBIG, "too large"), "too large\nfix:  make room, or let yourself read and write it; then: "),
        (shutil.Error([("a", "b", f"[Errno 28] {SPACE}: 'b'")]), f"a is not copied: [Errno 28] {SPACE}: 'b'\nfix:  "),
        (
            CommandFailed("git push", 1, f"remote: {SPACE}"),
            f"git push ended with exit code 1:\n  remote: {SPACE}\nmore: ",
        ),
        (
            CommandFailed("uv lock", 1, f"error: {SPACE}"),
            f"uv lock ended with exit code 1:\n  error: {SPACE}\nfix:  {MAKE_ROOM}\n",
        ),
        (
            ReleaseError(f"the test of {SPACE} failed", fix="correct it"),
            f"the test of {SPACE} failed\nfix:  correct it\n",
        ),
        (
            SeveralReasons([ReleaseError("one", fix="this"), CommandFailed("git gc", 1, SPACE)]),
            f"there are 2 reasons why this can't be released:\n- one\n  fix:  this\n- {GC_FAILED}\nmore: ",
        ),
        (ReleaseError(SPACE, fix="make room for /tmp"), f"{SPACE}\nfix:  make room for /tmp\n"),
    ],
)
def test_disk_that_is_full_is_said_and_nothing_else_is_to_be_fixed(error: Exception, message: str) -> None:
    """Python names no file of a disk that is full, and a tool's own advice would be another one."""
    with pytest.raises(Exit) as raised, errors_as_messages():
        raise error
    assert str(raised.value.message).startswith(f"seatrial: {message}")


def test_error_of_the_system_that_is_about_no_file_is_not_hidden() -> None:
    with pytest.raises(ConnectionResetError), errors_as_messages():
        raise ConnectionResetError(errno.ECONNRESET, "reset")


@pytest.mark.skipif(sys.platform != "linux", reason="Python has file names in UTF-8 there, whatever the locale is")
def test_locale_without_utf_8_is_named_where_a_file_name_needs_it(tmp_path: Path) -> None:
    script = "from seatrial.tasks.console import errors_as_messages\nwith errors_as_messages(): open('\\xe9')"
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = process.attempt((sys.executable, "-c", script), cwd=tmp_path, env=ascii_only)
    assert "Exit: seatrial: Python has file names in ascii here, and can't name \\xe9\n" in done.errors
