"""The Unreleased section of a changelog: where it is, its notes, and how one is added."""

from __future__ import annotations

import pytest

from seatrial.project.read_changelog import read_headings
from seatrial.project.unreleased_section import (
    UnreleasedNote,
    add_note,
    begins_with_release,
    find_unreleased,
    unreleased_notes,
)


@pytest.mark.parametrize(
    "text",
    [
        "# News\n\n## Unreleased\n\n- Tides.\n\n## Releases\n\n### 1.2.3\n\n- Fog.\n",
        "# News\n\n## 1.2.3 - 2026-01-05\n\n- Fog.\n\n## 0.9.0 (unreleased)\n\n- Never.\n",
        "# News\n\n## 1.2.3 - 2026-01-05\n\n- Fog.\n\n## Development\n\n- How to.\n",
        "# News\n\n## 1.2.3.dev1 - 2026-01-05\n\n- Fog.\n\n## 1.2.3.dev0\n\n- First.\n",
        "# Development\n\nHow to.\n",
    ],
)
def test_heading_elsewhere_is_no_section_for_the_next_release(text: str) -> None:
    assert find_unreleased(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "## Needs\n\n**1.2.3** of Fog.\n",
        "## 1.2.0\n\n**Unreleased**\n",
        "Fog\n**1.2.3**\n",
    ],
)
def test_text_in_bold_is_no_heading_of_a_release(text: str) -> None:
    assert [heading.text for heading in read_headings(text) if not heading.text.startswith("##")] == []


def test_notes_are_the_bullets_and_the_paragraphs_of_the_section() -> None:
    text = "## [Unreleased]\n### Added\n- Tides\n  in two lines.\n\n### Fixed\n\n### Removed\n- Ebb.\n\n## [1.2.3]\n"
    assert unreleased_notes(text) == (UnreleasedNote("added", "- Tides"), UnreleasedNote("removed", "- Ebb."))
    assert unreleased_notes("## [Unreleased]\n\n## [1.2.3]\n### Fixed\n- Fog.\n") == ()
    text = "Changes\n=======\n\n2.0\n---\n\n*Unreleased*\n\nNew\nlines.\n\n* One\n* Two\n\n1.0\n---\n\n* Old\n"
    assert unreleased_notes(text) == (
        UnreleasedNote("", "New"),
        UnreleasedNote("", "* One"),
        UnreleasedNote("", "* Two"),
    )


@pytest.mark.parametrize(
    ("old", "category", "new"),
    [
        (
            "# Changelog\n\n## [1.0.0]\n\n* Fog.\n",
            "Added",
            "# Changelog\n\n## [Unreleased]\n\n### Added\n\n* Tides.\n\n## [1.0.0]\n\n* Fog.\n",
        ),
        ("# Changelog\n", "Fixed", "# Changelog\n\n## Unreleased\n\n### Fixed\n\n- Tides.\n"),
        (
            "Changes\n=======\n\n1.0\n---\n\n- Fog.\n",
            "Added",
            "Changes\n=======\n\nUnreleased\n----------\n\nAdded\n~~~~~\n\n- Tides.\n\n1.0\n---\n\n- Fog.\n",
        ),
        (
            "## Unreleased\n### Fixed\n- Fog.\n## 1.0\n",
            "Added",
            "## Unreleased\n### Added\n\n- Tides.\n\n### Fixed\n- Fog.\n\n## 1.0\n",
        ),
    ],
    ids=["no section", "no release", "restructuredtext", "order of categories"],
)
def test_note_is_added_below_its_category(old: str, category: str, new: str) -> None:
    assert add_note(old, category, "Tides.") == new


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("## 1.2.3\n\n- Old.\n", True),
        ("\n=====\n1.2.3\n=====\n\n* Old.\n", True),
        ("v1.2.3\n======\n\n* Old.\n", True),
        ("", True),
        ("# Changelog\n\n## 1.2.3\n", False),
        ("## Unreleased\n\n## 1.2.3\n", False),
        ("# Changelog\n", False),
        (".. _v1:\n\n1.2.3\n=====\n", False),
    ],
)
def test_changelog_without_a_title_begins_with_its_newest_release(text: str, *, expected: bool) -> None:
    assert begins_with_release(text) is expected
