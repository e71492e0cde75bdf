"""What happens while a command runs, as data: steps, the output of tools, notes. The faces show it.

The core never prints. It is given a `Progress`, and a face decides what becomes of the events: a list that stays in
place on a terminal, plain lines in a pipe, lines of JSON for a parent process.
"""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from enum import Enum
from typing import Any, Callable, Union

from seatrial.errors import COLOUR


class StepState(Enum):
    """How a step ended."""

    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    COUNTED = "counted"
    """It has no line of its own: another step counts it."""


@dataclass(frozen=True)
class StepStarted:
    """A step has started.

    ``path``: the names of the steps that it is part of, and its own; ``about``: what it does, in a few words.
    """

    path: tuple[str, ...]
    about: str = ""


@dataclass(frozen=True)
class StepEnded:
    """A step has ended, after ``seconds``; ``detail``: what came of it, in a few words."""

    path: tuple[str, ...]
    state: StepState
    seconds: float
    detail: str = ""


@dataclass(frozen=True)
class Line:
    """A line that a tool has printed, in the step ``path``, its secrets masked."""

    path: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class Note:
    """A text that the user is to see whatever else is shown; ``sign``: "warning", or "unknown" for an open question."""

    path: tuple[str, ...]
    text: str
    sign: str = "warning"


@dataclass(frozen=True)
class Activity:
    """What the step ``path`` is doing now, such as waiting for an index, a keyring or CI."""

    path: tuple[str, ...]
    text: str


Event = Union[StepStarted, StepEnded, Line, Note, Activity]
EVENT_TYPES = {event.__name__: event for event in (StepStarted, StepEnded, Line, Note, Activity)}


def render_event(event: Event, render: Callable[[str], str]) -> Event:
    """Return an event with the commands of seatrial in its texts rendered."""
    if isinstance(event, StepStarted):
        return replace(event, about=render(event.about))
    if isinstance(event, StepEnded):
        return replace(event, detail=render(event.detail))
    return replace(event, text=render(event.text))


EVENTS_VARIABLE = "SEATRIAL_EVENTS"
"""The environment variable that has a command write its events as lines of JSON, for the command that started it."""

EVENT_MARK = "seatrial event "
"""What a line with an event begins with; every other line is the output of a tool."""


@dataclass(frozen=True)
class Progress:
    """Where a part of a command reports what it does; ``path``: the steps that it is part of."""

    emit: Callable[[Event], None]
    path: tuple[str, ...] = ()

    @classmethod
    def of_texts(cls, say: Callable[[str], None]) -> Progress:
        """Return a progress of which only the texts are said: notes, and the output of tools."""
        return cls(lambda event: say(event.text) if isinstance(event, (Line, Note)) else None)

    @contextlib.contextmanager
    def step(self, name: str, about: str = "") -> Iterator[Progress]:
        """Report that a step starts, and how it ends; yield where its parts report."""
        inner = Progress(self.emit, (*self.path, name))
        inner.emit(StepStarted(inner.path, about))
        started = time.monotonic()
        state = StepState.FAILED
        try:
            yield inner
            state = StepState.DONE
        finally:
            inner.emit(StepEnded(inner.path, state, time.monotonic() - started))

    def line(self, text: str) -> None:
        """Report a line that a tool has printed."""
        self.emit(Line(self.path, text))

    def note(self, text: str, sign: str = "warning") -> None:
        """Report a text that the user is to see; ``sign``: as in `Note`."""
        self.emit(Note(self.path, text, sign))

    def report(self, text: str) -> None:
        """Report what is done now, such as waiting for CI."""
        self.emit(Activity(self.path, text))


SILENT = Progress(lambda _: None)
"""For those who do not look."""


def encode_event(event: Event) -> str:
    """Return an event as a line for `EventReader`."""
    values = asdict(event)
    if isinstance(event, StepEnded):
        values["state"] = event.state.value
    return EVENT_MARK + json.dumps({"event": type(event).__name__, **values})


def _decode_event(line: str) -> Event | None:
    """Return the event of a line, None where it has none."""
    if not line.startswith(EVENT_MARK):
        return None
    try:
        values: dict[str, Any] = json.loads(line[len(EVENT_MARK) :])
        event_type = EVENT_TYPES[values.pop("event")]
        values["path"] = tuple(map(str, values["path"]))
        if "state" in values:
            values["state"] = StepState(values["state"])
        event: Event = event_type(**values)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return event


