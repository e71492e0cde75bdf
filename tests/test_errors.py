"""The errors of a user, the page that explains them, and which words a user may have meant."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import pytest

import error_codes
from errors_raised import rendered
from sample_project import lines
from seatrial import errors
from seatrial.errors import CLOSE_CODE, SeatrialError, did_you_mean, nearest
from seatrial.tasks import ns
from seatrial.tasks.command_line import PROJECT, SHARED_PARAMETERS, CommandLine, read_command

CHECKOUT = Path(__file__).resolve().parent.parent
SOURCES = CHECKOUT / "src/seatrial"
COMMAND = re.compile(rf"\b(invoke|inv|seatrial) ({'|'.join(ns.task_names)})(?![\w-])")
IN_FILES = (
    "init/sessions.py",
    "tasks/completion.py",
    "workflows/github.py",
    "workflows/gitlab.py",
    "workflows/context.py",
)
"""Modules with the texts of files that are written into a project, or that a shell reads."""
IN_CI = ("checks/workflows.py", "rehearsal/rehearse.py")
"""Modules with a line to paste into a workflow, or with what is run."""


FAMILIES = {
    kind.__name__: kind
    for kind in (
        errors.ProjectError,
        errors.BuildError,
        errors.ToolError,
        errors.ReleaseError,
        errors.RehearsalError,
        errors.DeliveryError,
    )
}


def with_class() -> dict[str, int]:
    """Return the errors that have a class of their own, and their exit codes."""
    # The only module with a class of its own next to seatrial.errors, which few other tests load.
    importlib.import_module("seatrial.release.merged")
    members = (kind for family in FAMILIES.values() for kind in family.__subclasses__())
    return {kind.__name__: kind.exit_code for kind in members}


def test_error_says_what_how_to_fix_it_and_what_explains_it() -> None:
    error = errors.BuildError("it broke:\n  here", code="BackendFailed", fix="fix it\nso")
    assert rendered(error.explained_text) == (
        "it broke:\n  here\nfix:  fix it\n      so\nmore: seatrial explain BackendFailed"
    )


def test_error_does_not_move_the_cursor_of_a_terminal() -> None:
    """A hook of a remote, a tool or an index decides what an error quotes."""
    error = errors.PushRefused("refused:\n  remote: \x1b[2J\x1b]0;title\x07\x1b[31mno\x1b[0m\r\u202e", fix="\x08ask")
    assert rendered(error.explained_text).startswith("refused:\n  remote: no\\r\\u202e\nfix:  \\x08ask\nmore: ")


def test_several_reasons_have_a_command_that_explains_all_of_them() -> None:
    first = errors.BuildError("it broke", code="BackendFailed", fix="fix it")
    second = errors.ReleaseError("it is taken", code="TagTaken")
    assert rendered(errors.SeveralReasons([first, second, first]).explained_text) == (
        "there are 3 reasons why this can't be released:\n"
        "- it broke\n"
        "  fix:  fix it\n"
        "- it is taken\n"
        "- it broke\n"
        "  fix:  fix it\n"
        "more: seatrial explain BackendFailed TagTaken"
    )


CODES_OF_STATES = ("NotThere", "PartlyThere", "NotCompared", "ContentDiffers", "UnexpectedFiles", "Yanked", "RunFailed")


def test_page_of_errors_has_a_paragraph_for_each_in_the_section_of_its_exit_code() -> None:
    raised = {code: {FAMILIES[name].exit_code for name in names} for code, names in error_codes.raised().items()}
    by_table = {code: {7} for code in CODES_OF_STATES}
    classes = {code: {exit_code} for code, exit_code in with_class().items()}
    on_the_page = {code: {exit_code} for code, exit_code in error_codes.on_the_page().items()}
    assert {**raised, **by_table, **classes} == on_the_page


def test_no_family_has_the_exit_code_of_another() -> None:
    assert sorted(family.exit_code for family in FAMILIES.values()) == [2, 3, 4, 5, 6, 7]
    assert set(FAMILIES.values()) == set(SeatrialError.__subclasses__())


def test_last_lines_leave_out_blank_ones() -> None:
    assert errors.last_lines("a\n\nb  \n\n\nc\n", 2) == "  b\n  c"
    assert errors.last_lines("") == ""


def test_last_lines_keep_of_a_traceback_what_was_wrong() -> None:
    output = lines(
        """
        building
        Traceback (most recent call last):
          File "a.py", line 1, in <module>
            deep()
            ~~~~^^
        ValueError: too deep

        During handling of the above exception, another exception occurred:

        Traceback (most recent call last):
          File "b.py", line 2, in <module>
        OSError: no bottom
        """
    )
    assert errors.last_lines(output) == (
        "  building\n"
        "  ValueError: too deep\n"
        "  During handling of the above exception, another exception occurred:\n"
        "  OSError: no bottom"
    )


def test_last_lines_have_no_colours() -> None:
    """Python 3.13 colours a traceback that goes into a pipe where FORCE_COLOR is set."""
    output = (
        "Traceback (most recent call last):\n"
        '  File \x1b[35m"a.py"\x1b[0m, line \x1b[35m1\x1b[0m\n'
        "\x1b[1;35mValueError\x1b[0m: \x1b[35mtoo deep\x1b[0m\n"
    )
    assert errors.last_lines(output) == "  ValueError: too deep"


def test_command_to_type_comes_from_how_the_program_was_called() -> None:
    """`seatrial.commands.Command` is rendered by a face."""
    written = {
        path.relative_to(SOURCES).as_posix(): [text for text in texts_of(path) if COMMAND.search(text)]
        for path in sorted(SOURCES.rglob("*.py"))
    }
    assert {name: texts for name, texts in written.items() if texts and name not in (*IN_FILES, *IN_CI)} == {}


def texts_of(path: Path) -> list[str]:
    """Return the string literals of a module, but for docstrings."""
    texts, statements = [], set()
    # A statement comes before what it is made of.
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Expr):
            statements.add(id(node.value))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in statements:
            texts.append(node.value)
    return texts


COMMANDS = ("release", "rehearse", "preflight", "publish", "push", "verify", "version", "ci.verify", "ci.built")


@pytest.mark.parametrize(
    ("word", "choices", "expected"),
    [
        ("relase", COMMANDS, ("release",)),
        ("publsh", COMMANDS, ("publish", "push")),
        ("verfy", COMMANDS, ("verify",)),
        ("pre", COMMANDS, ("preflight",)),
        ("ci", COMMANDS, ("ci.verify", "ci.built")),
        ("VERIFY", COMMANDS, ("verify",)),
        ("p", COMMANDS, ()),
        ("sideways", COMMANDS, ()),
        ("", COMMANDS, ()),
        ("release", (), ()),
        ("--prat", ("--wait", "--part", "--project"), ("--part",)),
        ("--dry", ("--yes", "--dry-run"), ("--dry-run",)),
        ("DIST20", ("DIST020", "DIST201", "DIST202", "DIST203", "DIST204"), ("DIST201", "DIST202", "DIST203")),
    ],
)
def test_nearest_words_come_first(word: str, choices: tuple[str, ...], expected: tuple[str, ...]) -> None:
    assert nearest(word, choices) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [("DIST999", ()), ("DSIT201", ("DIST201",)), ("dist201", ("DIST201",)), ("DIST3", ("DIST301",))],
)
def test_code_has_to_be_closer(code: str, expected: tuple[str, ...]) -> None:
    assert nearest(code, ("DIST129", "DIST201", "DIST301"), CLOSE_CODE) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), ""),
        (("a",), "; did you mean a?"),
        (("a", "b"), "; did you mean a or b?"),
        (("a", "b", "c"), "; did you mean a, b or c?"),
    ],
)
def test_words_are_one_question(words: tuple[str, ...], expected: str) -> None:
    assert did_you_mean(words) == expected


SAMPLES = {"VERSION": "1.3.0", "FOLDER": "tidepool"}
"""Values for words that a user fills in; what a message computes is a version, or the part after ``--part``."""


def commands_of(path: Path) -> list[tuple[str, ...]]:
    """Return the commands of seatrial that a module names in its messages, with samples for what it computes."""
    commands: list[tuple[str, ...]] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Command":
            words: list[str] = []
            for word in node.args:
                if isinstance(word, ast.Constant):
                    words.append(SAMPLES.get(str(word.value), str(word.value)))
                elif not isinstance(word, ast.Starred):
                    words.append("minor" if words[-1:] == ["--part"] else "1.3.0")
            if words and words[0] in ns.task_names:
                commands.append(tuple(words))
    return commands


def test_command_in_a_message_is_one_that_the_program_takes() -> None:
    commands = {words for path in SOURCES.rglob("*.py") for words in commands_of(path)}
    assert {words[0] for words in commands} >= {"release", "rehearse", "preflight", "verify", "publish", "tag", "push"}
    assert [text for text in map(refusal, sorted(commands)) if text] == []


def refusal(words: tuple[str, ...]) -> str | None:
    """Return why the program does not take a command, None for one that it takes."""
    tasks = {name: ns[name] for name in ns.task_names}
    try:
        read_command(CommandLine(words, tasks), 0, tasks[words[0]], shared=(PROJECT, *SHARED_PARAMETERS))
    except SeatrialError as error:
        return f"{' '.join(words)}: {error.what}"
    return None
