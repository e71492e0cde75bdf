"""A line of a workflow is searched in a time that grows with its length, and what is found is what always was."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.checks.workflows import BUILDS, IN_VARIABLE, runs_tests
from seatrial.ci.before_upload import LONGEST_COMMAND, BeforeUpload, Script
from seatrial.ci.commands import PUBLISHES
from seatrial.ci.github import Workflow, WorkflowFile

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


LENGTH = 50_000
"""Signs of a line; where time grows with the square of it, the end is not to be waited for."""

WORDS_WITHOUT_END = ("uv ", "twine ", "pip ", "nox ", "nox -s ", "${{ ", "--no-deps ", "uv pip install ")


def test_long_line_is_read_and_judged() -> None:
    lines = {word: word * (LENGTH // len(word)) for word in WORDS_WITHOUT_END}
    # A block is what PyYAML itself reads quickly.
    jobs = "".join(
        f"  job{place}:\n    steps:\n      - run: |\n          {line}\n" for place, line in enumerate(lines.values())
    )
    text = f"on: push\njobs:\n{jobs}"
    workflow = Workflow.from_text("release.yml", text)
    assert workflow is not None
    assert [job.publishes for job in workflow.jobs] == [False] * len(lines)
    assert [job.uploads for job in WorkflowFile.from_text("release.yml", text).jobs] == [0] * len(lines)
    listed = {word: [len(shown) for shown in BeforeUpload.of([Script(line)]).not_run] for word, line in lines.items()}
    assert listed == {word: [] if word == "nox -s " else [LONGEST_COMMAND] for word in lines}
    assert {word for word, line in lines.items() if runs_tests(line)} == {"nox -s "}
