"""The Unreleased section of a changelog as the entry of a release, and the links that compare releases."""

from __future__ import annotations

from dataclasses import replace

import pytest
from packaging.version import Version

from sample_project import lines
from seatrial.project.read_changelog import read_entry
from seatrial.project.release_section import Release, release_unreleased, with_comparison, with_pre_releases
from seatrial.project.unreleased_section import add_note, unreleased_notes

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


TIDES = "- Tides.\n"
EXAMPLES = "- Tides:\n\n~~~\n## 9\n```\n~~~\n\n````md\n```\n## 8\n````\n"
MARKDOWN = "# Changelog\n\n{}\n## 1.2.3 - 2026-01-05\n\n- Fog.\n"
RST = "Changes\n=======\n\n{}\n1.2.3 (2026-01-05)\n------------------\n\n* Fog.\n"


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        *(
            (MARKDOWN, f"## {name}\n\n- Tides.\n", f"## {name}\n\n## 1.3.0 - 2026-11-27\n\n- Tides.\n")
            for name in (
                *("Next", "[dev]", "main", "HEAD", "Next version", "Work in progress", "To be released"),
                *("vNext", "Development version", "To be announced", "Latest changes", "Current", "WIP"),
            )
        ),
        *(
            (MARKDOWN, f"## {name}\n\n- Tides.\n", "## 1.3.0 - 2026-11-27\n\n- Tides.\n")
            for name in (
                "1.3.0 - UNRELEASED",
                "1.3.0 (2026-xx-xx)",
                "1.3.0.dev0",
                "v1.3.0 - 20xx-??-??",
                "1.3.0 ????-??-??",
                "1.3.0 - TBA",
            )
        ),
        # Examples and comments have no headings, and what says that nothing changed is no note.
        (
            MARKDOWN,
            "<!--\n## Unreleased\n\n- note\n-->\n\n## Unreleased\n\n- Tides.\n",
            "<!--\n## Unreleased\n\n- note\n-->\n\n## Unreleased\n\n## 1.3.0 - 2026-11-27\n\n- Tides.\n",
        ),
        (
            MARKDOWN,
            "## Unreleased\n\n<!-- Write\nhere. -->\n\n" + EXAMPLES,
            "## Unreleased\n\n<!-- Write\nhere. -->\n\n## 1.3.0 - 2026-11-27\n\n" + EXAMPLES,
        ),
        (
            RST,
            "1.3.0 (unreleased)\n------------------\n\n- Nothing changed yet.\n",
            "1.3.0 (2026-11-27)\n------------------\n\nNo significant changes.\n",
        ),
        (
            RST,
            "1.3.0 (unreleased)\n------------------\n\n- Nothing changed yet.\n- Tides.\n\n.. _v1.2.3:\n",
            "1.3.0 (2026-11-27)\n------------------\n\n- Tides.\n\n.. _v1.2.3:\n",
        ),
        (
            MARKDOWN,
            "## Unreleased\n\n:::{note}\nTides.\n:::\n\nEbb.\n***\n",
            "## Unreleased\n\n## 1.3.0 - 2026-11-27\n\n:::{note}\nTides.\n:::\n\nEbb.\n***\n",
        ),
        (
            "News\n====\n\n{}",
            "1.3.0 (unreleased)\n------------------\n\n- Tides.\n",
            "1.3.0 (2026-11-27)\n------------------\n\n- Tides.\n",
        ),
        # Years and series are above the releases.
        *(
            (
                f"# Changelog\n\n## {group}\n\n{{}}\n### 1.2.3 - 2026-01-05\n\n- Fog.\n",
                "### Unreleased\n\n- Tides.\n",
                "### Unreleased\n\n### 1.3.0 - 2026-11-27\n\n- Tides.\n",
            )
            for group in ("2026", "1", "1.x", "Version 1")
        ),
        # The notes stay in their order.
        (
            MARKDOWN,
            "## Unreleased\n\n### Highlights\n\n1. Tides.\n\n### Added\n\n- Ebb.\n",
            "## Unreleased\n\n## 1.3.0 - 2026-11-27\n\n### Highlights\n\n1. Tides.\n\n### Added\n\n- Ebb.\n",
        ),
        # The day, and links in headings, are written as for the latest release.
        (
            "# News\n\n{}\n## 1.2.3\n\n_2026-01-05_\n\n- Fog.\n",
            "## Unreleased\n\n- Tides.\n",
            "## Unreleased\n\n## 1.3.0\n\n_2026-11-27_\n\n- Tides.\n",
        ),
        (
            "# News\n\n{}\n## [1.2.3](x/compare/v1.2.2...v1.2.3) (2026-01-05)\n\n- Fog.\n",
            "## [Unreleased](x/compare/v1.2.3...HEAD)\n\n- Tides.\n",
            "## [Unreleased](x/compare/v1.3.0...HEAD)\n\n## [1.3.0](x/compare/v1.2.3...v1.3.0) (2026-11-27)\n\n"
            + TIDES,
        ),
        # Releases without dates are no series.
        (
            "# News\n\n{}\n## 1.2.3\n\n- Fog.\n\n## 1.2.2\n\n- Mist.\n",
            "## Unreleased\n\n- Tides.\n",
            "## Unreleased\n\n## 1.3.0\n\n" + TIDES,
        ),
        (
            "{}\n\nVersion 1.2.3\n-------------\n\nReleased 2026-01-05\n\n\nVersion 1.2.2\n-------------\n\n- Mist.\n",
            "Version 1.3.0\n-------------\n\nUnreleased\n\n- Tides.\n",
            "Version 1.3.0\n-------------\n\nReleased 2026-11-27\n\n" + TIDES,
        ),
        (
            "# News\n\n{}\n## [1.2.3](x/compare/1.2.2...1.2.3) (2026-01-05)\n\n- Fog.\n",
            "## Unreleased\n\n- Tides.\n",
            "## Unreleased\n\n## [1.3.0](x/compare/1.2.3...1.3.0) (2026-11-27)\n\n" + TIDES,
        ),
        (
            "# News\n\n{}\n## [1.2.3](x/compare/1.2.2..1.2.3) (2026-01-05)\n\n- Fog of 11.2.3 and 0.1.2.3.\n",
            "## Unreleased\n\n- Tides.\n",
            "## Unreleased\n\n## [1.3.0](x/compare/1.2.3..1.3.0) (2026-11-27)\n\n" + TIDES,
        ),
        (
            "= News\n\n{}\n== 1.2.3 - 2026-01-05\n\n* Fog.\n",
            "== Unreleased\n\n* Tides:\n\n[source]\n----\n== 1.2.0\n----\n",
            "== Unreleased\n\n== 1.3.0 - 2026-11-27\n\n* Tides:\n\n[source]\n----\n== 1.2.0\n----\n",
        ),
        # Headings that are no headings of Markdown.
        (
            "News\n\n{}\n**1.2.3** (2026-01-05)\n\n- Fog.\n\n**1.2.2**\n",
            "**Unreleased**\n\n- Tides.\n",
            "**Unreleased**\n\n**1.3.0** (2026-11-27)\n\n- Tides.\n",
        ),
        (
            "# News\n\n{}**1.2.3** (2026-01-05)\n- Fog.\n**1.2.2**\n- Mist.\n",
            "**1.3.0** (unreleased)\n**2.0 API is stable**\n\n### Fixed\n\n- Tides.\n",
            "**1.3.0** (2026-11-27)\n**2.0 API is stable**\n\n### Fixed\n\n- Tides.\n\n",
        ),
        (
            "# News\n\n{}\n**1.2.3**\n\n### Fixed\n\n- Fog.\n",
            "**Unreleased**\n\n### Fixed\n\n- Tides.\n\n### Python 3.9\n\n- Ebb.\n",
            "**Unreleased**\n\n**1.3.0**\n\n### Fixed\n\n- Tides.\n\n### Python 3.9\n\n- Ebb.\n",
        ),
        (
            MARKDOWN,
            "## Unreleased (requires Python 3.9)\n\n- Tides.\n",
            "## Unreleased (requires Python 3.9)\n\n## 1.3.0 - 2026-11-27\n\n- Tides.\n",
        ),
        (
            MARKDOWN,
            "## Unreleased\n\n## 2.0.0 (unreleased)\n\n- Tides.\n",
            "## Unreleased\n\n## 1.3.0 - 2026-11-27\n\n- Tides.\n",
        ),
        (
            '<h1>News</h1>\n\n{}\n<h2 id="v1.2.3">1.2.3 (2026-01-05)</h2>\n\n- Fog.\n',
            "<h2>Unreleased</h2>\n\n<h3>Added</h3>\n\n- Tides.\n",
            '<h2>Unreleased</h2>\n\n<h2 id="v1.3.0">1.3.0 (2026-11-27)</h2>\n\n<h3>Added</h3>\n\n- Tides.\n',
        ),
        (
            "{}\n## 1.2.3 - 2026-01-05\n",
            "\ufeff## 1.3.0 - TBD\n\n- Tides.\n",
            "\ufeff## 1.3.0 - 2026-11-27\n\n- Tides.\n",
        ),
    ],
)
def test_section_is_released_in_each_of_its_forms(text: str, old: str, new: str) -> None:
    released, _ = release_unreleased(text.format(old), release("1.3.0"))
    assert released == text.format(new)


