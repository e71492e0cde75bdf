"""What ``explain`` prints about a check or an error."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import error_codes
from sample_project import lines
from seatrial.checks.registry import ALL_CHECKS, WORKFLOW_CHECKS
from seatrial.tasks.explain import PACKAGE, PAGES, read_explanations
from seatrial.tasks.program import run

if TYPE_CHECKING:
    from sample_project import SampleProject

CHECKOUT = Path(__file__).resolve().parents[2]
ERROR = """\
LimitInvalid (error, exit code 7)

`--limit` takes a whole number of seconds.

Fix: pass a number, such as `--limit 600`.
"""


def test_every_check_and_every_error_is_explained() -> None:
    codes = {check.code for check in (*ALL_CHECKS, *WORKFLOW_CHECKS)} | set(error_codes.on_the_page())
    assert set(read_explanations()) == codes


def test_explanation_has_no_markup_of_a_page() -> None:
    explanations = read_explanations().values()
    assert [
        explanation.code
        for explanation in explanations
        if not explanation.text.strip() or not explanation.title or "](" in explanation.text
    ] == []
    assert max(len(line) for explanation in explanations for line in str(explanation).splitlines()) <= 120


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert run(words) == 0
    return capsys.readouterr().out


def test_check_is_explained_with_how_to_ignore_it(capsys: pytest.CaptureFixture[str]) -> None:
    check = next(check for check in ALL_CHECKS if check.code == "DIST206")
    text = printed(capsys, "explain", "dist206")
    assert text.startswith(f"DIST206 (check, warning)\n\n{check.title}\n\n")
    assert text.endswith(
        lines(
            """
            To ignore it, with a reason, in pyproject.toml:

            [tool.seatrial.ignore]
            DIST206 = "why it does not apply here"
            """
        )
    )


def test_error_is_explained_as_on_its_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, "explain", "limitinvalid") == ERROR


def test_several_codes_are_explained_in_their_order(capsys: pytest.CaptureFixture[str]) -> None:
    both = printed(capsys, "explain", "LimitInvalid", "DIST206", "limitinvalid", "LimitInvalid")
    assert both == f"{ERROR}\n{printed(capsys, 'explain', 'DIST206')}"


def test_without_a_code_the_families_are_listed_and_a_family_lists_its_codes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    *families, blank, hint = printed(capsys, "explain").splitlines()
    explanations = read_explanations()
    assert (blank, hint.partition(": ")[2]) == ("", "seatrial explain DIST")
    listed = []
    for name, number in (line.split()[:2] for line in families):
        codes = [line.split("  ")[0] for line in printed(capsys, "explain", name.lower()).splitlines()]
        assert len(codes) == int(number)
        listed += codes
    assert sorted(listed) == sorted(explanations)


@pytest.mark.slow
def test_wheel_has_the_page_of_errors(project: SampleProject) -> None:
    """The wheel is built from the sdist, as it is for a release."""
    built = project.run(sys.executable, "-m", "build", "--installer=uv", "--outdir", "dist", str(CHECKOUT))
    assert built.returncode == 0, built.output
    (wheel,) = (project.root / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        page = archive.read(PAGES[0].relative_to(PACKAGE.parent).as_posix())
    assert page == (CHECKOUT / "docs/errors.md").read_bytes()
