"""Fixtures for all tests."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from trial import Trial, environment

if TYPE_CHECKING:
    from pathlib import Path


OLDEST, NEWEST = (3, 9), (3, 13)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the flag that writes anew what is generated."""
    parser.addoption("--refresh", action="store_true", help="write generated pages anew instead of comparing them")
    parser.addoption("--all-projects", action="store_true", help="sail every project of tests/projects")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the longest voyages to the oldest and the newest Python, and the linters to the session that has them."""
    if "linters" not in config.getoption("-m"):
        left_out = [item for item in items if item.get_closest_marker("linters")]
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)
    if OLDEST < sys.version_info[:2] < NEWEST:
        between = pytest.mark.skip(reason="runs on the oldest and the newest Python")
        for item in items:
            if item.get_closest_marker("ends"):
                item.add_marker(between)


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    """Return an empty project folder, whose commands see a home of their own."""
    root, home = tmp_path / "tidepool", tmp_path / "home"
    root.mkdir()
    home.mkdir()
    return Trial(root, environment(home))
