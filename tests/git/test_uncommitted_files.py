"""What is unfinished in a repository with several packages, and whose it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from seatrial.git.repository import read_repository, uncommitted_files

if TYPE_CHECKING:
    from sample_project import SampleProject


ALL = (
    ".github/ci.yml",
    "lone.py",
    "packages/bar/b.py",
    "packages/foo/a.py",
    "packages/foo/tests/data/setup.py",
    "x/y.py",
)
"""Files of the repository, those of the packages next to a pyproject.toml."""


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        (".", (*ALL, "packages/new/")),
        ("packages/foo", (ALL[0], ALL[1], ALL[3], ALL[4], ALL[5])),
        ("packages/bar", (ALL[0], ALL[1], ALL[2], ALL[5])),
    ],
)
def test_uncommitted_files_are_reported_except_in_other_packages(
    project: SampleProject, folder: str, expected: tuple[str, ...]
) -> None:
    project.git("init", "-q")
    packages = [f"{name}pyproject.toml" for name in ("", "packages/foo/", "packages/bar/")]
    project.write(dict.fromkeys((*ALL, *packages), ""))
    project.commit()
    project.write(dict.fromkeys(ALL, "unfinished"))
    project.write({"packages/new/setup.py": "", "packages/new/new.py": ""})
    assert uncommitted_files(read_repository(project.root / folder)) == expected
