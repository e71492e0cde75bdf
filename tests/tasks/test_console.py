"""Which word of a command line is the version of a task."""

from __future__ import annotations

import pytest
from invoke.collection import Collection

from seatrial.tasks import ns
from seatrial.tasks.console import first_words


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("verify", []),
        ("verify 1.3.0", ["1.3.0"]),
        ("verify --limit 0 --no-install 1.3.0", ["1.3.0"]),
        ("verify -l 0 v1.3.0 status", ["v1.3.0"]),
        ("verify --limit=0 1!1.3.0", ["1!1.3.0"]),
        ("verify --version 1.3.0", []),
        ("verify status 1.3.0", ["status"]),
        ("-f verify.yaml ship.verify 1.3.0 verify 1.2.0", ["1.3.0", "1.2.0"]),
        ("undo 1.3.0", []),
        ("verify --index", []),
    ],
)
def test_version_is_the_first_word_that_belongs_to_no_option(line: str, found: list[str]) -> None:
    known = Collection(ns["verify"])["verify"].get_arguments(ignore_unknown_help=True)
    assert list(first_words("verify", known, line.split())) == found