MARKDOWN_GROUP = "## {}\n\n### 1.2.3 - 2025-01-05\n\n#### Fixed\n\n- Fog.\n"
RST_RELEASE = "1.2.3 (2025-01-05)\n++++++++++++++++++\n\n- Fog.\n"
RST_GROUP = "{}\n{}\n\n" + RST_RELEASE


@pytest.mark.parametrize(
    ("old", "new"),
    [
        # A section above the years or series stays there, and its notes go below the right one.
        *(
            (
                "## Unreleased\n\n<!-- Write here. -->\n\n- Tides.\n\n### Added\n\n- Ebb.\n\n"
                + MARKDOWN_GROUP.format(group),
                f"## Unreleased\n\n<!-- Write here. -->\n\n## {of_next}\n\n### 1.3.0 - 2026-11-27\n\n- Tides.\n\n"
                "#### Added\n\n- Ebb.\n\n" + MARKDOWN_GROUP.format(group).removeprefix(f"## {of_next}\n\n"),
            )
            for group, of_next in (
                ("2026", "2026"),
                ("2025", "2026"),
                ("1.2", "1.3"),
                ("v1.2", "v1.3"),
                ("1.2.x", "1.3.x"),
                ("Version 1.2", "Version 1.3"),
                ("1.2 series", "1.3 series"),
                ("1", "1"),
                ("0.x", "1.x"),
            )
        ),
        (
            "Unreleased\n~~~~~~~~~~\n\n- Tides.\n\nAdded\n+++++\n\n- Ebb.\n\n" + RST_GROUP.format(2025, "~~~~"),
            "Unreleased\n~~~~~~~~~~\n\n2026\n~~~~\n\n1.3.0 (2026-11-27)\n++++++++++++++++++\n\n- Tides.\n\n"
            "Added\n^^^^^\n\n- Ebb.\n\n" + RST_GROUP.format(2025, "~~~~"),
        ),
        (
            "Unreleased\n~~~~~~~~~~\n\n- Tides.\n\n" + RST_GROUP.format(2026, "~~~~"),
            "Unreleased\n~~~~~~~~~~\n\n2026\n~~~~\n\n1.3.0 (2026-11-27)\n++++++++++++++++++\n\n- Tides.\n\n"
            + RST_GROUP.format(2026, "~~~~").removeprefix("2026\n~~~~\n\n"),
        ),
        # One below a year or series begins the next.
        (
            "## 2025\n\n### Unreleased\n\n- Tides.\n\n### 1.2.3 - 2025-01-05\n",
            "## 2026\n\n### Unreleased\n\n### 1.3.0 - 2026-11-27\n\n- Tides.\n\n## 2025\n\n### 1.2.3 - 2025-01-05\n",
        ),
        (
            "1.2\n~~~\n\n1.3.0 (unreleased)\n++++++++++++++++++\n\n- Tides.\n\n" + RST_RELEASE,
            "1.3\n~~~\n\n1.3.0 (2026-11-27)\n++++++++++++++++++\n\n- Tides.\n\n1.2\n~~~\n\n" + RST_RELEASE,
        ),
        # More years below change nothing, and closed headings are read as others.
        *(
            (
                f"{{0}} {year}{{1}}\n\n### {heading}\n\n- Tides.\n\n### 1.2.3 - 2026-01-05\n\n{{0}} 2025{{1}}\n\n"
                "### 1.2.2 - 2025-01-05\n".format("##", end),
                f"{{0}} {year}{{1}}\n\n{kept}### 1.3.0 - 2026-11-27\n\n- Tides.\n\n### 1.2.3 - 2026-01-05\n\n"
                "{0} 2025{1}\n\n### 1.2.2 - 2025-01-05\n".format("##", end),
            )
            for year, heading, kept, end in (
                ("2026", "1.3.0 (unreleased)", "", ""),
                ("2026", "Next", "### Next\n\n", ""),
                ("2026", "Unreleased", "### Unreleased\n\n", " ##"),
                ("1.3", "1.3.0 (unreleased)", "", ""),
                ("1.03", "1.3.0 (unreleased)", "", ""),
            )
        ),
        # What a series says of itself is not said of the next.
        (
            "## Unreleased\n\n- Tides.\n\n## 1.2\n\nNeeds Python 3.9.\n\n### 1.2.3\n",
            "## Unreleased\n\n## 1.3\n\n### 1.3.0\n\n- Tides.\n\n## 1.2\n\nNeeds Python 3.9.\n\n### 1.2.3\n",
        ),
        # One that the changelog has already gets the release, wherever the notes are.
        *(
            (
                begin.format("- Tides.\n\n") + "## 1.3\n\n### 1.3.0rc1\n\n- Ebb.\n",
                begin.format("") + "## 1.3\n\n### 1.3.0\n\n- Ebb.\n- Tides.\n\n### 1.3.0rc1\n\n- Ebb.\n",
            )
            for begin in (
                "## Unreleased\n\n{}## 2.0\n\n### 2.0.0\n\n- Fog.\n\n",
                "## 2.0\n\n### Unreleased\n\n{}### 2.0.0\n\n- Fog.\n\n",
            )
        ),
        (
            "## 2.0\n\n### 1.3.0 (unreleased)\n\n- Tides.\n\n### 2.0.0\n\n## 1.2\n\n### 1.2.3\n",
            "## 2.0\n\n### 2.0.0\n\n## 1.3\n\n### 1.3.0\n\n- Tides.\n\n## 1.2\n\n### 1.2.3\n",
        ),
        (
            "## Unreleased\n\n- Tides.\n\n## 2.0\n\n### 2.0.0\n",
            "## Unreleased\n\n## 2.0\n\n### 2.0.0\n\n## 1.3\n\n### 1.3.0\n\n- Tides.\n",
        ),
        (
            "## Unreleased\n\n- Tides.\n\n## 2.0\n\n### 2.0.0\n\n[#1]: https://example.org/1\n",
            "## Unreleased\n\n## 2.0\n\n### 2.0.0\n\n## 1.3\n\n### 1.3.0\n\n- Tides.\n\n[#1]: https://example.org/1\n",
        ),
        (
            "## Unreleased\n\n## 1.2\n\n### 1.2.3\n",
            "## Unreleased\n\n## 1.3\n\n### 1.3.0\n\nNo significant changes.\n\n## 1.2\n\n### 1.2.3\n",
        ),
        # A year can be above the series.
        *(
            (
                f"## Unreleased\n\n- Tides.\n\n## {year}\n\n### {group}\n\n#### 1.2.3\n",
                f"## Unreleased\n\n{begun}#### 1.3.0\n\n- Tides.\n\n{following}#### 1.2.3\n",
            )
            for year, group, begun, following in (
                ("2026", "1", "## 2026\n\n### 1\n\n", ""),
                ("2026", "1.2", "## 2026\n\n### 1.3\n\n", "### 1.2\n\n"),
                ("2025", "1.2", "## 2026\n\n### 1.3\n\n", "## 2025\n\n### 1.2\n\n"),
            )
        ),
        (
            "## 1.3\n\n### Unreleased\n\n- Tides.\n\n" + MARKDOWN_GROUP.format("1.2"),
            "## 1.3\n\n### Unreleased\n\n### 1.3.0 - 2026-11-27\n\n- Tides.\n\n" + MARKDOWN_GROUP.format("1.2"),
        ),
    ],
)
def test_release_is_below_its_year_or_series(old: str, new: str) -> None:
    title = "# News\n\n" if old.startswith("#") else "News\n====\n\n"
    released, _ = release_unreleased(title + old, release("1.3.0"))
    assert released == title + new


