"""What a command reports while it runs, and what is read from the output of its children."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from seatrial.events import (
    Activity,
    Event,
    EventReader,
    Line,
    Note,
    Progress,
    SessionReader,
    StepEnded,
    StepStarted,
    StepState,
    encode_event,
)

if TYPE_CHECKING:
    from pathlib import Path

NOXFILE = """\
import nox

nox.options.default_venv_backend = "none"

@nox.session
@nox.parametrize("django", ["5"])
def tests(session, django):
    session.run(PYTHON, "-c", "print('nox > Session tests is what a test prints')", external=True)

@nox.session
def lint(session):
    session.skip("not today: it is too late. Really")

@nox.session
def types(session):
    session.error("no types")
"""


def without_seconds(events: list[Event]) -> list[Event]:
    """Return the steps among events, with 0 seconds each."""
    steps = [event for event in events if isinstance(event, (StepStarted, StepEnded))]
    return [StepEnded(step.path, step.state, 0, step.detail) if isinstance(step, StepEnded) else step for step in steps]


def test_a_step_that_raises_has_failed() -> None:
    events: list[Event] = []
    progress = Progress(events.append)

    def build() -> None:
        with progress.step("build", "the sdist") as step:
            with step.step("sdist"):
                step.line("running build")
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        build()

    assert without_seconds(events) == [
        StepStarted(("build",), "the sdist"),
        StepStarted(("build", "sdist")),
        StepEnded(("build", "sdist"), StepState.DONE, 0),
        StepEnded(("build",), StepState.FAILED, 0),
    ]
    assert events[2] == Line(("build",), "running build")


@pytest.mark.parametrize(
    "event",
    [
        StepStarted(("a", "b"), "é\n\x1b[31m"),
        StepEnded(("a",), StepState.SKIPPED, 1.5, "no Python"),
        Line((), "x"),
        Note(("a",), "y"),
        Activity(("a",), "CI"),
    ],
)
def test_a_child_hands_its_events_to_its_parent(event: Event) -> None:
    events: list[Event] = []
    EventReader(Progress(events.append, ("release",)))(encode_event(event))
    assert events == [type(event)(**{**event.__dict__, "path": ("release", *event.path)})]


@pytest.mark.parametrize(
    "line",
    [
        "{}",
        *(
            "seatrial event " + text
            for text in ("", "{}", "[]", '{"event": "Step"}', '{"event": "Line", "path": 1}', "1")
        ),
    ],
)
def test_what_is_no_event_is_output(line: str) -> None:
    events: list[Event] = []
    EventReader(Progress(events.append))(line)
    assert events == [Line((), line)]


@pytest.mark.parametrize("options", [(), ("-j", "2", "--allow-parallel")], ids=["in turn", "parallel"])
def test_the_sessions_of_nox_are_steps(tmp_path: Path, options: tuple[str, ...]) -> None:
    if options and sys.version_info < (3, 10):
        pytest.skip("the nox of Python 3.9 has no -j")
    (tmp_path / "noxfile.py").write_text(NOXFILE.replace("PYTHON", repr(sys.executable)), encoding="utf-8")
    nox = subprocess.run(
        (sys.executable, "-m", "nox", *options),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    events: list[Event] = []
    lines = nox.stdout.decode().splitlines()
    with contextlib.closing(SessionReader(Progress(events.append))) as reader:
        for line in lines:
            reader(line)

    assert [event.text for event in events if isinstance(event, Line)] == lines
    # With -j they end in any order, and give no reasons.
    reasons = ("", "") if options else ("not today: it is too late. Really", "no types")
    assert sorted(without_seconds(events), key=str) == sorted(
        [
            StepStarted(("tests(django='5')",)),
            StepEnded(("tests(django='5')",), StepState.DONE, 0),
            StepStarted(("lint",)),
            StepEnded(("lint",), StepState.SKIPPED, 0, reasons[0]),
            StepStarted(("types",)),
            StepEnded(("types",), StepState.FAILED, 0, reasons[1]),
        ],
        key=str,
    )


NO_PYTHON = """\
nox > Running session {session}-{python}
nox > Missing interpreters will error by default on CI systems.
nox > Session {session}-{python} skipped: Python interpreter {python} not found.
"""


@pytest.mark.parametrize(
    ("sessions", "line", "reason"),
    [
        (("tests-3.14",), "tests-3.14", "Python 3.14 is not installed"),
        (
            ("tests-3.14", "tests-3.15", "tests-pypy3.10", "mypy-3.14"),
            "4 sessions",
            "Python 3.14, 3.15 and pypy3.10 are not installed",
        ),
    ],
    ids=["one", "several"],
)
def test_sessions_without_their_python_become_one_step_at_the_end(
    sessions: tuple[str, ...], line: str, reason: str
) -> None:
    events: list[Event] = []
    with contextlib.closing(SessionReader(Progress(events.append, ("tests",)))) as reader:
        for session, _, python in (name.partition("-") for name in sessions):
            for text in NO_PYTHON.format(session=session, python=python).splitlines():
                reader(text)
    *others, last = without_seconds(events)
    assert last == StepEnded(("tests", line), StepState.SKIPPED, 0, reason)
    assert [(event.path[-1], getattr(event, "state", None)) for event in others if not isinstance(event, Line)] == [
        (name, state) for name in sessions for state in (None, StepState.COUNTED)
    ]
