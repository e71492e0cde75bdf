"""mypy's cache, kept between environments and clones."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from seatrial.sessions.tests import REFRESHED_AFTER, TypeCache

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def cache(tmp_path: Path) -> TypeCache:
    return TypeCache(tmp_path / "clone/.mypy_cache/3.12", tmp_path / "home/mypy/tidepool/3.12")


def held(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()} if folder.is_dir() else {}


def fill(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)


def test_new_clone_begins_with_what_another_left(cache: TypeCache, tmp_path: Path) -> None:
    fill(cache.used, builtins="known")
    cache.keep()
    another = TypeCache(tmp_path / "another/.mypy_cache/3.12", cache.kept)
    another.seed()
    assert held(another.used) == {"builtins": "known"}
    assert sorted(path.name for path in cache.kept.parent.iterdir()) == ["3.12"], "no half copies"


def test_existing_cache_is_kept(cache: TypeCache) -> None:
    fill(cache.kept, builtins="old")
    fill(cache.used, builtins="new")
    cache.seed()
    assert held(cache.used) == {"builtins": "new"}


def test_young_copy_stays_and_an_old_one_is_replaced(cache: TypeCache) -> None:
    fill(cache.used, builtins="first")
    cache.keep()
    fill(cache.used, builtins="second")
    cache.keep()
    assert held(cache.kept) == {"builtins": "first"}
    old = cache.kept.stat().st_mtime - REFRESHED_AFTER - 1
    os.utime(cache.kept, (old, old))
    cache.keep()
    assert held(cache.kept) == {"builtins": "second"}


def test_nothing_to_copy_and_nowhere_to_copy_to_do_no_harm(cache: TypeCache, tmp_path: Path) -> None:
    cache.seed()
    cache.keep()
    assert held(cache.used) == held(cache.kept) == {}
    fill(cache.used, builtins="known")
    (tmp_path / "home").write_text("a file where a folder has to be")
    cache.keep()
    cache.seed()
    assert held(cache.used) == {"builtins": "known"}