def test_section_that_names_the_version_is_released_before_another_one() -> None:
    text = "# News\n\n{}\n## 1.2.3\n\n- Fog.\n".format
    planned = "## 2.0.0 (unreleased)\n\n- Sun.\n\n"
    released, _ = release_unreleased(text(planned + "## 1.3.0 (unreleased)\n\n- Tides.\n"), release())
    assert released == text(planned + "## 1.3.0\n\n- Tides.\n")


def test_entry_has_the_definitions_of_its_links() -> None:
    text = (
        "## Unreleased\n\n- Tides ([#12], [docs](x), [#13]).\n\n## 1.2.3\n\n- Fog.\n\n[#12]: https://example.org/12\n"
    )
    released, entry = release_unreleased(text, release("1.3.0"))
    assert entry == "## 1.3.0\n\n- Tides ([#12], [docs](x), [#13]).\n\n[#12]: https://example.org/12"
    assert read_entry(released, Version("1.3.0"), with_heading=True) == entry + "\n"
    assert released.count("https://example.org/12") == 1


def test_release_of_a_released_changelog_can_follow() -> None:
    text = add_note(RELEASED, "Security", "Locks.")
    text, entry = release_unreleased(text, release("1.3.1"))
    assert entry == "## [1.3.1] - 2026-11-27\n\n### Security\n\n- Locks."
    assert text.splitlines()[-5:-2] == [
        "[unreleased]: https://example.org/compare/v1.3.1...HEAD",
        "[1.3.1]: https://example.org/compare/v1.3.0...v1.3.1",
        "[1.3.0]: https://example.org/compare/v1.2.3...v1.3.0",
    ]


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
    ("latest", "heading"),
    [
        ("1.2.0 (Monday, January 5, 2026)", "1.3.0 (Friday, November 27, 2026)"),
        ("1.2.0, Mon 5 Jan 2026", "1.3.0, Fri 27 Nov 2026"),
        ("1.2.0 - January 5th, 2026", "1.3.0 - November 27, 2026"),
        ("1.2.0 - Sept. 5, 2026", "1.3.0 - Nov 27, 2026"),
        ("1.2.0 (Jan 5)", "1.3.0 (Nov 27)"),
        ('1.2.0 "Manta" - 2026-01-05', "1.3.0 - 2026-11-27"),
        (
            "1.2.0: \N{LEFT DOUBLE QUOTATION MARK}Manta\N{RIGHT DOUBLE QUOTATION MARK} (2026-01-05)",
            "1.3.0 (2026-11-27)",
        ),
        ('1.2.0 "Manta" {data-x="a" data-y="b"}', '1.3.0 {data-x="a" data-y="b"}'),
        ('<span class="v" id="x">1.2.0</span> "Manta"', '<span class="v" id="x">1.3.0</span>'),
        (
            '<a href="https://example.org/v1.2.0" title="x">1.2.0</a>',
            '<a href="https://example.org/v1.3.0" title="x">1.3.0</a>',
        ),
        ("1.2.0 (Feb 29)", "1.3.0 (Nov 27)"),
        ("1.2.0 - 5th January", "1.3.0 - 27 November"),
        ("1.2.0 (05-Jan-2026)", "1.3.0 (27-Nov-2026)"),
        ("1.2.0 (01/25/2026)", "1.3.0 (11/27/2026)"),
        ("1.2.0 (25/01/2026)", "1.3.0 (27/11/2026)"),
        ("1.2.0 (20260125)", "1.3.0 (20261127)"),
        ("1.2.0 - 2026-01-25T10:00:00Z", "1.3.0 - 2026-11-27"),
        ("[1.2.0] - 2026-01-05 **[YANKED]**", "[1.3.0] - 2026-11-27"),
        ("1.2.0 - 2026-01-05 - Yanked", "1.3.0 - 2026-11-27"),
        ("1.2.0 (2026-01-05, yanked)", "1.3.0 (2026-11-27)"),
        ("1.2.0 (2026-01-05) (yanked)", "1.3.0 (2026-11-27)"),
        ("1.2.0 ~~(yanked)~~", "1.3.0"),
    ],
)
def test_heading_has_the_day_of_the_release_in_the_form_of_the_one_before(latest: str, heading: str) -> None:
    text = f"# Changelog\n\n## Un-released\n\n- Tides.\n\n## {latest}\n\n- Fog.\n"
    assert release_unreleased(text, release())[0].splitlines()[4] == f"## {heading}"


