"""Files are written whole or not at all, and a lock is held by one."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from seatrial.storage import LockTaken, locked, read_json, replacing, write_json

if TYPE_CHECKING:
    from pathlib import Path


def test_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "deep/file.json"
    write_json(path, {"a": 1})
    with contextlib.suppress(KeyboardInterrupt), replacing(path) as new:
        new.write_text("{")
        raise KeyboardInterrupt
    assert read_json(path) == {"a": 1}
    assert [file.name for file in path.parent.iterdir()] == ["file.json"]


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "\ufeff{}", "[" * 100_000])
def test_what_is_no_object_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "file.json").write_text(text, encoding="utf-8")
    assert read_json(tmp_path / "file.json") is None
    assert read_json(tmp_path / "other.json") is None


def test_lock_is_held_by_one(tmp_path: Path) -> None:
    path = tmp_path / "deep/lock"
    with locked(path):
        with pytest.raises(LockTaken), locked(path):
            pass
        with pytest.raises(ZeroDivisionError), locked(path, lambda: 1 / 0):
            pass
    with locked(path):
        pass
