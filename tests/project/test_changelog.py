"""What towncrier renders, and what of it is not public."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from seatrial.project.changelog import how_to_keep, render_entry

if TYPE_CHECKING:
    from pathlib import Path


TOWNCRIER = '[tool.towncrier]\ndirectory = "news"\nfilename = "NEWS.md"\nname = "tide"\ntitle_format = "## {version}"\n'


@pytest.mark.parametrize(
    ("files", "name", "sign"),
    [((), "CHANGELOG.md", "## "), (("docs/changelog.md",), "docs/changelog.md", "## "), (("NEWS", "x.md"), "NEWS", "")],
)
def test_way_to_keep_a_changelog_names_the_file_of_the_project(
    tmp_path: Path, files: tuple[str, ...], name: str, sign: str
) -> None:
    for file in files:
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text("")
    assert how_to_keep(tmp_path).splitlines() == [
        *("[tool.towncrier]", 'directory = "changelog.d"', f'filename = "{name}"'),
        *(f'title_format = "{sign}{{version}} ({{project_date}})"', "ignore = []"),
        f'or, without fragments: write a heading "{sign}Unreleased" above the latest release in {name}',
    ]


@pytest.mark.slow
def test_fragments_of_one_issue_are_in_the_order_of_their_numbers_on_every_machine(tmp_path: Path) -> None:
    """Towncrier lists them in the order of the folder: `IN_ORDER` sorts what os.listdir returns to it."""
    (tmp_path / "pyproject.toml").write_text(TOWNCRIER)
    (tmp_path / "news").mkdir()
    numbers = range(24)
    for number in (*numbers[1::2], *numbers[::2]):
        name = f"7.feature.{number}.md" if number else "7.feature.md"
        (tmp_path / "news" / name).write_text(f"No. {number}.\n")
    entry = render_entry(tmp_path, "1.0", "2026-01-31")
    assert [line for line in entry.splitlines() if line.startswith("- ")] == [
        f"- No. {number}. (#7)" for number in numbers
    ]
