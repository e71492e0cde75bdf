"""Fixtures for the release."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harbour import Harbour, harbour

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def port(tmp_path: Path) -> Harbour:
    """Return a project that is ready to be released, with the build backend that is quickest."""
    return harbour(tmp_path / "port", "uv_build")


@pytest.fixture
def hatchling_port(tmp_path: Path) -> Harbour:
    """Return one whose build backend has plugins."""
    return harbour(tmp_path / "port")
