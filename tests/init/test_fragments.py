"""Notes below an Unreleased heading become fragments: nothing is lost, and the changelog stays as it is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from errors_raised import raises_error
from sample_project import lines
from seatrial.init.changelog import (
    kind_for_title,
    kinds_with_titles,
    move_notes,
    plan_changelog,
    require_source,
    split_notes,
)
from seatrial.init.detect import detect_project
from seatrial.init.files import write_proposal
from seatrial.init.propose import Parts
from seatrial.project.changelog import render_entry
from unadopted_project import METADATA, begin_project

if TYPE_CHECKING:
    from sample_project import SampleProject
    from seatrial.init.files import Proposal


PYPROJECT = METADATA + 'requires-python = ">=3.9"\n'
MARKDOWN = """
# Changelog

## [Unreleased]

<!-- the newest last -->

Charts are new in this release.

### Added

- Tide tables ([#12], [@ada](https://example.org/ada)).
  With the moon.

  - neap tides

  ```python
  - tidepool.read()
  ```

[#12]: https://example.org/12

- Charts.

### Internal

* One cache,
lazily continued

## [1.2.3] - 2024-02-29

### Fixed

- Old.

[Unreleased]: https://example.org/compare/v1.2.3...HEAD
[1.2.3]: https://example.org/compare/v1.2.2...v1.2.3
"""
RST = """
History
=======

1.3.0 (unreleased)
------------------

Unreleased

Bug fixes
^^^^^^^^^

* Read `tables`_ of :class:`tidepool.Table`.

  .. code-block:: python

     tidepool.read()

.. _tables: https://example.org/tables

* Old names go.

1.2.3 (2024-02-29)
------------------

Bug fixes
^^^^^^^^^

* Old.
"""


def write_project(project: SampleProject, changelog: str, text: str, pyproject: str = "\n") -> None:
    begin_project(project, {"pyproject.toml": PYPROJECT + lines(pyproject), changelog: lines(text)})


def propose(project: SampleProject) -> Proposal:
    parts = Parts(workflows=False, changelog="fragments", moves_notes=True, tasks=False)
    return parts.propose(detect_project(project.root))


def moved(project: SampleProject) -> dict[str, str]:
    """Write what ``init --fragments`` proposes, and return the fragments."""
    write_proposal(detect_project(project.root), propose(project))
    return {path.name: path.read_text() for path in sorted((project.root / "changelog.d").glob("[!.]*"))}


def test_notes_in_markdown_become_fragments_and_come_back_in_the_entry(project: SampleProject) -> None:
    write_project(project, "CHANGELOG.md", MARKDOWN)
    assert moved(project) == {
        "+charts-are-new-in-this-release.changed.md": "Charts are new in this release.\n",
        "+charts.added.md": "Charts.\n",
        "+one-cache-lazily-continued.internal.md": "One cache,\nlazily continued\n",
        "+tide-tables-12-ada-with-the.added.md": "Tide tables ([#12], [@ada](https://example.org/ada)).\n"
        "With the moon.\n\n- neap tides\n\n```python\n- tidepool.read()\n```\n",
    }
    assert (project.root / "CHANGELOG.md").read_text() == lines(
        """
        # Changelog

        <!-- the newest last -->

        <!-- towncrier release notes start -->

        ## [1.2.3] - 2024-02-29

        ### Fixed

        - Old.

        [Unreleased]: https://example.org/compare/v1.2.3...HEAD
        [1.2.3]: https://example.org/compare/v1.2.2...v1.2.3
        [#12]: https://example.org/12
        """
    )
    entry = render_entry(project.root, "1.3.0", "2026-01-31")
    assert entry.startswith("## [1.3.0] - 2026-01-31\n")
    for text in ("### Internal\n\n- One cache,\n", "### Added\n", "  - neap tides\n", "  With the moon."):
        assert text in entry
    assert propose(project).files == ()


def test_notes_in_restructuredtext_become_fragments_with_the_targets_of_their_links(project: SampleProject) -> None:
    write_project(project, "HISTORY.rst", RST)
    assert moved(project) == {
        "+old-names-go.bugfix.rst": "Old names go.\n",
        "+read-tables-of-tidepool-table.bugfix.rst": "Read `tables`_ of :class:`tidepool.Table`.\n\n"
        ".. code-block:: python\n\n   tidepool.read()\n",
    }
    assert (project.root / "HISTORY.rst").read_text() == lines(
        """
        History
        =======

        .. towncrier release notes start

        1.2.3 (2024-02-29)
        ------------------

        Bug fixes
        ^^^^^^^^^

        * Old.

        .. _tables: https://example.org/tables
        """
    )
    entry = render_entry(project.root, "1.3.0", "2026-01-31")
    assert "Bug fixes\n^^^^^^^^^\n\n- Old names go.\n" in entry
    assert "  .. code-block:: python\n\n     tidepool.read()" in entry
    assert propose(project).files == ()


def test_notes_go_into_the_types_of_towncrier_that_the_project_has(project: SampleProject) -> None:
    """A release with towncrier would lose these notes. The headings that are no type of it are named."""
    settings = """
        [tool.towncrier]
        directory = "changelog.d"
        filename = "CHANGELOG.md"
        start_string = "<!-- begin -->"
        """
    text = lines(MARKDOWN).replace("## [1.2.3]", "<!-- begin -->\n\n## [1.2.3]")
    write_project(project, "CHANGELOG.md", text, settings)
    plan = plan_changelog(detect_project(project.root), moves_notes=True)
    assert plan.remarks == (
        "the notes below Added have the type feature now",
        "the notes below Internal have the type misc now",
    )
    assert [path.name for path in plan.fragments] == [
        "+charts-are-new-in-this-release.misc.md",
        "+tide-tables-12-ada-with-the.feature.md",
        "+charts.feature.md",
        "+one-cache-lazily-continued.misc.md",
    ]
    moved(project)
    changelog = (project.root / "CHANGELOG.md").read_text()
    assert "<!-- begin -->\n\n## [1.2.3]" in changelog
    assert "## [Unreleased]" not in changelog
    assert "towncrier release notes start" not in changelog


def test_run_that_was_ended_between_two_files_is_finished_and_other_fragments_stay(project: SampleProject) -> None:
    write_project(project, "CHANGELOG.md", MARKDOWN)
    others = {"+charts.added.md": "Charts.\n", "+charts-are-new-in-this-release.changed.md": "Another note.\n"}
    project.write({f"changelog.d/{name}": text for name, text in others.items()})
    fragments = moved(project)
    assert others.items() <= fragments.items()
    assert [name for name in fragments if name.startswith("+charts")] == [
        "+charts-are-new-in-this-release-2.changed.md",
        "+charts-are-new-in-this-release.changed.md",
        "+charts.added.md",
    ]


def test_project_that_kept_an_unreleased_section_by_its_settings_has_fragments_now(project: SampleProject) -> None:
    write_project(project, "CHANGELOG.md", MARKDOWN, '[tool.seatrial.changelog]\nsource = "unreleased"\n')
    moved(project)
    assert 'source = "fragments"' in (project.root / "pyproject.toml").read_text()
    assert propose(project).files == ()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("# Changes\n\n## Unreleased\n\n### Added\n\n#### For sailors\n\n- New.\n\n## 1.2.3\n", 7),
        ("Changes\n=======\n\nUnreleased\n----------\n\nNew\n^^^\n\nSails\n~~~~~\n\n* A\n\n1.2.3\n-----\n", 10),
    ],
)
def test_notes_with_headings_of_their_own_are_left_alone_and_named(
    project: SampleProject, text: str, line: int
) -> None:
    name = "CHANGES.md" if text.startswith("#") else "CHANGES.rst"
    write_project(project, name, text)
    plan = plan_changelog(detect_project(project.root), "fragments", moves_notes=True)
    assert (plan.text, plan.fragments) == (None, {})
    assert plan.remarks == (f"{name}:{line}: no fragment can have a heading: move these notes into fragments by hand",)


@pytest.mark.parametrize(
    "text",
    ["", "# Changes\n", "# Changes\n\n## 1.2.3\n\n- Old.\n", "Changes\n=======\n\n1.2.3\n-----\n\n* Old.\n"],
)
def test_changelog_without_an_unreleased_section_is_not_changed(text: str) -> None:
    assert (move_notes(text).text, move_notes(text).notes) == (text, ())


@pytest.mark.parametrize(
    ("text", "notes"),
    [
        ("- A\n- B", ["A", "B"]),
        ("- A\n  more\n\n  last\n- B", ["A\nmore\n\nlast", "B"]),
        ("A\nmore\n\nB", ["A\nmore", "B"]),
        ("```\n- x\n\ny\n```\n\nA", ["```\n- x\n\ny\n```", "A"]),
        ("A:\n\n.. note:: B", ["A:\n\n.. note:: B"]),
        ("", []),
    ],
)
def test_item_of_a_list_is_a_note_with_all_that_is_in_it(text: str, notes: list[str]) -> None:
    assert list(split_notes(text.splitlines())) == notes


def test_heading_has_the_type_that_means_the_same_or_gets_its_own() -> None:
    kinds = kinds_with_titles({"added": "Added", "fixed": "Fixed"}, ["Fixed", "Dev Tools", ""])
    assert kinds == {"added": "Added", "fixed": "Fixed", "dev-tools": "Dev Tools"}
    assert [kind_for_title(kinds, title) for title in ("ADDED", "Dev Tools", "")] == ["added", "dev-tools", "dev-tools"]
    # The types that towncrier has without settings.
    assert list(kinds_with_titles({}, ["Core", "Bugs"])) == ["feature", "bugfix", "doc", "removal", "misc", "core"]


def test_two_ways_to_keep_the_changelog_are_refused() -> None:
    with raises_error("ChangelogUnknown") as caught:
        require_source("", "fragments", "unreleased")
    assert caught.value.what == "the changelog can't be kept in two ways: fragments and unreleased"
    assert require_source("", "fragments", "fragments") == "fragments"
