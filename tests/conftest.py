"""Fixtures for all tests."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

import process_environment
import shared
from sample_project import SampleProject, environment

if TYPE_CHECKING:
    from collections.abc import Generator


# No deadline and no note of failures: a busy machine fails no test, and nothing is written into the checkout. The
# examples are the same in each run; --hypothesis-profile=thorough tries many others.
hypothesis.settings.register_profile(
    "usual",
    max_examples=25,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[
        hypothesis.HealthCheck.too_slow,
        hypothesis.HealthCheck.data_too_large,
        hypothesis.HealthCheck.filter_too_much,
    ],
)
hypothesis.settings.register_profile(
    "thorough", hypothesis.settings.get_profile("usual"), max_examples=1000, derandomize=False, print_blob=True
)
hypothesis.settings.load_profile("usual")

NEWEST = (3, 13)
LAYERS = ("fast", "selection", "all")
ALL_SLOW = re.compile(r"^pytestmark = (\[[^]]*?)?pytest\.mark\.slow(,|\])?$", re.MULTILINE)
"""How a module says that all its tests are slow."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the flags of this repository's tests."""
    parser.addoption("--refresh", action="store_true", help="write generated pages instead of comparing them")
    parser.addoption("--all-projects", action="store_true", help="release every project of tests/projects")
    parser.addoption(
        "--layer",
        choices=LAYERS,
        help="fast: no slow test; selection: also the slow tests marked selection; all. "
        "Default: all on the newest Python, fast on the others",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Begin what all processes of a run share, and isolate the environment of this one."""
    worker: dict[str, str] | None = getattr(config, "workerinput", None)
    shared.begin_run(Path(worker["shared"]) if worker else None)
    process_environment.isolate()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Give a worker of pytest-xdist the shared folder."""
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
    shared.stop_servers()
    if not hasattr(config, "workerinput"):
        shared.remove()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not load a module of slow tests alone where none of them is run."""
    is_slow = collection_path.suffix == ".py" and ALL_SLOW.search(collection_path.read_text(encoding="utf-8"))
    return True if is_slow and layer(config) == "fast" else None


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
    return "all" if is_named or sys.version_info[:2] >= NEWEST else "fast"


def _is_in_layer(item: pytest.Item, name: str) -> bool:
    marks = {"fast": (), "selection": ("selection",), "all": ("selection", "slow")}[name]
    return not item.get_closest_marker("slow") or any(item.get_closest_marker(mark) for mark in marks)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, object, object]:
    """Run each test, its fixtures included, with signals that are not ignored."""
    with process_environment.default_signals():
        return (yield)


@pytest.fixture
def project(tmp_path: Path) -> SampleProject:
    """Return an empty project folder, whose commands see a home of their own."""
    root, home = tmp_path / "tidepool", tmp_path / "home"
    root.mkdir()
    home.mkdir()
    return SampleProject(root, environment(home))
