"""The console in each of its forms: what is shown, what goes to the log, and what is remembered."""

from __future__ import annotations

import contextlib
import io
import json
import re
from pathlib import Path

import pytest

from seatrial.console import LOGS_KEPT, Console, Form, Memory, fit_line
from seatrial.errors import SeatrialError
from seatrial.events import Event, EventReader, Progress, StepEnded, StepStarted, StepState
from seatrial.tasks.console import show


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        """Say yes."""
        return True


def run_steps(console: Console) -> None:
    """Report what a command with three steps does, the last of which fails."""
    with contextlib.suppress(KeyError), console.running() as progress:
        with progress.step("check", "the repository"):
            pass
        console.show("demo 1.3.0")
        with progress.step("tests", "nox -t release") as tests:
            tests.line("1 passed")
            tests.note("no licence")
            tests.note("no licence")
            tests.emit(StepStarted((*tests.path, "tests-3.12")))
            tests.emit(StepEnded((*tests.path, "tests-3.12"), StepState.SKIPPED, 0.26, "no Python 3.12"))
            tests.emit(StepStarted((*tests.path, "tests-3.14")))
            tests.emit(StepEnded((*tests.path, "tests-3.14"), StepState.COUNTED, 0.0, "another line counts it"))
            tests.report("waiting for CI")
        with progress.step("push"):
            raise KeyError


PLAIN = """\
  check: the repository
✓ check  0.0 s
demo 1.3.0
  tests: nox -t release
! no licence
  – tests-3.12  0.3 s  no Python 3.12
  waiting for CI
✓ tests  0.0 s
  push
✗ push  0.0 s
"""


def test_a_pipe_gets_each_line_once() -> None:
    stream = io.StringIO()
    run_steps(Console.of({}, stream))
    assert stream.getvalue() == PLAIN


def test_verbose_shows_what_tools_print() -> None:
    stream = io.StringIO()
    run_steps(Console.of({}, stream, is_verbose=True))
    assert stream.getvalue() == PLAIN.replace("! no", "    1 passed\n! no")


def test_ci_shows_what_tools_print_because_its_disk_goes() -> None:
    stream = io.StringIO()
    run_steps(Console.of({"CI": "true"}, stream))
    assert "    1 passed\n" in stream.getvalue()


LINK = "\x1b]8;;http://a.example\x1b\\link\x1b]8;;\x1b\\"
HOSTILE = f"\x1b[2J\x1b]0;title\x07{LINK}\x1b[K\x1b[?25l\x1b\x9b2J\u202e\ud800\r👩\u200d💻"
HARMLESS = "link\\x1b\\x9b2J\\u202e\\ud800\\r👩\u200d💻"


def show_hostile(console: Console) -> None:
    """Show in each way what somebody else wrote: a name on an index, the subject of a commit, a line of a tool."""
    console.show(f"shown {HOSTILE}")
    with console.running() as progress, progress.step("begun", HOSTILE) as step:
        step.line(f"tool {HOSTILE}")
        step.report(f"reported {HOSTILE}")
        step.note(f"noted {HOSTILE}")
    show(f"task {HOSTILE}", console.stream)


def test_what_is_shown_does_not_control_the_terminal() -> None:
    pipe, terminal = io.StringIO(), Terminal()
    show_hostile(Console.of({"CI": "true"}, pipe))
    show_hostile(Console.of({"NO_COLOR": "1"}, terminal))
    assert pipe.getvalue().splitlines() == [
        f"shown {HARMLESS}",
        f"  begun: {HARMLESS}",
        f"    tool {HARMLESS}",
        f"  reported {HARMLESS}",
        f"! noted {HARMLESS}",
        "✓ begun  0.0 s",
        f"task {HARMLESS}",
    ]
    written = re.sub(r"\x1b\[(?:\?25[lh]|2K|1A)", "", terminal.getvalue()).replace("\r", "")
    assert [line for line in written.splitlines() if not line.replace("\u200d", "").isprintable()] == []
    assert f"noted {HARMLESS}" in written


def test_quiet_shows_results_and_notes_alone() -> None:
    stream = io.StringIO()
    run_steps(Console.of({}, stream, is_quiet=True))
    assert stream.getvalue() == "demo 1.3.0\n! no licence\n"


def test_a_stream_without_utf_8_gets_ascii() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    run_steps(Console.of({}, stream))
    expected = PLAIN.replace("✓", "+").replace("✗", "x").replace("–", "-")
    assert raw.getvalue().decode("ascii").replace("\r\n", "\n") == expected