@pytest.mark.parametrize("latest", ["2026.8.1", "2026.08.01", "2026.8.1 - 2026-08-30", "v2026.8.1"])
def test_version_that_is_a_date_is_no_date_of_a_heading(latest: str) -> None:
    text = f"# Changelog\n\n## Unreleased\n\n- Tides.\n\n## {latest}\n\n- Fog.\n"
    new = release_unreleased(text, replace(release(), version=Version("2026.11.2")))[0]
    expected = latest.replace("2026.8.1", "2026.11.2").replace("2026.08.01", "2026.11.02")
    assert new.splitlines()[4] == f"## {expected.replace('2026-08-30', '2026-11-27')}"


@pytest.mark.parametrize("label", ["(v1-2-0)=", '<a name="1.2.0"></a>', '<a id="v120">'])
def test_name_for_a_heading_stays_above_it(label: str) -> None:
    text = f"# Changelog\n\n## Unreleased\n\n- Tides.\n\n{label}\n## 1.2.0\n\n- Fog.\n"
    new, entry = release_unreleased(text, release())
    assert new.endswith(text[text.index("- Tides.") :])
    assert [note.text for note in unreleased_notes(text)] == ["- Tides."]
    assert label not in entry


@pytest.mark.parametrize(
    ("link", "links"),
    [
        (
            "https://example.org/tide/pool/commits/main",
            (
                "https://example.org/tide/pool/compare/v1.3.0...main",
                "https://example.org/tide/pool/releases/tag/v1.3.0",
            ),
        ),
        (
            "https://example.org/group/tide/pool/-/commits/main/",
            (
                "https://example.org/group/tide/pool/-/compare/v1.3.0...main",
                "https://example.org/group/tide/pool/-/tags/v1.3.0",
            ),
        ),
        (
            "https://example.org/tide/pool/branches/compare/HEAD..v1.2.0",
            (
                "https://example.org/tide/pool/branches/compare/HEAD..v1.3.0",
                "https://example.org/tide/pool/branches/compare/v1.3.0..v1.2.0",
            ),
        ),
    ],
    ids=["first release", "first release on GitLab", "newer one first"],
)
def test_link_of_the_section_leads_to_those_of_the_release_and_of_what_follows(
    link: str, links: tuple[str, str]
) -> None:
    text = f"# Changelog\n\n## [Unreleased]\n\n- Tides.\n\n[unreleased]: {link}\n"
    new = release_unreleased(text, release())[0]
    assert new.endswith(f"- Tides.\n\n[unreleased]: {links[0]}\n[1.3.0]: {links[1]}\n")


