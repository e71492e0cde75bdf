"""Where a project stands before its next release."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

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
    found = look(
        tmp_path, "news/1.feature.md", "news/+x.bugfix.md", "news/README.md", "news/.gitkeep", "a/2.feature.md"
    )
    assert [(str(one.path), one.issue, one.kind) for one in found.fragments] == [
        ("news/1.feature.md", "1", "feature"),
        ("news/+x.bugfix.md", "", "bugfix"),
    ]
    assert (found.asked, found.current, found.last_tag) == (
        RequestedPart("minor", ("feature",)),
        Version("1.2.3"),
        "v1.2.3",
    )
    assert found.tag(Version("1.3.0")) == "v1.3.0"


def test_fragment_that_towncrier_would_skip_is_named(tmp_path: Path) -> None:
    with raises_error("FragmentInvalid") as raised:
        look(tmp_path, "news/1.feature.md", "news/2.fetaure.md", "news/3")
    assert raised.value.what == "towncrier skips news/2.fetaure.md, news/3: no part of the name is a type"


def test_fragments_that_towncrier_can_not_tell_apart_are_named(tmp_path: Path) -> None:
    look(tmp_path, "news/1.feature.md", "news/1.feature.1.md", "news/+x.misc.md", "news/+x.misc.rst")
    with raises_error("FragmentInvalid") as raised:
        look(tmp_path, "news/1.feature.md", "news/01.feature.rst")
    assert raised.value.what == "several fragments in news are number 1 of type feature, which towncrier does not take"
