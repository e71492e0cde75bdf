"""A release for which CI would not run is refused: markers in the message of a commit, and an option of the push."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from errors_raised import raises_error
from release_repo import PUBLISHING, make_release_repo
from seatrial.git.repository import read_repository
from seatrial.release.prepare import OF_HEAD, OF_RELEASE, push_options, require_ci

if TYPE_CHECKING:
    from pathlib import Path

    from sample_project import SampleProject

SKIPPED = (
    "Release 1.3.0 [skip ci]",
    "[CI SKIP] Release",
    "docs: typo [no ci]\n\nMore.",
    "x\n\n[skip actions]",
    "x [actions skip] y",
    "Release 1.3.0\n\n\nskip-checks: true\n",
    "x [ci-skip]",
)
RUNS = ("Release 1.3.0", "Explain [skip] and ci", "skip ci", "x\n\nskip-checks: false", "do not skip-checks: true")


@pytest.mark.parametrize("message", SKIPPED)
def test_message_that_skips_ci_is_an_error(message: str) -> None:
    with raises_error("CiSkipped"):
        require_ci(message, (), OF_RELEASE)


@pytest.mark.parametrize("message", RUNS)
def test_message_without_a_marker_is_none(message: str) -> None:
    require_ci(message, (), OF_RELEASE)


def test_option_of_the_push_is_an_error() -> None:
    with raises_error("CiSkipped") as raised:
        require_ci("Release 1.3.0", ("x", "ci.skip", "y"), OF_RELEASE)
    assert raised.value.fix == "git config --unset-all push.pushOption"


@pytest.mark.slow
def test_release_with_a_marker_in_its_message_is_refused_before_the_push(tmp_path: Path) -> None:
    repo = make_release_repo(tmp_path / "port")
    message = 'message = "{version} [skip ci]"'
    text = repo.read("pyproject.toml").replace("[tool.seatrial]", f"[tool.seatrial]\n{message}")
    repo.project.write({"pyproject.toml": text, ".github/workflows/release.yml": PUBLISHING})
    repo.project.commit("Skip CI")
    before = repo.state()
    ran = repo.release("--part", "minor", "--yes")
    assert (ran.returncode, repo.state()) == (5, before), ran.output
    assert ran.message == (
        "seatrial: the commit of the release has [skip ci] in its message, so CI would not run for the tag, and "
        "nothing would be published\n"
        "fix:  take it out of message in [tool.seatrial]\n"
        "more: seatrial explain CiSkipped\n"
    )


def test_fix_of_a_tag_alone_is_another_commit() -> None:
    with raises_error("CiSkipped") as raised:
        require_ci("docs: typo [skip ci]", (), OF_HEAD)
    assert raised.value.what == (
        "HEAD, which the tag would be of, has [skip ci] in its message, so CI would not run for the tag, and nothing "
        "would be published"
    )
    assert raised.value.fix == "commit something after it: git commit --allow-empty"


def test_options_of_a_push_are_all_that_are_configured(project: SampleProject) -> None:
    project.git("init", "-q", "-b", "main")
    for option in ("x", "ci.skip", "y"):
        project.git("config", "--add", "push.pushOption", option)
    assert push_options(read_repository(project.root)) == ("x", "ci.skip", "y")
    for option in ("", "z"):
        project.git("config", "--add", "push.pushOption", option)
    assert push_options(read_repository(project.root)) == ("z",)
