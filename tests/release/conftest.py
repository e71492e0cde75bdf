"""Fixtures for the release."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harbour import Harbour, harbour

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def port(tmp_path: Path) -> Harbour:
    return harbour(tmp_path / "port")