@pytest.mark.parametrize(
    ("environ", "stream", "has_colour", "form"),
    [
        ({}, io.StringIO(), False, Form.PLAIN),
        ({"FORCE_COLOR": "1"}, io.StringIO(), True, Form.PLAIN),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, io.StringIO(), False, Form.PLAIN),
        ({"FORCE_COLOR": "", "NO_COLOR": ""}, Terminal(), True, Form.LIVE),
        ({}, Terminal(), True, Form.LIVE),
        ({"NO_COLOR": "1"}, Terminal(), False, Form.LIVE),
        ({"TERM": "dumb"}, Terminal(), False, Form.PLAIN),
        ({"TERM": "dumb", "FORCE_COLOR": "1"}, Terminal(), True, Form.PLAIN),
        ({"SEATRIAL_EVENTS": "1"}, Terminal(), True, Form.EVENTS),
    ],
)
def test_the_form_suits_stream_and_environment(
    environ: dict[str, str], stream: io.StringIO, *, has_colour: bool, form: Form
) -> None:
    console = Console.of(environ, stream)
    assert (console.has_colour, console.form) == (has_colour, form)


def test_a_terminal_ends_with_the_list_of_steps() -> None:
    stream = Terminal()
    run_steps(Console.of({"NO_COLOR": "1", "COLUMNS": "60"}, stream))
    # Each frame erases the one before, line by line.
    last_frame = stream.getvalue().rpartition("\x1b[2K")[2]
    assert last_frame.replace("\x1b[?25h", "").splitlines() == [
        "✓ check  0.0 s  the repository",
        "✓ tests  0.0 s  nox -t release",
        "  – tests-3.12  0.3 s  no Python 3.12",
        "✗ push  0.0 s",
    ]
    assert "\x1b[2Kdemo 1.3.0\n" in stream.getvalue()


def test_a_step_that_runs_again_is_listed_once_with_its_own_parts() -> None:
    """Parts of the first time were left in between, in the order of the first time."""
    stream = Terminal()
    console = Console(stream, form=Form.LIVE)
    with console.running() as progress:
        for parts in (("check", "clean"), ("check", "build", "clean")):
            with progress.step("rehearse") as rehearsal:
                for part in parts:
                    with rehearsal.step(part):
                        pass
    rows = stream.getvalue().rpartition("rehearse")[2].split("✓ ")[1:]
    assert [row.split()[0] for row in rows] == ["check", "build", "clean"]


def test_what_is_waited_for_is_shown_on_a_terminal_and_leaves_no_line() -> None:
    stream = Terminal()
    console = Console.of({"TERM": "xterm"}, stream)
    with console.running() as progress, console.waiting("reading the project"):
        assert "reading the project" in stream.getvalue()
        before = len(stream.getvalue())
        with progress.step("check"):
            pass
    assert "reading the project" not in stream.getvalue()[before:]
    with console.waiting("asking the index"):
        length = len(stream.getvalue())
    assert stream.getvalue()[length:].endswith("\n\x1b[?25h\r\x1b[1A\x1b[2K")  # up, and the line erased


@pytest.mark.parametrize(
    ("terminal", "line", "has_log"),
    [(True, "1 failed", True), (True, None, False), (False, "1 failed", False)],
    ids=["tools have printed", "no tool has printed", "pipe"],
)
def test_error_names_the_log_that_a_list_of_steps_hides(
    tmp_path: Path, *, terminal: bool, line: str | None, has_log: bool
) -> None:
    stream = Terminal() if terminal else io.StringIO()
    console = Console.of({"TERM": "xterm"}, stream, memory=Memory.load(tmp_path, "release"))
    error = SeatrialError("nox failed")
    with contextlib.suppress(SeatrialError), console.running() as progress, progress.step("tests") as step:
        if line:
            step.line(line)
        raise error
    log = next((tmp_path / "logs").iterdir())
    assert (Path(error.log or "").resolve() == log) is has_log
    assert (f"\nlog:  {error.log}\nmore: " in error.explained_text) is has_log


def test_what_is_waited_for_is_not_shown_in_a_pipe() -> None:
    stream = io.StringIO()
    with Console.of({}, stream).waiting("reading the project"):
        pass
    assert stream.getvalue() == ""


def test_a_parent_process_shows_the_events_of_its_child() -> None:
    child, parent = io.StringIO(), io.StringIO()
    run_steps(Console.of({"SEATRIAL_EVENTS": "1"}, child))
    console = Console.of({}, parent)
    reader = EventReader(Progress(console.emit, ("release",)))
    for line in child.getvalue().splitlines():
        reader(line)
    assert (
        parent.getvalue()
        == """\
  ✓ check  0.0 s
! no licence
    – tests-3.12  0.3 s  no Python 3.12
    waiting for CI
  ✓ tests  0.0 s
  ✗ push  0.0 s
"""
    )


def test_the_log_has_everything(tmp_path: Path) -> None:
    console = Console(io.StringIO(), memory=Memory.load(tmp_path, "release"))
    run_steps(console)
    assert console.log_path is not None
    assert (
        console.log_path.read_text(encoding="utf-8")
        == """\
== check: the repository
== check: done in 0.0 s
== tests: nox -t release
1 passed
no licence
no licence
== tests tests-3.12
== tests tests-3.12: skipped in 0.3 s
== tests tests-3.14
== tests tests-3.14: another line counts it
waiting for CI
== tests: done in 0.0 s
== push
== push: failed in 0.0 s
"""
    )


