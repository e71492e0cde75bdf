"""What people see: everything that the faces show passes through here.

There are four forms. On a terminal, a list of steps stays in place and shows what runs, with colours. In a pipe or in
CI, each step is a plain line. For a parent process, each event is a line of JSON. With ``--quiet``, only results and
errors are shown. The output of tools goes to a log, and with ``--verbose`` to the screen too.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Literal, TextIO

from seatrial.errors import COLOUR, SeatrialError
from seatrial.events import (
    EVENTS_VARIABLE,
    Activity,
    Event,
    Line,
    Note,
    Progress,
    StepEnded,
    StepStarted,
    StepState,
    encode_event,
    render_event,
)
from seatrial.storage import read_json, write_json
from seatrial.terminal import can_encode, for_stream, styled, wants_colour

if TYPE_CHECKING:
    from rich.live import Live
    from rich.text import Text


class Form(Enum):
    """How events are shown."""

    LIVE = "live"
    PLAIN = "plain"
    EVENTS = "events"
    QUIET = "quiet"


SIGNS = {"done": "✓", "failed": "✗", "skipped": "–", "warning": "!", "unknown": "?"}
ASCII_SIGNS = {"done": "+", "failed": "x", "skipped": "-", "warning": "!", "unknown": "?"}
SPINNER, ASCII_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏", "|/-\\"
STATE_STYLES = {StepState.DONE: "ok", StepState.FAILED: "error", StepState.SKIPPED: "dim"}

ROW_STYLES = {StepState.DONE: "green", StepState.FAILED: "bold red", StepState.SKIPPED: "dim"}
"""The styles of the signs in the list, as rich names them."""

SHA256 = re.compile(r"sha256 [0-9a-f]{64}\b")
WORD = re.compile(
    r"( *)(sha256 [0-9a-f]{64}\b|[\d,]+ bytes\b"
    r"|(?:^|(?<=: )|(?<=\x1b\[0m ))(?:seatrial|invoke|pip|python|git|gh|nox|uv|uvx) (?![^;,]*…)"
    r"(?:[^;,]|[;,](?! ))+[;,]?|\S+)"
)
"""A word, with the blanks before it.

