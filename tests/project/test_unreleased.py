"""A changelog with an Unreleased section: what a release and `news` make of it."""

from __future__ import annotations

import pytest
from packaging.version import Version

from sample_project import lines
from seatrial.project.unreleased import (
    Release,
    UnreleasedNote,
    add_note,
    release_unreleased,
    unreleased_notes,
    with_comparison,
    with_pre_releases,
)

KEEP_A_CHANGELOG = """\
# Changelog

## [Unreleased]
### Added
- Tides
  in two lines.

### Fixed

### Removed
- Ebb.

## [1.2.3] - 2026-01-05 [YANKED]
### Fixed
- Fog.

## [1.2.2] - 2025-12-01
- First.

[unreleased]: https://example.org/compare/v1.2.3...HEAD
[1.2.3]: https://example.org/compare/v1.2.2...v1.2.3
[1.2.2]: https://example.org/releases/tag/v1.2.2
"""

RELEASED = """\
# Changelog

## [Unreleased]

## [1.3.0] - 2026-11-27
### Added
- Tides
  in two lines.

### Removed
- Ebb.

## [1.2.3] - 2026-01-05 [YANKED]
### Fixed
- Fog.

## [1.2.2] - 2025-12-01
- First.

[unreleased]: https://example.org/compare/v1.3.0...HEAD
[1.3.0]: https://example.org/compare/v1.2.3...v1.3.0
[1.2.3]: https://example.org/compare/v1.2.2...v1.2.3
[1.2.2]: https://example.org/releases/tag/v1.2.2
"""


def release(version: str = "1.3.0") -> Release:
    return Release(Version(version), "2026-11-27", lambda version: f"v{version}")


def test_section_becomes_that_of_the_release_and_an_empty_one_is_left() -> None:
    text, entry = release_unreleased(KEEP_A_CHANGELOG, release())
    assert text == RELEASED
    assert entry == "## [1.3.0] - 2026-11-27\n### Added\n- Tides\n  in two lines.\n\n### Removed\n- Ebb."


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            """
            1.3.0 (unreleased)
            ------------------

            - Tides.

            1.2.0 (2026-01-05)
            ------------------

            - Fog.
            """,
            """
            1.3.0 (2026-11-27)
            ------------------

            - Tides.

            1.2.0 (2026-01-05)
            ------------------

            - Fog.
            """,
        ),
        (
            """
            Version 3.1.0
            -------------

            Unreleased

            -   Tides.

            Version 3.0.3
            -------------

            Released 2024-04-07

            -   Fog.
            """,
            """
            Version 1.3.0
            -------------

            Released 2026-11-27

            -   Tides.

            Version 3.0.3
            -------------

            Released 2024-04-07

            -   Fog.
            """,
        ),
        (
            """
            =======
            Changes
            =======

            Unreleased
            ==========

            - Tides.

            1.2 (5 Jan 2026)
            ================

            - Fog.
            """,
            """
            =======
            Changes
            =======

            Unreleased
            ==========

            1.3.0 (27 Nov 2026)
            ===================

            - Tides.

            1.2 (5 Jan 2026)
            ================

            - Fog.
            """,
        ),
        (
            """
            # Changes

            ## Unreleased

            A paragraph.

            ## v1.2.0

            * Fog.
            """,
            """
            # Changes

            ## Unreleased

            ## v1.3.0

            A paragraph.

            ## v1.2.0

            * Fog.
            """,
        ),
        (
            """
            # Changes
            ## Unreleased
            - Tides.

            ## [v1.2.0](https://example.org/compare/v1.1.0...v1.2.0) (January 5, 2026)
            - Fog.

            ## [v1.1.0](https://example.org/compare/v1.0.0...v1.1.0) (December 5, 2025)
            """,
            """
            # Changes
            ## Unreleased

            ## [v1.3.0](https://example.org/compare/v1.2.0...v1.3.0) (November 27, 2026)
            - Tides.

            ## [v1.2.0](https://example.org/compare/v1.1.0...v1.2.0) (January 5, 2026)
            - Fog.

            ## [v1.1.0](https://example.org/compare/v1.0.0...v1.1.0) (December 5, 2025)
            """,
        ),
        (
            """
            # Changelog

            ## [Unreleased]

            - Tides.
            """,
            """
            # Changelog

            ## [Unreleased]

            ## [1.3.0] - 2026-11-27

            - Tides.
            """,
        ),
        (
            """
            # Changelog

            ## Unreleased

            ## 1.2.0 - 05.01.2026

            - Fog.
            """,
            """
            # Changelog

            ## Unreleased

            ## 1.3.0 - 27.11.2026

            No significant changes.

            ## 1.2.0 - 05.01.2026

            - Fog.
            """,
        ),
    ],
    ids=["version", "line below", "restructuredtext", "no date", "link", "first", "empty"],
)
def test_heading_is_written_as_that_of_the_latest_release(old: str, new: str) -> None:
    assert release_unreleased(lines(old), release())[0] == lines(new)


