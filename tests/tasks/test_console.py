"""Errors of files become messages that name what can be done."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest
from invoke.exceptions import Exit

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
