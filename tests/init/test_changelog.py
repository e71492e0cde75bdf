"""Where the marker goes in a changelog that was kept by hand."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from sample_project import lines
from seatrial.init.changelog import insert_marker, release_headings, unreleased_line, with_unreleased_heading
from seatrial.project.changelog import changelog_candidates, default_marker

MARKDOWN = lines(
    """
    # Changelog

    All of it.

    ## [Unreleased]

    - Soon.

    ## [1.2.3] - 2024-01-31

    - Old.

    ## [1.2.2] - 2023-01-31
    """
)
RST = lines(
    """
    =======
    History
    =======

    .. _v1-2-3:

    1.2.3 (2024-01-31)
    ------------------

    * Needs Python 3.9.

    1.2.2 (2023-01-31)
    ------------------
    """
)
CACHETOOLS_LIKE = lines(
    """
    v5.3.2 (2023-10-24)
    ===================

    - Add it.
    """
)
EMPTY = "# Changelog\n\nNothing yet.\n"


@pytest.mark.parametrize(
    ("name", "text", "above"),
    [
        ("CHANGELOG.md", MARKDOWN, "## [1.2.3]"),
        ("HISTORY.rst", RST, ".. _v1-2-3:"),
        ("CHANGELOG.rst", CACHETOOLS_LIKE, "v5.3.2"),
        ("CHANGELOG.md", EMPTY, "Nothing yet."),
    ],
)
def test_marker_goes_above_the_latest_release_and_changes_no_other_line(name: str, text: str, above: str) -> None:
    path = PurePosixPath(name)
    marked = insert_marker(path, text)
    marker = default_marker(path)
    assert marked.replace(f"{marker}\n\n", "", 1) == text
    assert marked.partition(f"{marker}\n\n")[2].startswith(above)
    assert insert_marker(path, marked) == marked


@pytest.mark.parametrize(
    ("text", "title"),
    [
        (MARKDOWN, "## {version} - {project_date}"),
        (RST, "{version} ({project_date})"),
        (CACHETOOLS_LIKE, "v{version} ({project_date})"),
        ("## Version 1.2.3\n", "## Version {version}"),
        ("Version 1.2.3\n-------------\n", "Version {version}"),
        ("# pluggy 1.2.3 (2024-01-31)\n", "# pluggy {version} ({project_date})"),
        ("## v1.2.3 (January 5, 2024)\n", "## v{version} ({project_date})"),
        ("## [v1.2.3](https://example.org/1.2.3) - 2024-01-31\n", "## v{version} - {project_date}"),
        ("1.2.3 / 2024-01-31\n==================\n", "{version} - {project_date}"),
        ("## 1.2.3 - January 5th, 2024\n", "## {version} - {project_date}"),
        ("```\n## 0.1 (1999)\n```\n\n## v1.2.3 - 2024-01-31\n", "## v{version} - {project_date}"),
    ],
)
def test_title_of_releases_to_come_is_like_that_of_the_latest(text: str, title: str) -> None:
    assert release_headings(text)[0].title_format == title


@pytest.mark.parametrize("text", ["Needs 1.2.3 or later.\n", "# Changelog\n", "## Unreleased 1.3.0\n", "- 1.2.3\n"])
def test_what_is_no_heading_of_a_release_is_not_taken_for_one(text: str) -> None:
    assert release_headings(text) == ()


def test_heading_for_what_is_not_released_is_named_by_its_line() -> None:
    assert unreleased_line(MARKDOWN) == 5
    assert unreleased_line(RST) is None


def test_changelog_is_found_by_its_name_at_the_top_before_docs() -> None:
    names = ("README.md", "docs/history.rst", "tests/CHANGES.md", "HISTORY.md", "CHANGES", "news.py")
    candidates = changelog_candidates(PurePosixPath(name) for name in names)
    assert [str(path) for path in candidates] == ["CHANGES", "HISTORY.md", "docs/history.rst"]


def test_settings_of_a_generator_of_pages_are_no_heading() -> None:
    """MkDocs and Jekyll read them from the top; their last line looks like that of an underlined heading."""
    settings = "---\ntoc_depth: 2\n---\n\n"
    release = "## 0.35.0 (June 28, 2025)\n\n- Old.\n"
    changed = with_unreleased_heading(PurePosixPath("docs/notes.md"), settings + release)
    assert changed == f"{settings}## Unreleased\n\n{release}"
