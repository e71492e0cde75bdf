"""The state of a project before its next release."""

from __future__ import annotations

import shlex
from pathlib import Path, PurePosixPath

import pytest
from packaging.version import Version

from errors_raised import raises_error
from seatrial.project.snapshot import ProjectSnapshot
from seatrial.project.versions import RequestedPart

PYPROJECT = (
    '[project]\nname = "tide-pool"\nversion = "1.2.3"\n[tool.towncrier]\ndirectory = "news"\nfilename = "NEWS.md"\n'
)


def look(root: Path, *names: str) -> ProjectSnapshot:
    (root / "pyproject.toml").write_text(PYPROJECT)
    return ProjectSnapshot.of(root, tuple(PurePosixPath(name) for name in names), ["v1.2.3", "v1.2.2"])


def test_fragments_are_those_of_the_folder(tmp_path: Path) -> None:
    snapshot = look(
        tmp_path, "news/1.feature.md", "news/+x.bugfix.md", "news/README.md", "news/.gitkeep", "a/2.feature.md"
    )
    assert [(str(fragment.path), fragment.issue, fragment.kind) for fragment in snapshot.fragments] == [
        ("news/1.feature.md", "1", "feature"),
        ("news/+x.bugfix.md", None, "bugfix"),
    ]
    assert (snapshot.requested, snapshot.current, snapshot.last_tag) == (
        RequestedPart("minor", ("feature",)),
        Version("1.2.3"),
        "v1.2.3",
    )
    assert snapshot.tag(Version("1.3.0")) == "v1.3.0"


def test_fragment_that_towncrier_would_skip_is_named(tmp_path: Path) -> None:
    with raises_error("FragmentInvalid") as raised:
        look(tmp_path, "news/1.feature.md", "news/2.fetaure.md", "news/3")
    assert raised.value.what == "towncrier skips news/2.fetaure.md, news/3: no part of the name is a type"


def test_fragments_that_towncrier_confuses_are_named(tmp_path: Path) -> None:
    look(tmp_path, "news/1.feature.md", "news/1.feature.1.md", "news/+x.misc.md", "news/+x.misc.rst")
    with raises_error("FragmentInvalid") as raised:
        look(tmp_path, "news/1.feature.md", "news/01.feature.rst")
    words = "are number 1 of type feature, which towncrier does not take"
    assert raised.value.what == f"news/1.feature.md and news/01.feature.rst {words}"


@pytest.mark.parametrize(
    "name",
    [
        "1.feature.md.orig",
        "1.feature.md.rej",
        "1.feature.md~",
        ".1.feature.md.swp",
        "#1.feature.md#",
        "1.feature copy.md",
    ],
)
def test_copy_that_a_program_left_is_no_fragment(tmp_path: Path, name: str) -> None:
    with raises_error("FragmentInvalid") as raised:
        look(tmp_path, "news/1.feature.md", f"news/{name}")
    path = shlex.quote(f"news/{name}")
    assert raised.value.what == f"{path} is a copy that a program left, and towncrier takes it for a fragment"
    assert raised.value.fix == f"remove it, and commit: git rm {path}"


UNTAGGED = [
    # The version in the files, the tags, a part, and whether that part leads to the version in the files.
    ("1.5.0", ["v1.4.0"], "minor", True),
    ("1.5.0", ["v1.4.0"], "auto", True),
    ("1.5.0", ["v1.4.0"], "major", False),
    ("1.5.0", ["v1.4.0"], "patch", False),
    ("1.4.0", ["v1.4.0"], "auto", False),
    ("0.1.0", [], "minor", True),
    ("0.1.0", [], "patch", False),
    ("0.0.0", [], "minor", False),
    ("0.1.0", [], "auto", False),
    ("1.5.0.dev0", ["v1.4.0"], "auto", False),
]


@pytest.mark.parametrize(("version", "tags", "part", "leads"), UNTAGGED)
def test_part_selects_a_version_that_was_written_but_not_released(
    tmp_path: Path, version: str, tags: list[str], part: str, *, leads: bool
) -> None:
    (tmp_path / "pyproject.toml").write_text(PYPROJECT.replace("1.2.3", version))
    snapshot = ProjectSnapshot.of(tmp_path, (), tags)
    assert snapshot.part_leads_to_current(part) is leads


@pytest.mark.parametrize(
    ("changelog", "has_entry"),
    [
        ("# News\n\n## 1.5.0 (2026-01-01)\n\n- Tides rise.\n", True),
        ("News\n====\n\n1.5.0\n-----\n\n- Tides rise.\n", True),
        ("# News\n\n## 1.4.0\n\n- 1.5.0 is next.\n", False),
        ("", False),
    ],
)
def test_entry_of_a_version_that_was_not_released_is_found(tmp_path: Path, changelog: str, *, has_entry: bool) -> None:
    (tmp_path / "pyproject.toml").write_text(PYPROJECT.replace("1.2.3", "1.5.0"))
    (tmp_path / "NEWS.md").write_text(changelog)
    snapshot = ProjectSnapshot.of(tmp_path, (), ["v1.4.0"])
    assert snapshot.has_entry(Version("1.5.0")) is has_entry
    assert not snapshot.has_entry(Version("1.4.0"))