def test_link_of_a_final_release_leaves_out_pre_releases_whose_entries_become_its_own() -> None:
    links = "[unreleased]: https://example.org/compare/v1.3.0rc1...HEAD\n"
    text = f"## [Unreleased]\n\n## [1.3.0rc1]\n\n- Tides.\n\n## [1.2.0]\n\n- Fog.\n\n{links}"
    assert release_unreleased(text, release(), merge=True)[0] == (
        "## [Unreleased]\n\n## [1.3.0]\n\n- Tides.\n\n## [1.2.0]\n\n- Fog.\n\n"
        "[unreleased]: https://example.org/compare/v1.3.0...HEAD\n"
        "[1.3.0]: https://example.org/compare/v1.2.0...v1.3.0\n"
    )


@pytest.mark.parametrize("merge", [True, False])
def test_final_release_has_no_earlier_entries_whose_headings_are_lower(*, merge: bool) -> None:
    candidate, earlier = "# tide 1.3.0rc1\n\n## Features\n\n- Sun.\n\n", "## 1.2.0 (2026-01-05)\n\n- Fog.\n"
    entry, below = with_pre_releases(
        "# tide 1.3.0\n\nNo significant changes.", candidate + earlier, Version("1.3.0"), merge=merge
    )
    assert entry == "# tide 1.3.0\n\n## Features\n\n- Sun."
    assert below == (earlier if merge else candidate + earlier)


