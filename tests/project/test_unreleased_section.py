"""The Unreleased section of a changelog: where it is, its notes, and how one is added."""

from __future__ import annotations

import pytest

from seatrial.project.read_changelog import read_headings
from seatrial.project.unreleased_section import (
    UnreleasedNote,
    add_note,
    begins_with_release,
    find_unreleased,
    unreleased_headings,
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
        "**1.2.3** (2026-01-05): Fog.\n",
        "**2.0 API is stable**\n",
        "**Python 3.9**\n",
        "# tide 1.3.0\n\n**1.2.3**\n",
        "**3.9**+\n\n- **Unreleased** Fog.\n",
    ],
)
def test_text_in_bold_is_no_heading_of_a_release(text: str) -> None:
    assert [heading.text for heading in read_headings(text) if not heading.text.startswith("#")] == []


@pytest.mark.parametrize(
    ("heading", "version"),
    [
        *(
            (f"1.3.0{state}", "1.3.0")
            for state in (" (unreleased)", " - unreleased", ", 2026-xx-xx", "-unreleased", "")
        ),
        *((f"Unreleased{text}", "2.0") for text in (" [2.0]", ": v2.0", " - Version 2.0", " (2.0, December 2026)")),
        *((f"Unreleased{text}", None) for text in ("", " (requires Python 3.9)", " (Django 5.2 support)")),
        *((f"Unreleased{text}", None) for text in (" - drops Python 3.8", ", planned for 2026.12", " - 15 changes")),
        *((f"[Unreleased]{text}", None) for text in (" 2026", " 2026.12.01", "(https://example.org/tree/2.0)", " #15")),
        *((f"(unreleased){day}", None) for day in (" 30 November 2026", " 30.11.2026", " (2026-11-30)", " 20261130")),
        ("2026 (unreleased)", None),
        ("2026-12-01 (unreleased)", None),
        ("2026.12.1 (unreleased)", "2026.12.1"),
        ("3 (unreleased)", "3"),
        ("tide-pool 1.3.0 (unreleased)", "1.3.0"),
        ('1.3.0 "Manta" (unreleased)', "1.3.0"),
        ("[v1.3.0-rc.1](https://example.org/tree/2.0) (unreleased, 2026.12.01)", "1.3.0rc1"),
        ("1.3.0 (unreleased), for Python 3.9", "1.3.0"),
        ("Changes in version 1.3.0 (unreleased)", "1.3.0"),
        ("Changes for Python 3.9 (unreleased)", None),
    ],
)
def test_version_of_a_heading_is_not_one_in_other_words(heading: str, version: str | None) -> None:
    own = read_headings(f"## {heading}\n")[0].own_version
    assert (str(own) if own else None) == version


@pytest.mark.parametrize(
    ("sections", "expected"),
    [
        ("## Unreleased\n\n## 1.3.0 (unreleased)\n\n- Tides.\n\n", "## 1.3.0 (unreleased)"),
        ("## Unreleased\n\n- Tides.\n\n## 1.3.0 (unreleased)\n\n", "## Unreleased"),
        ("## Unreleased\n\n## 1.3.0 (unreleased)\n\n", "## Unreleased"),
    ],
)
def test_section_for_the_next_release_is_the_first_that_has_notes(sections: str, expected: str) -> None:
    heading = find_unreleased(f"# News\n\n{sections}## 1.2.3\n\n- Fog.\n")
    assert heading is not None
    assert heading.text == expected


def test_heading_below_the_newest_release_that_has_other_words_is_no_section_for_the_next() -> None:
    text = "## Unreleased\n\n- Tides.\n\n## 1.2.3\n\n- Fog.\n\n## Prehistory (never published, {})\n\n- Mist.\n"
    for state in ("under development", "unreleased", "upcoming 0.1"):
        assert [heading.line for heading in unreleased_headings(text.format(state))] == [0]


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
        ("# News\n\n**1.0**\n\n- Fog.\n", "Added", "# News\n\n**Unreleased**\n\n- Tides.\n\n**1.0**\n\n- Fog.\n"),
        (
            "# News\n\n**Unreleased**\n\n**1.0**\n\n### Fixed\n\n- Fog.\n",
            "Added",
            "# News\n\n**Unreleased**\n\n### Added\n\n- Tides.\n\n**1.0**\n\n### Fixed\n\n- Fog.\n",
        ),
    ],
    ids=["no section", "no release", "restructuredtext", "order of categories", "bold", "bold with categories"],
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
