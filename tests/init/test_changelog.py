"""How an adopted project keeps its changelog: as it does today, or as its maintainer chooses."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import pytest

from errors_raised import raises_error, rendered
from sample_project import lines
from seatrial.init.changelog import (
    insert_marker,
    kinds_of_titles,
    lacks_notes,
    plan_changelog,
    release_headings,
    require_source,
    unreleased_line,
)
from seatrial.init.detect import detect_project
from seatrial.init.files import write_proposal
from seatrial.init.propose import Parts
from seatrial.project.changelog import changelog_candidates, default_marker
from seatrial.project.unreleased_section import with_unreleased_heading
from unadopted_project import METADATA, begin_project

if TYPE_CHECKING:
    from sample_project import SampleProject
    from seatrial.init.changelog import ChangelogSource
    from seatrial.init.detect import DetectedProject


PYPROJECT = METADATA + 'requires-python = ">=3.9"\n'
TOWNCRIER = """
[tool.towncrier]
directory = "news"
filename = "CHANGES.md"
"""
BY_HAND = """
# Changelog

## [1.2.3] - 2024-02-29

### Fixed

- Old.
"""
RST = """
History
~~~~~~~

.. _v1-2-3:

1.2.3 (2024-02-29)
------------------

Bug fixes
^^^^^^^^^

* Old.
"""
BOLD = """
Changes

**1.2.3** (2024-02-29)

- Old.
"""


def detect(project: SampleProject, **files: str) -> DetectedProject:
    """Return a project with some files; a file's name has ``_`` for its dot, and ``pyproject`` is added to."""
    pyproject = PYPROJECT + lines(files.pop("pyproject", "\n"))
    texts = {name.replace("_", "."): lines(text) for name, text in files.items()}
    begin_project(project, {"pyproject.toml": pyproject, **texts})
    return detect_project(project.root)


def written(detected: DetectedProject, source: ChangelogSource | None = None) -> dict[str, str]:
    """Write what init proposes for the changelog, and return the files and what was added to them."""
    proposal = Parts(workflows=False, changelog=source, tasks=False).propose(detected)
    write_proposal(detected, proposal)
    added = {
        str(file.path): "\n".join(line[1:] for line in file.diff.splitlines()[2:] if line.startswith("+"))
        for file in proposal
    }
    return {path: text.strip("\n") for path, text in added.items() if path not in {".gitignore", "noxfile.py"}}


CHANGES_TABLE = '[tool.seatrial.changelog]\nfile = "CHANGES"'


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, {}),
        ({"CHANGELOG_md": BY_HAND}, {"CHANGELOG.md": "## [Unreleased]"}),
        ({"CHANGELOG_md": BY_HAND.replace("## [1", "## Unreleased\n\n- New.\n\n## [1")}, {}),
        ({"HISTORY_rst": RST}, {"HISTORY.rst": "Unreleased\n----------"}),
        ({"CHANGES": RST}, {"CHANGES": "Unreleased\n----------", "pyproject.toml": CHANGES_TABLE}),
        ({"CHANGES_rst": BOLD}, {"CHANGES.rst": "**Unreleased**"}),
        ({"pyproject": TOWNCRIER, "CHANGES_md": BY_HAND}, {"CHANGES.md": "<!-- towncrier release notes start -->"}),
        # towncrier writes at its top.
        ({"pyproject": TOWNCRIER, "CHANGES_md": BY_HAND.replace("# Changelog\n\n", "")}, {}),
        ({"pyproject": '[tool.seatrial.changelog]\nsource = "none"\n', "CHANGELOG_md": BY_HAND}, {}),
    ],
)
def test_changelog_is_kept_as_it_is_today(
    project: SampleProject, files: dict[str, str], expected: dict[str, str]
) -> None:
    assert written(detect(project, **files)) == expected
    again = Parts(workflows=False, tasks=False).propose(detect_project(project.root))
    assert [file.path.name for file in again] == []


@pytest.mark.parametrize(
    ("source", "files", "expected"),
    [
        ("none", {"CHANGELOG_md": BY_HAND}, {}),
        ("none", {"pyproject": TOWNCRIER}, {"pyproject.toml": '[tool.seatrial.changelog]\nsource = "none"'}),
        ("unreleased", {}, {"CHANGELOG.md": "# Changelog\n\n## Unreleased"}),
        ("unreleased", {"CHANGES_rst": BOLD}, {"CHANGES.rst": "**Unreleased**"}),
        (
            "unreleased",
            {"pyproject": TOWNCRIER, "CHANGES_md": BY_HAND},
            {"CHANGES.md": "## [Unreleased]", "pyproject.toml": '[tool.seatrial.changelog]\nsource = "unreleased"'},
        ),
        (
            "fragments",
            {},
            {
                "CHANGELOG.md": "# Changelog\n\n<!-- towncrier release notes start -->",
                "changelog.d/.gitkeep": "",
                "pyproject.toml": '[tool.towncrier]\ndirectory = "changelog.d"\nfilename = "CHANGELOG.md"\n'
                'title_format = "## {version} ({project_date})"',
            },
        ),
    ],
)
def test_maintainer_chooses_another_way(
    project: SampleProject, source: ChangelogSource, files: dict[str, str], expected: dict[str, str]
) -> None:
    assert written(detect(project, **files), source) == expected


def test_entries_of_towncrier_look_like_those_of_the_changelog(project: SampleProject) -> None:
    """The underlines of rst and the headings of the types are those of the latest releases."""
    plan = plan_changelog(detect(project, HISTORY_rst=RST), "fragments")
    assert plan.tables == lines(
        """
        [tool.towncrier]
        directory = "changelog.d"
        filename = "HISTORY.rst"
        title_format = "{version} ({project_date})"
        underlines = "-^="

        [[tool.towncrier.type]]
        directory = "bugfix"
        name = "Bug fixes"
        showcontent = true

        [[tool.towncrier.type]]
        directory = "misc"
        name = "Misc"
        showcontent = true
        """
    )


