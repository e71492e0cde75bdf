"""The entries of a changelog are found by their versions."""

from __future__ import annotations

import pytest
from packaging.version import Version

from sample_project import lines
from seatrial.project.read_changelog import find_entry, has_entry, read_entry
from seatrial.project.unreleased_section import unreleased_headings

MARKDOWN = lines(
    """
    # Changelog

    ## [1.3.0](https://example.org/v1.3.0) - 2026-01-31

    ### Upgrading to 1.2.0

    ```sh
    # 1.1.0
    ```

    ## Release v1.1

    Old.
    """
)
RST = lines(
    """
    =======
    History
    =======

    1.3.0
    =====

    Features
    --------

    * Tides rise.

    1.1.0
    =====

    * Old.
    """
)


@pytest.mark.parametrize(
    ("text", "version", "heading"),
    [
        (MARKDOWN, "1.3", "## [1.3.0](https://example.org/v1.3.0) - 2026-01-31"),
        (MARKDOWN, "1.2.0", None),
        (MARKDOWN, "1.1.0", "## Release v1.1"),
        # AsciiDoc begins its first heading with its sign: this is Markdown, with an example of a comparison.
        ("# News\n\n1.3.0\n-----\n\n```\n== 1\n```\n", "1.3.0", "1.3.0"),
        (RST, "1.3.0", "1.3.0"),
        ("## 2026\n\n### v1.3.0\n\n### 1.2\n\n## 2025\n\n### 1.1\n", "1.3.0", "### v1.3.0"),
        ("## 2026\n\n### Python 3.9\n", "2026", "## 2026"),
        ("## 1.3\n\n### 1.3.0\n\n### 1.3.1\n\n## 1.2\n\n### 1.2.0\n", "1.3", "### 1.3.0"),
        ("## 1.3.0\n\n### 1.2.0 compatibility\n", "1.2.0", None),
        (RST, "1.2.0", None),
        ("", "1.3.0", None),
    ],
)
def test_entry_has_the_version_in_its_heading(text: str, version: str, heading: str | None) -> None:
    assert find_entry(text, Version(version)) == heading
    assert has_entry(text, Version(version)) == (heading is not None)


def test_entry_ends_at_the_next_heading_that_is_as_high() -> None:
    assert read_entry(MARKDOWN, Version("1.3.0")) == "### Upgrading to 1.2.0\n\n```sh\n# 1.1.0\n```\n"
    assert read_entry(RST, Version("1.3.0")) == "Features\n--------\n\n* Tides rise.\n"
    assert read_entry(RST, Version("1.1.0"), with_heading=True) == "1.1.0\n=====\n\n* Old.\n"


@pytest.mark.parametrize(
    ("below", "text"),
    [
        ("## 1.2.0\n\n- Old.\n", ""),
        ("## v1.2.0 - 2026-01-05\n\n- Old.\n", ""),
        ("## [1.2.0] (2026-01-05)\n\n- Old.\n", ""),
        ("## 1.2.0 compatibility\n\n- Old.\n", "\n\n## 1.2.0 compatibility\n\n- Old."),
        ("## 1.4.0\n\n- Next.\n", "\n\n## 1.4.0\n\n- Next."),
    ],
)
def test_entry_ends_at_that_of_an_earlier_version_whose_heading_is_lower(below: str, text: str) -> None:
    assert read_entry(f"# tide 1.3.0\n\n- New.\n\n{below}", Version("1.3.0")) == f"- New.{text}\n"


@pytest.mark.parametrize(
    ("version", "notes", "below"),
    [
        ("1.3.0", "### 1.3.0rc2\n\n- Sun.\n\n### 1.3.0rc1\n\n- Ebb.", "## 1.2.0\n\n- Old.\n"),
        ("1.3.0", "### 1.3.0rc2\n\n- Sun.\n\n### 1.3.0rc1\n\n- Ebb.", ""),
        ("2.0.0", "### 1.8.0\n\n- A server that is compatible.", "## 1.9.0\n\n- Old.\n"),
    ],
)
def test_entry_has_its_pre_releases_and_other_versions_below_it(version: str, notes: str, below: str) -> None:
    text = f"# News\n\n## {version}\n\n{notes}\n\n{below}"
    assert read_entry(text, Version(version)) == f"{notes}\n"
    unreleased = unreleased_headings(text.replace(f"## {version}\n", f"## {version} (unreleased)\n", 1))
    assert [heading.own_version for heading in unreleased] == [Version(version)]
