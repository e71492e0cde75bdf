"""Fixtures for what comes after the push."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harbour import Harbour, harbour, made_once
from quay import Quay, quay

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def released() -> Harbour:
    """Release 1.3.0, once for all tests; each works with a copy."""
    return made_once("released", release)


def release(folder: Path) -> None:
    ran = harbour(folder).release("--part", "minor", "--yes")
    assert ran.returncode == 0, ran.output


@pytest.fixture
def port(released: Harbour, tmp_path: Path) -> Harbour:
    """Return a copy of the project that was released."""
    return released.copy(tmp_path / "port")


@pytest.fixture
def dock(port: Harbour, tmp_path: Path) -> Iterator[Quay]:
    """Return it with an index that has nothing yet."""
    with quay(port, tmp_path / "index") as made:
        yield made
