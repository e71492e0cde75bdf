"""What towncrier renders, and what of it is not public."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from seatrial.project.changelog import render_entry

if TYPE_CHECKING:
    from pathlib import Path


pytestmark = pytest.mark.slow

TOWNCRIER = '[tool.towncrier]\ndirectory = "news"\nfilename = "NEWS.md"\nname = "tide"\ntitle_format = "## {version}"\n'


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