A SHA-256 goes with its name, a number of bytes with its unit, and a command, which a user may copy, stays whole: at the
beginning of a text or after a colon, up to the end of its clause. One that is cut has nothing to copy.
"""

COLUMN = re.compile(r"[A-Za-z][A-Za-z ]*?:? {2,}(?=\S)| *(?:- )?")
"""The first column of a card, or the indentation of a line, with the dash of a list."""

LOGS_KEPT = 10
"""How many logs of earlier commands a repository keeps."""

REFRESHES = 10
"""How many times a second the list on a terminal is drawn anew."""


def fit_line(line: str, width: int) -> str:
    """Return a line as lines that fit, broken at blanks and indented like its text; a longer SHA-256 is cut.

    Colours take no room.
    """
    plain = COLOUR.sub("", line)
    if len(plain) <= width:
        return line
    column = COLUMN.match(line)
    head = column[0] if column and plain == line else ""
    # The sign or the word in colour is no column: what follows is indented below it.
    indent = len(head) if plain == line else len(plain) - len(plain.lstrip()) + len("✗ ")
    lines = [head]
    for place, (gap, word) in enumerate(WORD.findall(line[len(head) :])):
        if place and len(COLOUR.sub("", f"{lines[-1]}{gap}{word}")) > width:
            lines.append(" " * indent + word)
        else:
            lines[-1] += gap + word
    room = max(len("sha256 "), width - indent - 1)
    return "\n".join(SHA256.sub(f"{part.strip()[:room]}…", part) if len(part) > width else part for part in lines)


def fit_text(text: str, stream: TextIO) -> str:
    """Return a text as it fits into a terminal, line by line (`fit_line`); as it is for another stream."""
    if not stream.isatty():
        return text
    width = shutil.get_terminal_size().columns
    return "\n".join(fit_line(line, width) for line in text.split("\n"))


@dataclass
class Step:
    """A step that has started: ``since`` is on the clock of `time.monotonic`; ``state`` is None while it runs."""

    path: tuple[str, ...]
    about: str
    since: float
    state: StepState | None = None
    seconds: float = 0.0
    detail: str = ""
    activity: str = ""


@dataclass
class Memory:
    """Where a command keeps its log and what its steps took: the ``seatrial`` folder in the git folder.

    ``seconds``: by the path of a step, how long it took the last time it was done.
    """

    folder: Path
    command: str
    seconds: dict[str, float] = field(default_factory=dict)

    @classmethod
    def load(cls, folder: Path, command: str) -> Memory:
        """Read what the steps of a command took; a file that cannot be read is as good as none."""
        kept = (read_json(folder / "durations.json") or {}).get(command)
        try:
            seconds = {str(path): float(value) for path, value in kept.items()} if isinstance(kept, dict) else {}
        except (ValueError, TypeError):
            seconds = {}
        return cls(folder, command, seconds)

    def save(self, steps: Mapping[tuple[str, ...], Step]) -> None:
        """Remember what the steps that were done took."""
        done = {"/".join(path): round(step.seconds, 2) for path, step in steps.items() if step.state is StepState.DONE}
        if not done:
            return
        path = self.folder / "durations.json"
        with contextlib.suppress(OSError):
            write_json(path, {**(read_json(path) or {}), self.command: {**self.seconds, **done}}, indent=1)

    def open_log(self) -> TextIO | None:
        """Open a new log, and remove the oldest; None where none can be written."""
        logs = self.folder / "logs"
        try:
            logs.mkdir(parents=True, exist_ok=True)
            for old in sorted(logs.glob("*.log"))[: 1 - LOGS_KEPT]:
                old.unlink(missing_ok=True)
            name = f"{datetime.now().astimezone():%Y%m%d-%H%M%S}-{self.command}.log"
            return (logs / name).open("w", encoding="utf-8", errors="backslashreplace")
        except OSError:
            return None


class Console:
    """Shows events and texts on a stream.

    ``form``: how; ``is_verbose``: the output of tools is shown too; ``memory``: where the log and the times are kept;
    ``render``: makes the commands of seatrial in a text what the user types.
    """

    def __init__(
        self,
        stream: TextIO | None = None,
        *,
        form: Form = Form.PLAIN,
        has_colour: bool = False,
        is_verbose: bool = False,
        memory: Memory | None = None,
        render: Callable[[str], str] = str,
    ) -> None:
        self.stream = stream or sys.stdout
        self.form = form
        self.has_colour = has_colour
        self.is_verbose = is_verbose
        self.memory = memory
        self.render = render
        self.is_unicode = can_encode("".join(SIGNS.values()) + SPINNER, self.stream.encoding or "utf-8")
        self._steps: dict[tuple[str, ...], Step] = {}
        self._shown: set[tuple[str, ...]] = set()
        self._notes: set[str] = set()
        self._log: TextIO | None = None
        self._live: Live | None = None
        self._wait: Step | None = None
        self._has_lines = False

    @classmethod
    def of(
        cls,
        environ: Mapping[str, str],
        stream: TextIO | None = None,
        *,
        is_quiet: bool = False,
        is_verbose: bool = False,
        memory: Memory | None = None,
        render: Callable[[str], str] = str,
    ) -> Console:
        """Return the console that suits a stream and an environment; CI shows all output, because its disk goes."""
        stream = stream or sys.stdout
        is_terminal = stream.isatty()
        is_live = is_terminal and environ.get("TERM") != "dumb" and not is_verbose
        form = Form.LIVE if is_live else Form.PLAIN
        if environ.get(EVENTS_VARIABLE):
            form = Form.EVENTS
        elif is_quiet:
            form = Form.QUIET
        return cls(
            stream,
            form=form,
            has_colour=wants_colour(environ, is_terminal=is_terminal),
            is_verbose=is_verbose or bool(environ.get("CI")),
            memory=memory,
            render=render,
        )

    @property
    def progress(self) -> Progress:
        """Where the core reports."""
        return Progress(self.emit)

    @property
    def log_path(self) -> Path | None:
        """The path of the log; None where nothing was written to one."""
        return Path(self._log.name) if self._log else None

    @contextlib.contextmanager
    def running(self) -> Iterator[Progress]:
        """Show the steps of a command while it runs; afterwards, remember what they took.

        An error after tools have printed something gets the path of the log, where a list of steps hid it.
        """
        try:
            yield self.progress
        except SeatrialError as error:
            if self.form is Form.LIVE and self._has_lines and self.log_path:
                with contextlib.suppress(ValueError):  # Windows: another drive
                    error.log = os.path.relpath(self.log_path)
            raise
        finally:
            self.pause()
            if self.memory:
                self.memory.save(self._steps)
            if self._log:
                self._log.close()

    def show(self, text: object, paint: Callable[[str], str] = str) -> None:
        """Show a text that the user wants to keep; ``paint``: gives it colours, where there are any."""
        fitting = fit_text(self.render(str(text)), self.stream)
        self._write(paint(fitting) if self.has_colour else fitting)

    def styled(self, text: str, style: str) -> str:
        """Return a text in one of the styles of `seatrial.terminal`, where there are colours."""
        return styled(text, style) if self.has_colour else text

    @contextlib.contextmanager
    def waiting(self, about: str) -> Iterator[None]:
        """Show what is waited for on a terminal, up to the end, a step or a question; elsewhere, show nothing."""
        if self.form is Form.LIVE:
            self._wait = Step((about,), "", time.monotonic())
            self._refresh()
        try:
            yield
        finally:
            self._stop_waiting()

    def _stop_waiting(self) -> None:
        """Remove what `waiting` shows."""
        if self._wait is None:
            return
        self._wait = None
        if self._live and not self._steps_now():
            # An empty list leaves no empty line.
            self._live.transient = True
            self._live.stop()
            self._live = None

    def sign(self, name: str) -> str:
        """Return one of `SIGNS`, in ASCII where the stream takes nothing else."""
        return (SIGNS if self.is_unicode else ASCII_SIGNS)[name]

    def emit(self, event: Event) -> None:
        """Show an event in the form that this console has."""
        event = render_event(event, self.render)
        self._follow(event)
        self._record(event)
        if self.form is Form.EVENTS:
            self._write(encode_event(event))
        elif isinstance(event, Note):
            if event.text not in self._notes:
                self._notes.add(event.text)
                text = event.text.replace("\n", "\n  ")
                self._write(fit_text(f"{self.styled(self.sign(event.sign), 'warning')} {text}", self.stream))
        elif isinstance(event, Line):
            if self.is_verbose and self.form is not Form.QUIET:
                self._write(f"    {event.text}".rstrip())
        elif self.form is Form.PLAIN:
            self._write_plainly(event)
        elif self.form is Form.LIVE:
            self._refresh()

    def pause(self) -> None:
        """Leave the list of steps as it is, for a question or at the end; the next step begins a new list."""
        self._stop_waiting()
        if self._live:
            self._live.stop()
            self._live = None
        self._shown.update(path for path, step in self._steps.items() if step.state is not None)

    def _follow(self, event: Event) -> None:
        """Keep what an event says of a step."""
        if isinstance(event, StepStarted):
            self._wait = None
            # A step that runs once more, such as a trial of another version, begins anew, with its parts.
            for path in [path for path in self._steps if path[: len(event.path)] == event.path]:
                del self._steps[path]
                self._shown.discard(path)
            self._steps[event.path] = Step(event.path, event.about, time.monotonic())
        elif isinstance(event, StepEnded) and event.state is StepState.COUNTED:
            self._steps.pop(event.path, None)
        elif isinstance(event, StepEnded):
            step = self._steps.setdefault(event.path, Step(event.path, "", time.monotonic() - event.seconds))
            step.state, step.seconds, step.detail, step.activity = event.state, event.seconds, event.detail, ""
        elif isinstance(event, Activity) and event.path in self._steps:
            self._steps[event.path].activity = event.text

    def _write(self, text: str) -> None:
        text = for_stream(text, self.stream)
        if self._live:
            from rich.text import Text  # noqa: PLC0415 - it is loaded already

            self._live.console.print(Text.from_ansi(text), soft_wrap=True)
        else:
            print(text, file=self.stream, flush=True)

    def _record(self, event: Event) -> None:
        """Write an event to the log."""
        if self.memory is None or self.form is Form.EVENTS:
            return
        if self._log is None:
            self._log = self.memory.open_log()
            if self._log is None:
                self.memory = None
                return
        name = " ".join(event.path)
        self._has_lines = self._has_lines or isinstance(event, Line)
        if isinstance(event, StepStarted):
            text = f"== {name}: {event.about}" if event.about else f"== {name}"
        elif isinstance(event, StepEnded):
            is_counted = event.state is StepState.COUNTED
            text = f"== {name}: {event.detail if is_counted else f'{event.state.value} in {event.seconds:.1f} s'}"
        else:
            text = event.text
        print(text, file=self._log, flush=True)

    def _write_plainly(self, event: StepStarted | StepEnded | Activity) -> None:
        indent = "  " * (len(event.path) - 1)
        if isinstance(event, Activity):
            self._write(f"{indent}  {event.text}")
        elif isinstance(event, StepEnded) and event.state is not StepState.COUNTED:
            sign = self.styled(self.sign(event.state.value), STATE_STYLES[event.state])
            detail = f"  {event.detail}" if event.detail else ""
            self._write(f"{indent}{sign} {event.path[-1]}  {event.seconds:.1f} s{detail}")
        elif isinstance(event, StepStarted) and len(event.path) == 1:
            self._write(f"  {event.path[-1]}: {event.about}" if event.about else f"  {event.path[-1]}")

    def _refresh(self) -> None:
        from rich.console import Console as RichConsole  # noqa: PLC0415 - a pipe does without
        from rich.live import Live  # noqa: PLC0415 - as above

        if self._live is None:
            colours: Literal["auto"] | None = "auto" if self.has_colour else None
            console = RichConsole(file=self.stream, force_terminal=True, highlight=False, color_system=colours)
            self._live = Live(
                console=console,
                get_renderable=lambda: self._rendered(*console.size),
                refresh_per_second=REFRESHES,
                vertical_overflow="crop",
            )
            self._live.start(refresh=True)
        else:
            self._live.refresh()

    def _rendered(self, width: int, height: int) -> Text:
        """Return the list of steps as it is now."""
        from rich.text import Text  # noqa: PLC0415 - see _refresh

        steps = self._steps_now()
        if len(steps) > height - 2:
            # What is done goes without its parts, then, and of the rest the end is shown.
            done = {step.path for step in steps if step.state is StepState.DONE}
            steps = [step for step in steps if not any(step.path[:end] in done for end in range(1, len(step.path)))]
            steps = steps[-max(1, height - 2) :]
        lines = [self._row(step, width) for step in steps]
        seconds_left = self._seconds_left()
        if seconds_left is not None:
            lines.append(Text(f"  about {seconds_left:.0f} s left", style="dim", no_wrap=True))
        return Text("\n").join(lines)

    def _steps_now(self) -> list[Step]:
        """Return the steps of the list, and what is waited for."""
        steps = [step for path, step in list(self._steps.items()) if path not in self._shown]
        return [*steps, *([self._wait] if self._wait else [])]

    def _row(self, step: Step, width: int) -> Text:
        from rich.text import Text  # noqa: PLC0415 - see _refresh

        now = time.monotonic()
        last = self.memory.seconds.get("/".join(step.path)) if self.memory else None
        if step.state is None:
            frames = SPINNER if self.is_unicode else ASCII_SPINNER
            sign, style = frames[int(now * REFRESHES) % len(frames)], "cyan"
            took = f"{now - step.since:.1f} s" + (f" of {last:.0f}" if last is not None and last >= 1 else "")
        else:
            sign, style, took = self.sign(step.state.value), ROW_STYLES[step.state], f"{step.seconds:.1f} s"
        about = for_stream(step.activity or step.detail or step.about, self.stream)
        row = Text("  " * (len(step.path) - 1), no_wrap=True)
        row.append(f"{sign} ", style=style)
        row.append(step.path[-1], style="bold" if len(step.path) == 1 else "")
        row.append(f"  {took}  {about}".rstrip(), style="dim")
        row.truncate(width, overflow="ellipsis" if self.is_unicode else "crop")
        return row

    def _seconds_left(self) -> float | None:
        """Return how many seconds the rest takes if it takes as long as last time; None where that is not known."""
        if self.memory is None or all(step.state is not None for step in self._steps.values()):
            return None
        now, seconds_left = time.monotonic(), 0.0
        for name, seconds in self.memory.seconds.items():
            step = self._steps.get((name,))
            if "/" not in name and step is None:
                seconds_left += seconds
            elif step is not None and step.state is None:
                seconds_left += max(0.0, seconds - (now - step.since))
        return seconds_left if seconds_left >= 1 else None
