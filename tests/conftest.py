"""Fixtures for all tests."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

import shared
from trial import Trial, environment

OLDEST, NEWEST = (3, 9), (3, 13)
LAYERS = ("fast", "selection", "all")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the flags of this repository's tests."""
    parser.addoption("--refresh", action="store_true", help="write generated pages instead of comparing them")
    parser.addoption("--all-projects", action="store_true", help="release every project of tests/projects")
    parser.addoption(
        "--layer",
        choices=LAYERS,
        help="fast: no slow test; selection: also the slow tests marked selection; all. "
        "Default: all on the newest Python, selection on the oldest, fast on the others",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Begin what all processes of a run share."""
    told: dict[str, str] | None = getattr(config, "workerinput", None)
    shared.use(Path(told["shared"]) if told else None)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist what it shares."""
    node.workerinput["shared"] = str(shared.folder())


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return how many workers ``-n auto`` means.

    One for each core where slow tests run: they wait for the processes that they start, so two sessions side by side
    don't starve each other. None for the fast tests, which take less time than the start of workers does.
    """
    return 0 if layer(config) == "fast" else os.cpu_count() or 1


def pytest_unconfigure(config: pytest.Config) -> None:
    """End it."""
    shared.leave()
    if not hasattr(config, "workerinput"):
        shared.remove()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect what is not in this run's layer, and the linters outside the session that installs them."""
    deselected = [item for item in items if not _is_in_layer(item, layer(config))]
    if "linters" not in config.getoption("-m"):
        deselected += [item for item in items if item.get_closest_marker("linters") and item not in deselected]
    if deselected:
        items[:] = [item for item in items if item not in set(deselected)]
        config.hook.pytest_deselected(items=deselected)


def layer(config: pytest.Config) -> str:
    """Return the layer to run: what is named on the command line runs on every Python."""
    chosen: str | None = config.getoption("--layer")
    if chosen:
        return chosen
    is_named = bool(config.getoption("-m")) or config.args_source is pytest.Config.ArgsSource.ARGS
    if is_named or sys.version_info[:2] >= NEWEST:
        return "all"
    return "selection" if sys.version_info[:2] == OLDEST else "fast"


def _is_in_layer(item: pytest.Item, name: str) -> bool:
    marks = {"fast": (), "selection": ("selection",), "all": ("selection", "slow")}[name]
    return not item.get_closest_marker("slow") or any(item.get_closest_marker(mark) for mark in marks)


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    """Return an empty project folder, whose commands see a home of their own."""
    root, home = tmp_path / "tidepool", tmp_path / "home"
    root.mkdir()
    home.mkdir()
    return Trial(root, environment(home))