@pytest.mark.parametrize(
    ("titles", "kinds"),
    [
        (
            ("Fixed", "Internal"),
            {
                "added": "Added",
                "changed": "Changed",
                "deprecated": "Deprecated",
                "removed": "Removed",
                "fixed": "Fixed",
                "security": "Security",
            },
        ),
        (
            ("New features", "Bugfixes", "Fixes", "Breaking changes"),
            {"feature": "New features", "bugfix": "Bugfixes", "breaking": "Breaking changes", "misc": "Misc"},
        ),
        # These are the parts of a project, and not types of changes.
        (("Core", "Server"), {}),
        ((), {}),
    ],
)
def test_headings_of_entries_become_types_of_fragments(titles: tuple[str, ...], kinds: dict[str, str]) -> None:
    assert kinds_of_titles(titles) == kinds


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# News\n\n# 1.2.3\n\n- Old.\n", "# News\n\n# Unreleased\n\n# 1.2.3\n\n- Old.\n"),
        (
            "## [1.2.3] - 2024-02-29\n\n[unreleased]: https://example.org/compare/v1.2.3...HEAD\n",
            "## [Unreleased]\n\n## [1.2.3] - 2024-02-29\n\n[unreleased]: https://example.org/compare/v1.2.3...HEAD\n",
        ),
        # An anchor and a line above belong to the heading below them.
        (
            "News\n====\n\n.. _v1:\n\n-----\n1.2.3\n-----\n\n* Old.\n",
            "News\n====\n\n----------\nUnreleased\n----------\n\n.. _v1:\n\n-----\n1.2.3\n-----\n\n* Old.\n",
        ),
        ("# Changelog\n", "# Changelog\n\n## Unreleased\n"),
        ("News\n====\n", "News\n====\n\nUnreleased\n----------\n"),
        ("", "## Unreleased\n"),
        ("= Changelog\n", "= Changelog\n\n== Unreleased\n"),
        ("= News\n\n== [1.2.3]\n\n* Old.\n", "= News\n\n== [Unreleased]\n\n== [1.2.3]\n\n* Old.\n"),
        # A form feed, a line separator, and a last line without an end.
        ("# News\n\n## 1.2.3\n\x0c\n- Old\u2028.", "# News\n\n## Unreleased\n\n## 1.2.3\n\x0c\n- Old\u2028."),
    ],
)
def test_unreleased_heading_looks_like_the_latest_and_changes_no_other_line(text: str, expected: str) -> None:
    assert with_unreleased_heading(text) == expected


def test_changelog_without_notes_is_recognised_for_the_command_that_comes_next(project: SampleProject) -> None:
    detected = detect(project, CHANGELOG_md=BY_HAND)
    assert not lacks_notes(project.root)
    written(detected)
    assert lacks_notes(project.root)
    text = (project.root / "CHANGELOG.md").read_text()
    project.write({"CHANGELOG.md": text.replace("## [Unreleased]\n", "## [Unreleased]\n\n- New.\n")})
    assert not lacks_notes(project.root)


def test_notes_that_no_fragment_has_are_named_with_their_line(project: SampleProject) -> None:
    text = BY_HAND.replace("## [1", "## Unreleased\n\n- New.\n\n## [1")
    detected = detect(project, pyproject=TOWNCRIER, CHANGES_md=text)
    remark = "CHANGES.md:3: these notes are in no fragment; to move them into fragments: seatrial init --fragments"
    assert tuple(map(rendered, plan_changelog(detected).remarks)) == (remark,)


def test_changelog_that_is_not_utf_8_is_left_alone(project: SampleProject) -> None:
    detected = detect(project, CHANGES_md=BY_HAND)
    (project.root / "CHANGES.md").write_bytes(BY_HAND.replace("Old", "\xe4lter").encode("latin-1"))
    for source in (None, "fragments"):
        plan = plan_changelog(detected, source)
        assert (plan.source, plan.remarks) == ("none", ("CHANGES.md is not UTF-8: releases go without a changelog",))


def test_another_word_for_the_way_is_refused() -> None:
    with raises_error("ChangelogUnknown") as caught:
        require_source("towncrier")
    assert caught.value.what == "invalid --changelog 'towncrier': choose from fragments, unreleased, none"
    assert (require_source(""), require_source("none")) == (None, "none")


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
RST_WITH_LABEL = lines(
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
        ("HISTORY.rst", RST_WITH_LABEL, ".. _v1-2-3:"),
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
        (RST_WITH_LABEL, "{version} ({project_date})"),
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
    assert unreleased_line(RST_WITH_LABEL) is None


def test_changelog_is_found_by_its_name_at_the_top_before_docs() -> None:
    names = ("README.md", "docs/history.rst", "tests/CHANGES.md", "HISTORY.md", "CHANGES", "news.py")
    candidates = changelog_candidates(PurePosixPath(name) for name in names)
    assert [str(path) for path in candidates] == ["CHANGES", "HISTORY.md", "docs/history.rst"]


def test_settings_of_a_generator_of_pages_are_no_heading() -> None:
    """MkDocs and Jekyll read them from the top; their last line looks like that of an underlined heading."""
    settings = "---\ntoc_depth: 2\n---\n\n"
    release = "## 0.35.0 (June 28, 2025)\n\n- Old.\n"
    changed = with_unreleased_heading(settings + release)
    assert changed == f"{settings}## Unreleased\n\n{release}"
