"""Fixtures for what comes after the push."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from index_server import IndexServer, serve_index
from release_repo import ReleaseRepo, made_once, make_release_repo

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def released() -> ReleaseRepo:
    """Release 1.3.0, once for all tests; each works with a copy."""
    return made_once("released", release)


def release(folder: Path) -> None:
    ran = make_release_repo(folder).release("--part", "minor", "--yes")
    assert ran.returncode == 0, ran.output


@pytest.fixture
def repo(released: ReleaseRepo, tmp_path: Path) -> ReleaseRepo:
    """Return a copy of the project that was released."""
    return released.copy(tmp_path / "port")


@pytest.fixture
def server(repo: ReleaseRepo, tmp_path: Path) -> Iterator[IndexServer]:
    """Return it with an index that has nothing yet."""
    with serve_index(repo, tmp_path / "index") as made:
        yield made
