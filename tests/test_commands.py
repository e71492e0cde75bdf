"""A command of seatrial in a message is data until a face renders it."""

from __future__ import annotations

import io
import json
import os
import shlex
import shutil
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors_raised import rendered
from sample_project import UNRENDERED
from seatrial.commands import NOX, PLACEHOLDERS, Command, Invocation, Origin, own_origin, uvx_call
from seatrial.console import Console, Form
from seatrial.errors import ReleaseError, SeveralReasons, printable
from seatrial.findings import CheckResult, Finding, Severity, render_results
from seatrial.report import annotation, results_json, results_markdown, results_text
from seatrial.tasks.console import show, show_json

EXPECTED = Path(__file__).resolve().parent / "expected"


def test_command_in_a_text_is_rendered_as_the_program_was_called() -> None:
    text = f"fix it, then: {Command('release', '--part', 'minor')}; see {Command('explain', program_only=True)}"
    invoke, program = ((name, "--project=a b", "status") for name in ("invoke", "seatrial"))
    called_by = {
        "invoke release --part minor; see seatrial explain": Invocation(invoke, os.environ),
        "inv release --part minor; see seatrial explain": Invocation(invoke, {**os.environ, "SEATRIAL_CALLED": "inv"}),
        "seatrial --project 'a b' release --part minor; see seatrial explain": Invocation(program, os.environ),
    }
    assert {invocation.render(text) for invocation in called_by.values()} == {
        f"fix it, then: {end}" for end in called_by
    }


def test_words_are_quoted_where_a_shell_needs_it() -> None:
    command = Command("news", "feature", "It's new.", "dist/*", "*", "FILES", "", "--index", "https://a/?b=1&c")
    assert rendered(command) == (
        """invoke news feature 'It'"'"'s new.' dist/* '*' FILES '' --index 'https://a/?b=1&c'"""
    )


@given(st.lists(st.text(st.characters(blacklist_characters=PLACEHOLDERS))))
def test_words_are_those_that_a_shell_reads(words: list[str]) -> None:
    assert shlex.split(rendered(Command(*words)))[1:] == words


def test_command_with_further_words_takes_what_the_first_one_took() -> None:
    command = Command("check", program_only=True)
    assert command.with_words("a.whl") == Command("check", "a.whl", program_only=True) != Command("check", "a.whl")


SEEN = f"it is not pushed: {Command('push')}"
RESULT = CheckResult(
    "GIT001", "All is pushed", "", Severity.ERROR, Finding.failed(printable(f"{SEEN}\x07"), Command("push"))
)


def test_results_have_their_commands_rendered_before_they_are_escaped() -> None:
    results = render_results([RESULT], rendered)
    texts = [results_text(results), annotation(results[0]), results_markdown("A title", results)]
    texts.append(json.dumps(results_json(results)))
    assert [text for text in texts if "invoke push" not in text or any(sign in text for sign in UNRENDERED)] == []


def test_everything_that_is_shown_is_rendered(capsys: pytest.CaptureFixture[str]) -> None:
    error = SeveralReasons([ReleaseError("a\nb", fix=Command("push")), ReleaseError("c", fix=f"or {Command('tag')}")])
    for text in (error, error.explained_text, Command("status")):
        show(text)
    show_json({"error": str(error), "commands": [Command("push").as_dict(), None], "count": 1})
    stream = io.StringIO()
    for form in (Form.PLAIN, Form.QUIET, Form.EVENTS):
        console = Console(stream, form=form, is_verbose=True, render=rendered)
        with console.progress.step("wait", f"for {Command('push')}") as step:
            step.report(SEEN)
            step.line(SEEN)
            step.note(SEEN)
        console.show(Command("status"))
    printed = capsys.readouterr().out + stream.getvalue()
    assert [sign for sign in UNRENDERED if sign in printed] == []
    assert printed.count("invoke push") == 4 + 9
    assert printed.count("invoke status") == 1 + 3


def test_json_has_the_words_of_a_command_and_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    show_json({"next": Command("publish", "--version", "1.3.0").as_dict()})
    assert json.loads(capsys.readouterr().out) == {
        "next": {
            "text": "invoke publish --version 1.3.0",
            "program": "seatrial",
            "words": ["publish", "--version", "1.3.0"],
        }
    }


def test_no_expected_output_has_a_command_that_was_not_rendered() -> None:
    unrendered = [
        path.relative_to(EXPECTED).as_posix()
        for path in EXPECTED.rglob("*.*")
        if any(sign in path.read_text(encoding="utf-8") for sign in UNRENDERED)
    ]
    assert unrendered == []


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        (None, Origin()),
        ("{", Origin()),
        ('{"url": "https://example.org/a.git", "vcs_info": {"vcs": "git"}}', Origin("git+https://example.org/a.git")),
        (
            '{"url": "https://example.org/a.git", "vcs_info": {"vcs": "git", "requested_revision": "v1.2"}}',
            Origin("git+https://example.org/a.git@v1.2"),
        ),
        (
            '{"url": "https://example.org/seatrial-1-py3-none-any.whl", "archive_info": {}}',
            Origin("https://example.org/seatrial-1-py3-none-any.whl"),
        ),
        (
            '{"url": "file:///srv/a%20b/seatrial-1-py3-none-any.whl", "archive_info": {}}',
            Origin(machine="/srv/a b/seatrial-1-py3-none-any.whl"),
        ),
        ('{"url": "file:///srv/seatrial", "dir_info": {"editable": true}}', Origin(machine="/srv/seatrial")),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="its paths have drives")
def test_commands_have_the_address_that_seatrial_was_installed_from(text: str | None, origin: Origin) -> None:
    """An index has none of these; a path on this machine is of no use to others, and is in no file."""
    assert Origin.of(text) == origin


@pytest.mark.parametrize(
    ("origin", "seatrial", "nox"),
    [
        (Origin(), "uvx seatrial", "uvx nox"),
        (Origin("git+https://example.org/a.git"), "uvx --from git+https://example.org/a.git seatrial", "uvx nox"),
        (Origin(machine="/srv/a b.whl"), "uvx --from '/srv/a b.whl' seatrial", "uvx --with '/srv/a b.whl' nox"),
    ],
)
def test_uv_takes_seatrial_from_where_it_was_installed(origin: Origin, seatrial: str, nox: str) -> None:
    assert (uvx_call("seatrial", origin), uvx_call("nox", origin)) == (seatrial, nox)


def test_nox_is_a_program_that_is_found() -> None:
    scripts = str(Path(sys.executable).parent)
    ways = ({"PATH": scripts}, {"PATH": os.devnull}, {"PATH": os.pathsep.join((scripts, os.devnull)), "UV": "uv"})
    nox_calls = [Invocation((f"{scripts}/seatrial", "new", "x"), environ).render(f"run {NOX}") for environ in ways]
    assert nox_calls == ["run nox", f"run {shutil.which('nox', path=scripts)}", f"run {uvx_call('nox', own_origin())}"]
