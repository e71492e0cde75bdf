"""The parts of a proposal: each can be left out, by an option or in a menu."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errors_raised import raises_error
from sample_project import lines
from seatrial.init.detect import detect_project
from seatrial.init.propose import GO_ON, Parts, choose_parts, require_sessions
from unadopted_project import METADATA, begin_project

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sample_project import SampleProject
    from seatrial.init.detect import DetectedProject
    from seatrial.terminal import Choice


PYPROJECT = """
requires-python = ">=3.12"

[tool.mypy]
files = ["tidepool"]
"""
CHANGELOG = "# Changelog\n\n## Unreleased\n\n- New.\n\n## 1.2.3\n\n- Old.\n"


def detect(project: SampleProject, **files: str) -> DetectedProject:
    files = {"tests/test_tide.py": "def test_tide(): ...\n", "CHANGELOG.md": CHANGELOG, **files}
    begin_project(project, {"pyproject.toml": METADATA + lines(PYPROJECT), **files})
    project.git("remote", "add", "origin", "git@github.com:acme/tidepool.git")
    return detect_project(project.root)


def answer(detected: DetectedProject, *words: str | None) -> tuple[Parts | None, list[dict[str, str]]]:
    """Choose rows of the menu, one after the other; return the parts, and the rows that were shown each time."""
    answers, menus = iter(words), list[dict[str, str]]()

    def choose(rows: Sequence[Choice]) -> str | None:
        menus.append({row.word: row.about for row in rows})
        return next(answers)

    return choose_parts(detected, Parts(), choose), menus


def written(parts: Parts, detected: DetectedProject) -> set[str]:
    return {str(file.path) for file in parts.propose(detected)}


def test_menu_shows_what_is_written_and_each_answer_changes_it(project: SampleProject) -> None:
    detected = detect(project)
    words = ("mypy", "changelog", "workflows", "classifiers", "tasks.py", GO_ON)
    parts, menus = answer(detected, *words)
    before = {"tests": "yes", "mypy": "yes", "changelog": "unreleased", "workflows": "yes", "classifiers": "no"}
    after = {"tests": "yes", "mypy": "no", "changelog": "fragments", "workflows": "no", "classifiers": "yes"}
    assert menus[0] == {GO_ON: "with these parts", **before, "tasks.py": "yes"}
    assert menus[-1] == {GO_ON: "with these parts", **after, "tasks.py": "no"}
    assert parts == Parts(
        workflows=False, classifiers=True, tasks=False, changelog="fragments", moves_notes=True, without=("mypy",)
    )
    assert {".github/workflows/ci.yml", "tasks.py"} <= written(Parts(), detected)
    files = written(parts, detected)
    assert {"changelog.d/+new.misc.md", "pyproject.toml", "noxfile.py"} <= files
    assert not {".github/workflows/ci.yml", "tasks.py"} & files


def test_answer_that_is_given_twice_changes_nothing(project: SampleProject) -> None:
    detected = detect(project)
    twice = [word for word in ("tests", "mypy", "workflows", "classifiers", "tasks.py") for _ in range(2)]
    parts, _ = answer(detected, *twice, *["changelog"] * 3, GO_ON)
    assert parts == Parts(changelog="unreleased")


def test_leaving_the_menu_chooses_nothing(project: SampleProject) -> None:
    assert answer(detect(project), "mypy", None)[0] is None


def test_menu_has_the_parts_that_the_project_can_have(project: SampleProject) -> None:
    workflow = "on: push\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n      - run: pytest\n"
    detected = detect(project, **{".github/workflows/ci.yml": workflow, "tasks.py": "", "noxfile.py": "import nox\n"})
    _, menus = answer(detected, GO_ON)
    assert list(menus[0]) == [GO_ON, "tests", "mypy", "changelog", "classifiers"]


def test_session_that_is_left_out_is_named() -> None:
    assert require_sessions(("mypy", "mypy", "lint")) == ("mypy", "lint")
    with raises_error("SessionUnknown") as caught:
        require_sessions(("mypy", "docs"))
    assert caught.value.what == "--without docs is not a session: choose from tests, mypy, lint"
    assert caught.value.fix == "seatrial init --without mypy, for a noxfile without it"