@pytest.mark.parametrize(("start", "end"), [("v1.3.0rc1", "HEAD"), ("HEAD", "v1.3.0rc1")], ids=["github", "bitbucket"])
def test_link_of_a_final_release_compares_with_the_final_one_before(start: str, end: str) -> None:
    link = f"https://example.org/compare/{start}...{end}"
    text = f"## [Unreleased]\n\n## [1.3.0rc1]\n\n- Tides.\n\n## [1.2.0]\n\n- Fog.\n\n[unreleased]: {link}\n"
    new = release_unreleased(text, release())[0].splitlines()
    assert new[-2] == f"[unreleased]: {link.replace('rc1', '')}"
    assert new[-1] == f"[1.3.0]: {link.replace('v1.3.0rc1', 'v1.2.0').replace('HEAD', 'v1.3.0')}"


def test_version_of_a_heading_and_its_link_has_the_zeros_of_the_ones_before() -> None:
    link = "https://example.org/compare/v2026.05.0...HEAD"
    text = f"## [Unreleased]\n\n- Tides.\n\n## [2026.05.0] - 2026-05-03\n\n- Fog.\n\n[unreleased]: {link}\n"
    later = Release(Version("2026.6.0"), "2026-06-01", lambda _: "v2026.06.0")
    assert release_unreleased(text, later)[0] == (
        "## [Unreleased]\n\n## [2026.06.0] - 2026-06-01\n\n- Tides.\n\n## [2026.05.0] - 2026-05-03\n\n- Fog.\n\n"
        f"[unreleased]: {link.replace('05', '06')}\n"
        "[2026.06.0]: https://example.org/compare/v2026.05.0...v2026.06.0\n"
    )


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
        (
            (
                "[unreleased]: https://example.org/compare/1.2.0...main\n"
                "[1.2.0]: https://example.org/releases/tag/1.2.0\n[1.1.0]: https://example.org/releases/tag/1.1.0\n"
            ),
            (
                "[unreleased]: https://example.org/compare/v1.3.0...main\n"
                "[1.3.0]: https://example.org/releases/tag/v1.3.0\n"
                "[1.2.0]: https://example.org/releases/tag/1.2.0\n[1.1.0]: https://example.org/releases/tag/1.1.0\n"
            ),
        ),
        (
            (
                "[unreleased]: https://example.org/compare/v1.2.0...HEAD\n"
                "[1.2.0]: https://example.org/releases/tag/v1.2.0\n"
            ),
            (
                "[unreleased]: https://example.org/compare/v1.3.0...HEAD\n"
                "[1.3.0]: https://example.org/compare/v1.2.0...v1.3.0\n"
                "[1.2.0]: https://example.org/releases/tag/v1.2.0\n"
            ),
        ),
    ],
    ids=["comparison", "tag", "no release", "pages", "page of the first"],
)
def test_link_of_a_release_is_like_that_of_the_one_before(links: str, new: str) -> None:
    text = "## [1.3.0]\n\n## [1.2.0]\n\n"
    assert with_comparison(text + links, release()) == text + new
    assert with_comparison(text + new, release()) == text + new
