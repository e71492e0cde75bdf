"""What nox lists, whatever it prints."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import sys
from typing import TYPE_CHECKING, Any

import nox._options
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.project.nox_sessions import NoxCall, NoxSession, SessionList

if TYPE_CHECKING:
    from collections.abc import Sequence


LISTING = [
    {"session": "build", "name": "build", "python": None, "tags": ["ci"], "call_spec": {}},
    {"session": "tests-3.12", "name": "tests", "python": "3.12", "tags": [], "call_spec": {}},
    {"session": "lint", "python": False},
]


def test_sessions_are_read() -> None:
    sessions = SessionList.from_json(json.dumps(LISTING))
    assert sessions == SessionList(
        (
            NoxSession("build", "build", None, ("ci",)),
            NoxSession("tests-3.12", "tests", "3.12"),
            NoxSession("lint", "lint"),
        )
    )
    assert (sessions.pythons, sessions.has("tests"), sessions.has("tests-3.12"), sessions.has("tests-3.13")) == (
        frozenset(["3.12"]),
        True,
        True,
        False,
    )


@pytest.mark.parametrize("text", ["", "{}x", "3", "[3]", "[{}]", "null", "[[]]"])
def test_what_is_no_list_of_sessions_is_a_failure(text: str) -> None:
    assert SessionList.from_json(text) == SessionList(failure="nox --list --json did not print what it should")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    )
)
def test_no_json_ends_in_a_traceback(data: object) -> None:
    assert isinstance(SessionList.from_json(json.dumps(data)), SessionList)


@pytest.mark.parametrize("more", ["Welcome\n{}\n", "[1, 2]\n{}\n", "{}\nBye\n", "[\n{}"])
def test_noxfile_may_print_what_it_likes(more: str) -> None:
    assert SessionList.from_json(more.format(json.dumps(LISTING))) == SessionList.from_json(json.dumps(LISTING))


LINES = (
    *("-s build check", "-rs tests", "-rstests", "-xRs tests -v", "-s a -- -s b", "-s tests -p 3.9 3.13 -- -x --fast"),
    *("--session=a", "--sessions a b --python 3.12", "-e a", "-s a -s b", "-p 3.12 -s a", "-s a -k 'fast and not x'"),
    *("-s a -t quick slow", "-s a -ts", "-s a -db uv -fb none", "-s a --reuse-venv yes -N", "-s a -P 3.14"),
    *("-s a --extra-python 3.14 3.15", "-s a --report x.json --envdir y", "-s a --nocolor --non-interactive"),
    *("-s a -f noxfile.py", "-s a --error-on-missing-interpreters --no-install", "-s a --download-python never"),
)
NO_SESSIONS = (
    *("", "tests", "-s", "-s a -l", "--list -s a", "-s a --json", "-s a -h", "-s a --version", "-s a --no-such-option"),
    *("-s a -f docs/noxfile.py", "-t release", "-rstests build", "-s a --verbose b", "-p 3.12", "-s a --install-only"),
)


def parse(words: Sequence[str]) -> Any:
    """Return what nox reads in the words of its command line: older releases take them from ``sys.argv`` alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["nox", *words])
        namespace: Any = nox._options.options.parse_args()  # noqa: SLF001 - what is compared with
    return namespace


@pytest.mark.parametrize("line", LINES)
def test_call_is_read_as_nox_reads_it(line: str) -> None:
    words = shlex.split(line)
    call, own = NoxCall.of(words), parse(words)
    assert call is not None
    assert (list(call.sessions), list(call.posargs)) == (list(dict.fromkeys(own.sessions or ())), own.posargs)
    again = parse(call.args)
    for name in ("sessions", "posargs", "pythons", "force_pythons", "extra_pythons", "keywords", "tags"):
        assert getattr(again, name) == getattr(own, name), name


@pytest.mark.parametrize("line", NO_SESSIONS)
def test_call_without_a_session_of_the_project_is_ignored(line: str) -> None:
    assert NoxCall.of(shlex.split(line)) is None


@pytest.mark.parametrize("line", ["tests", "-s a --no-such-option", "-rstests build", "-s a --verbose b"])
def test_words_that_nox_refuses_are_no_call(line: str) -> None:
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stderr(nowhere), pytest.raises(SystemExit):  # noqa: PTH123
        parse(shlex.split(line))
    assert NoxCall.of(shlex.split(line)) is None