@dataclass(frozen=True)
class EventReader:
    """Reads what a child seatrial prints, a line at a time: its events become those of a step of ours.

    ``output``: the lines that were no events, such as an error.
    """

    progress: Progress
    output: list[str] = field(default_factory=list)

    def __call__(self, line: str) -> None:
        """Pass on an event, or a line of output."""
        event = _decode_event(line)
        if event is None:
            self.output.append(line)
            self.progress.line(line)
        else:
            values = {**event.__dict__, "path": (*self.progress.path, *event.path)}
            self.progress.emit(type(event)(**values))


SESSION_STARTED = re.compile(r"(?:nox > Running session (?P<name>.+)|Starting session (?P<parallel>.+)\.\.\.)$")
"""What nox prints when a session starts; the second with ``-j``."""

SESSION_ENDED = re.compile(
    r"(?:nox > Session (?P<name>.+?) (?:was )?|=+ \S+ (?P<parallel>.+?): )"
    r"(?P<result>success|skipped|failed|aborted)(?:[^:]*: (?P<reason>.+?)\.?$)?"
)
"""What nox prints when a session has ended; the second with ``-j``, before all that the session has printed."""

STATE_OF_RESULT = {"success": StepState.DONE, "skipped": StepState.SKIPPED}

MISSING_PYTHON = re.compile(r"Python interpreter (\S+) not found")
"""Why nox skips a session (``nox.virtualenv.InterpreterNotFound``)."""


class SessionReader:
    """Reads what nox prints, a line at a time: each of its sessions becomes a step.

    Sessions for Pythons that are not installed become one step, at the end. ``failure``: the output of the first
    session that failed.
    """

    def __init__(self, progress: Progress) -> None:
        self.failure: list[str] = []
        self._progress = progress
        self._started: dict[str, float | None] = {}
        self._without_python: dict[str, str] = {}
        self._output: list[str] = []
        self._follows = False

    def __call__(self, line: str) -> None:
        """Report a line, and the session that starts or ends with it."""
        plain = COLOUR.sub("", line).rstrip()
        started, ended = SESSION_STARTED.match(plain), SESSION_ENDED.match(plain)
        name = started["name"] or started["parallel"] if started else ""
        if started and name not in self._started:
            self._started[name] = time.monotonic()
            self._progress.emit(StepStarted((*self._progress.path, name)))
        self._progress.line(line)
        if started or ended:
            self._keep_failure(ended)
        else:
            self._output.append(plain)
        name = ended["name"] or ended["parallel"] if ended else ""
        begun = self._started.get(name)
        if ended and begun is not None:
            self._started[name] = None
            state = STATE_OF_RESULT.get(ended["result"], StepState.FAILED)
            reason = ended["reason"] or ""
            missing = MISSING_PYTHON.match(reason) if state is StepState.SKIPPED else None
            if missing:
                state = StepState.COUNTED
                self._without_python[name] = missing[1]
            self._end(name, state, time.monotonic() - begun, reason)

    def close(self) -> None:
        """Take what came last for the output of the session that it belongs to, and report the missing Pythons."""
        self._keep_failure(None)
        if self._without_python:
            names = list(self._without_python)
            *others, last = dict.fromkeys(self._without_python.values())
            pythons = f"{', '.join(others)} and {last} are" if others else f"{last} is"
            name = f"{len(names)} sessions" if len(names) > 1 else names[0]
            self._end(name, StepState.SKIPPED, 0.0, f"Python {pythons} not installed")

    def _end(self, name: str, state: StepState, seconds: float, reason: str) -> None:
        self._progress.emit(StepEnded((*self._progress.path, name), state, seconds, reason))

    def _keep_failure(self, ended: re.Match[str] | None) -> None:
        """Keep the output of a session that failed: it is before the line of its end, or with ``-j`` after it."""
        is_failure = ended is not None and ended["result"] == "failed"
        if not self.failure and (self._follows or (is_failure and ended is not None and ended["name"])):
            self.failure = self._output
        self._follows = is_failure and ended is not None and bool(ended["parallel"])
        self._output = []