def test_only_the_newest_logs_are_kept(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    for number in range(20):
        (logs / f"20200101-0000{number:02}-release.log").touch()
    console = Console(io.StringIO(), memory=Memory.load(tmp_path, "release"))
    run_steps(console)
    kept = [f"20200101-0000{number:02}-release.log" for number in range(20 - LOGS_KEPT + 1, 20)]
    assert sorted(path.name for path in logs.iterdir()) == [*kept, console.log_path.name if console.log_path else ""]


@pytest.mark.parametrize(
    "before", ["", "[]", '{"release": [1]}', '{"release": {"tests": "x"}}', '{"preflight": {"a": 1}}']
)
def test_what_steps_took_is_remembered_whatever_the_file_has(tmp_path: Path, before: str) -> None:
    path = tmp_path / "durations.json"
    path.write_text(before, encoding="utf-8")
    run_steps(Console(io.StringIO(), memory=Memory.load(tmp_path, "release")))
    kept = json.loads(path.read_text(encoding="utf-8"))
    assert list(kept["release"]) == ["check", "tests"]
    assert all(isinstance(seconds, float) for seconds in kept["release"].values())
    assert Memory.load(tmp_path, "release").seconds == kept["release"]
    assert ("preflight" in kept) == ("preflight" in before)


def test_a_folder_that_cannot_be_written_is_no_trouble(tmp_path: Path) -> None:
    (tmp_path / "seatrial").write_text("a file, and no folder", encoding="utf-8")
    stream = io.StringIO()
    run_steps(Console(stream, memory=Memory.load(tmp_path / "seatrial", "release")))
    assert stream.getvalue() == PLAIN


def test_what_is_left_is_known_from_the_last_run(tmp_path: Path) -> None:
    steps = {"check": 1.0, "tests": 60.0, "tests/tests-3.12": 30.0, "push": 3.0}
    (tmp_path / "durations.json").write_text(json.dumps({"release": steps}), encoding="utf-8")
    stream = Terminal()
    console = Console.of({"NO_COLOR": "1"}, stream, memory=Memory.load(tmp_path, "release"))
    events: list[Event] = [StepStarted(("check",)), StepEnded(("check",), StepState.DONE, 0.1), StepStarted(("tests",))]
    with console.running():
        for event in events:
            console.emit(event)
    assert "  about 63 s left" in stream.getvalue()
    assert "tests  0.0 s of 60" in stream.getvalue()


HASH = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("line", "width", "lines"),
    [
        (f"demo.whl  9 bytes  sha256 {HASH}", 100, [f"demo.whl  9 bytes  sha256 {HASH}"]),
        (f"files      demo.whl  sha256 {HASH}", 90, ["files      demo.whl", f"           sha256 {HASH}"]),
        (f"  demo.whl  sha256 {HASH}", 73, ["  demo.whl", f"  sha256 {HASH}"]),
        (f"  demo.whl  sha256 {HASH}  new", 73, ["  demo.whl", f"  sha256 {HASH}", "  new"]),
        (f"  demo.whl  sha256 {HASH}", 60, ["  demo.whl", f"  sha256 {HASH[:50]}…"]),
        (
            "name  free on http://127.0.0.1/x: take it",
            24,
            ["name  free on", "      http://127.0.0.1/x:", "      take it"],
        ),
        ("next  invoke undo --index http://127.0.0.1/", 24, ["next  invoke undo --index http://127.0.0.1/"]),
        (
            "fix:  git fetch; or, where it is new, wait",
            20,
            ["fix:  git fetch; or,", "      where it is", "      new, wait"],
        ),
        ("  fix: ask, or: nox -s build --x a,b", 20, ["  fix: ask, or:", "  nox -s build --x a,b"]),
        ("  \x1b[1mfix:\x1b[0m nox -s build, again", 20, ["  \x1b[1mfix:\x1b[0m nox -s build,", "    again"]),
        ("fix:  see the index and ask", 20, ["fix:  see the index", "      and ask"]),
        ("- no changelog; to begin: invoke init", 26, ["- no changelog; to begin:", "  invoke init"]),
        ("run  job: seatrial ci.verify --b…, and 3", 24, ["run  job: seatrial", "     ci.verify --b…, and", "     3"]),
        ("no column but many words", 12, ["no column", "but many", "words"]),
        ("  demo.whl  2,819 bytes", 20, ["  demo.whl", "  2,819 bytes"]),
        ("\x1b[31m✗\x1b[0m GIT007  no branch there", 20, ["\x1b[31m✗\x1b[0m GIT007  no branch", "  there"]),
        ("  \x1b[1mfix:\x1b[0m push it there", 16, ["  \x1b[1mfix:\x1b[0m push it", "    there"]),
        ("\x1b[31m✗\x1b[0m GIT007  no branch", 19, ["\x1b[31m✗\x1b[0m GIT007  no branch"]),
    ],
)
def test_line_breaks_at_blanks_and_a_command_stays_whole(line: str, width: int, lines: list[str]) -> None:
    assert fit_line(line, width).split("\n") == lines
