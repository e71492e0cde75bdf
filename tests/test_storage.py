"""Files are written whole or not at all, with the line ends that they had, and a lock is held by one."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.storage import (
    REMOVED_DEPTH,
    LockTaken,
    locked,
    read_json,
    remove_folder,
    replacing,
    restore_line_ends,
    write_json,
)

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


@pytest.mark.parametrize("depth", [0, 1, REMOVED_DEPTH, REMOVED_DEPTH + 3])
def test_folder_is_removed_at_any_depth_and_what_its_links_lead_to_stays(tmp_path: Path, depth: int) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "folder"
    outside.mkdir()
    (outside / "kept.txt").touch()
    for name in ("a", "b"):
        deepest = folder.joinpath(*[name] * depth)
        deepest.mkdir(parents=True, exist_ok=True)
        for place in (folder, deepest):
            (place / f"{name}.txt").touch()
            (place / f"link-{name}").symlink_to(outside, target_is_directory=True)
            (place / f"broken-{name}").symlink_to(tmp_path / "nowhere")
            if depth == 0:
                break
    remove_folder(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["outside"]
    assert [path.name for path in outside.iterdir()] == ["kept.txt"]


def test_folder_that_is_gone_already_is_no_error(tmp_path: Path) -> None:
    remove_folder(tmp_path / "gone")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("old", "new", "kept"),
    [
        (b"a\nb\n", b"a\nc\n", b"a\nc\n"),
        (b"a\r\nb\r\n", b"a\nc\n", b"a\r\nc\r\n"),
        (b"a\r\nb\r\n", b"a\r\nc\r\n", b"a\r\nc\r\n"),
        (b"a\r\nb", b"a\nc", b"a\r\nc"),
        (b"a\r\nb\r\nc\n", b"a\nnew\nb\nc\n", b"a\r\nnew\r\nb\r\nc\n"),
        (b"a\nb\nc\r\n", b"a\nnew\nb\nc\n", b"a\nnew\nb\nc\r\n"),
        (b"", b"a\n", b"a\n"),
        (b"a\rb\r\n", b"a\rb\nc\n", b"a\rb\r\nc\r\n"),
        (b"\xef\xbb\xbfa\r\n", b"\xef\xbb\xbfb\n", b"\xef\xbb\xbfb\r\n"),
    ],
)
def test_lines_keep_their_ends(old: bytes, new: bytes, kept: bytes) -> None:
    assert restore_line_ends(old, new) == kept


@given(
    st.lists(
        st.tuples(st.binary().filter(lambda line: not set(line) & set(b"\r\n\x0b\x0c\x1c\x1d\x1e\x85")), st.booleans())
    )
)
def test_file_that_was_only_made_lf_comes_back_to_the_byte(lines: list[tuple[bytes, bool]]) -> None:
    old = b"".join(line + (b"\r\n" if has else b"\n") for line, has in lines)
    assert restore_line_ends(old, old.replace(b"\r\n", b"\n")) == old
