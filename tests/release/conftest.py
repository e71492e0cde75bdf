"""Fixtures for the release."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from release_repo import ReleaseRepo, make_release_repo

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def repo(tmp_path: Path) -> ReleaseRepo:
    """Return a project that is ready to be released, with the build backend that is quickest."""
    return make_release_repo(tmp_path / "port", "uv_build")


@pytest.fixture
def hatchling_port(tmp_path: Path) -> ReleaseRepo:
    """Return one whose build backend has plugins."""
    return make_release_repo(tmp_path / "port")
