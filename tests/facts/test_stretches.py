"""A line of a workflow is searched in a time that grows with its length, and what is found is what always was."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.checks.workflow_rules import BUILDS, IN_VARIABLE, runs_tests
from seatrial.facts.before_upload import LONGEST, BeforeUpload, Script
from seatrial.facts.ci_file import CiFile
from seatrial.facts.uploading import PUBLISHES
from seatrial.facts.workflow import Workflow

TOOLS = "uv|hatch|poetry|flit|pdm|maturin"
UPLOAD = rf"gh-action-pypi-publish|\btwine\b.*\bupload\b|\b({TOOLS}|seatrial|invoke|inv)\b[^|&;\n]*\s(publish|upload)\b"
PLAIN = (
    (PUBLISHES, UPLOAD),
    (BUILDS, rf"\bnox\b.*\bbuild\b|-m build\b|\b(?:{TOOLS}) build\b|\bpyproject-build\b"),
    (IN_VARIABLE, r"\bnox\b.*-s \"?\$"),
)
"""Patterns, and how they would be written plainly."""

WORDS = (
    *("uv", "pip", "twine", "nox", "apt-get", "publish", "upload", "build", "install", "ci", "-s", "$X", '"$X', "-m"),
    *(" ", " ", " ", "\n", ";", "|", "&&", "-", "x", "publishing", "nuv"),
)
TEXT = st.lists(st.sampled_from(WORDS), max_size=12).map("".join)


@pytest.mark.parametrize(("pattern", "plain"), PLAIN)
def test_pattern_finds_what_the_plain_one_does(pattern: re.Pattern[str], plain: str) -> None:
    @given(TEXT)
    def holds(text: str) -> None:
        assert bool(pattern.search(text)) is bool(re.search(plain, text))

    holds()


LENGTH = 200_000
"""Signs of a line; where time grows with the square of it, the end is not to be waited for."""


@pytest.mark.parametrize("word", ["uv ", "twine ", "pip ", "nox ", "nox -s ", "${{ ", "--no-deps ", "uv pip install "])
def test_long_line_is_read_and_judged(word: str) -> None:
    line = word * (LENGTH // len(word))
    text = f"on: push\njobs:\n  build:\n    steps:\n      - run: '{line}'\n"
    found = Workflow.from_text("release.yml", text)
    assert found is not None
    (job,) = found.jobs
    assert job.publishes is False
    listed = BeforeUpload.of([Script(line)]).not_run
    assert [len(one) for one in listed] == ([] if word == "nox -s " else [LONGEST])
    assert bool(runs_tests(line)) is (word == "nox -s ")
    assert [one.uploads for one in CiFile.from_text("release.yml", text).jobs] == [0]
