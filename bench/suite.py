"""Where the time of the tests goes: ``python bench/suite.py [ARGUMENTS OF PYTEST]``, such as ``--layer fast -n 2``.

Prints the slowest tests, then the share of each fixture and of each folder. ``seconds`` is elapsed time, which
depends on what else the machine does; ``processor`` is the processor time of the test process and of the commands
that it waited for. A test's figures are those of its set-up, call and tear-down, so the first test that uses a fixture
of a module or a session bears it. A fixture's figures are those of its own set-up, without the fixtures that it uses.
Shares are of the sum over all tests, over all workers where pytest-xdist runs them; loading and collecting the tests
is not part of it.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping

    from _pytest.fixtures import FixtureDef, SubRequest


SLOWEST = 30
"""How many tests and how many fixtures are listed."""

FIXTURE, TEST = "suite fixture", "suite test"
"""The names of the properties of a test that hold figures: reports bring them from the workers of pytest-xdist."""


@dataclass(frozen=True)
class Figures:
    """Elapsed seconds, and seconds of processor time."""

    seconds: float = 0.0
    processor: float = 0.0

    @classmethod
    def now(cls) -> Figures:
        """Return the clocks as they are."""
        return cls(time.perf_counter(), sum(os.times()[:4]))

    def __add__(self, other: Figures) -> Figures:
        return Figures(self.seconds + other.seconds, self.processor + other.processor)

    def __sub__(self, other: Figures) -> Figures:
        return Figures(self.seconds - other.seconds, self.processor - other.processor)


class Clock:
    """The plugin: measures in the process that runs the tests, and gathers where the reports arrive."""

    def __init__(self) -> None:
        """Begin with nothing measured."""
        self._inner: list[Figures] = []
        self._tests: defaultdict[str, Figures] = defaultdict(Figures)
        self._fixtures: defaultdict[str, Figures] = defaultdict(Figures)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(
        self, fixturedef: FixtureDef[object], request: SubRequest
    ) -> Generator[None, object, object]:
        """Measure the set-up of a fixture, without that of those which it asks for in the meantime."""
        start = Figures.now()
        self._inner.append(Figures())
        try:
            return (yield)
        finally:
            all_of_it = Figures.now() - start
            own = all_of_it - self._inner.pop()
            if self._inner:
                self._inner[-1] += all_of_it
            name = f"{fixturedef.argname} ({fixturedef.baseid})" if fixturedef.baseid else fixturedef.argname
            _pyfuncitem(request).user_properties.append((FIXTURE, [name, own.seconds, own.processor]))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, None, None]:
        """Measure the set-up of a test."""
        return (yield from _measured(item))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, None, None]:
        """Measure the test itself."""
        return (yield from _measured(item))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, None, None]:
        """Measure the tear-down of a test."""
        return (yield from _measured(item))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Gather what was measured, from the last report of each test: it holds all."""
        if report.when != "teardown":
            return
        for kind, value in report.user_properties:
            if kind == FIXTURE:
                name, *figures = cast("tuple[str, float, float]", value)
                self._fixtures[name] += Figures(*figures)
            elif kind == TEST:
                self._tests[report.nodeid] += Figures(*cast("tuple[float, float]", value))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the tables."""
        folders: defaultdict[str, Figures] = defaultdict(Figures)
        for name, figures in self._tests.items():
            folders[os.path.dirname(name.partition("::")[0])] += figures  # noqa: PTH120 - node ids have slashes
        total = sum(self._tests.values(), Figures())
        for title, rows in (("test", self._tests), ("fixture", self._fixtures), ("folder", folders)):
            terminalreporter.section(f"{len(rows)} {title}s")
            terminalreporter.write_line("\n".join(table(title, rows, total)))


def table(title: str, rows: Mapping[str, Figures], total: Figures) -> Iterable[str]:
    """Yield the lines of a table, the longest first."""
    yield f"{'seconds':>9}  {'share':>6}  {'processor':>9}  {'share':>6}  {title}"
    largest = sorted(rows.items(), key=lambda row: row[1].seconds, reverse=True)[:SLOWEST]
    for name, figures in (*largest, ("all tests", total)):
        seconds, processor = (
            f"{part:9.2f}  {part / whole if whole else 0:6.1%}"
            for part, whole in ((figures.seconds, total.seconds), (figures.processor, total.processor))
        )
        yield f"{seconds}  {processor}  {name}"


def pytest_configure(config: pytest.Config) -> None:
    """Register the plugin: ``-p suite`` loads this module, in the workers of pytest-xdist too."""
    config.pluginmanager.register(Clock(), "clock of bench/suite.py")


def _measured(item: pytest.Item) -> Generator[None, None, None]:
    start = Figures.now()
    try:
        return (yield)
    finally:
        spent = Figures.now() - start
        item.user_properties.append((TEST, [spent.seconds, spent.processor]))


def _pyfuncitem(request: SubRequest) -> pytest.Item:
    """Return the test for which a fixture is set up, also where the fixture outlives it."""
    item: pytest.Item = request._pyfuncitem  # noqa: SLF001 - request.node is the module or the session there
    return item


if __name__ == "__main__":
    import sys

    raise SystemExit(pytest.main(["-p", "suite", "-q", *sys.argv[1:]]))
