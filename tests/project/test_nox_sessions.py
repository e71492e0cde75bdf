"""What nox lists, whatever it prints."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.project.nox_sessions import NoxSession, SessionList

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