def test_release_of_a_released_changelog_can_follow() -> None:
    text = add_note(RELEASED, "Security", "Locks.")
    text, entry = release_unreleased(text, release("1.3.1"))
    assert entry == "## [1.3.1] - 2026-11-27\n\n### Security\n\n- Locks."
    assert text.splitlines()[-5:-2] == [
        "[unreleased]: https://example.org/compare/v1.3.1...HEAD",
        "[1.3.1]: https://example.org/compare/v1.3.0...v1.3.1",
        "[1.3.0]: https://example.org/compare/v1.2.3...v1.3.0",
    ]


def test_notes_are_the_bullets_and_the_paragraphs_of_the_section() -> None:
    assert unreleased_notes(KEEP_A_CHANGELOG) == (
        UnreleasedNote("added", "- Tides"),
        UnreleasedNote("removed", "- Ebb."),
    )
    assert unreleased_notes(RELEASED) == ()
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


PRE_RELEASES = """\
## 1.3.0rc2

### Bugfixes

- Rain.

## 1.3.0rc1

### Features

- Wind.

### Bugfixes

- Fog.

## 1.2.0

### Features

- Old.
"""


def test_final_release_has_the_notes_of_its_pre_releases() -> None:
    entry, earlier = with_pre_releases(
        "## 1.3.0\n\nNo significant changes.", PRE_RELEASES, Version("1.3.0"), merge=False
    )
    assert entry == "## 1.3.0\n\n### Features\n\n- Wind.\n\n### Bugfixes\n\n- Fog.\n- Rain."
    assert earlier == PRE_RELEASES
    entry, earlier = with_pre_releases("## 1.3.0\n\n### Features\n\n- Sun.", PRE_RELEASES, Version("1.3.0"), merge=True)
    assert entry == "## 1.3.0\n\n### Features\n\n- Wind.\n- Sun.\n\n### Bugfixes\n\n- Fog.\n- Rain."
    assert earlier == "## 1.2.0\n\n### Features\n\n- Old.\n"


def test_pre_release_has_its_own_notes_alone() -> None:
    entry = "## 1.3.0rc3\n\n### Features\n\n- Sun."
    assert with_pre_releases(entry, PRE_RELEASES, Version("1.3.0rc3"), merge=True) == (entry, PRE_RELEASES)


@pytest.mark.parametrize(
    ("links", "new"),
    [
        (
            "[1.2.0]: https://example.org/compare/v1.1.0...v1.2.0\n",
            (
                "[1.3.0]: https://example.org/compare/v1.2.0...v1.3.0\n"
                "[1.2.0]: https://example.org/compare/v1.1.0...v1.2.0\n"
            ),
        ),
        (
            "[1.2.0]: https://example.org/-/tags/v1.2.0\n",
            "[1.3.0]: https://example.org/-/tags/v1.3.0\n[1.2.0]: https://example.org/-/tags/v1.2.0\n",
        ),
        ("[tides]: https://example.org/\n", "[tides]: https://example.org/\n"),
    ],
    ids=["comparison", "tag", "no release"],
)
def test_link_of_a_release_is_like_that_of_the_one_before(links: str, new: str) -> None:
    text = "## [1.3.0]\n\n## [1.2.0]\n\n"
    assert with_comparison(text + links, release()) == text + new
    assert with_comparison(text + new, release()) == text + new
