"""What is unfinished in a repository with several packages, and whose it is."""

from __future__ import annotations

from pathlib import PurePosixPath
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


@pytest.mark.parametrize("folder", [".", "packages/foo"])
def test_what_builds_and_test_runs_leave_behind_is_not_reported(project: SampleProject, folder: str) -> None:
    """Without any configuration, setuptools leaves NAME.egg-info in the tree, and a project need not ignore it."""
    project.git("init", "-q")
    project.write({f"{folder}/pyproject.toml": "", f"{folder}/src/foo/__init__.py": ""})
    project.commit()
    names = (
        "foo.egg-info/PKG-INFO",
        "src/foo.egg-info/PKG-INFO",
        "src/foo/__pycache__/a.pyc",
        ".coverage",
        ".nox/x",
        "build/lib/foo.py",
        "dist/foo-1.tar.gz",
    )
    project.write({f"{folder}/{name}": "" for name in names})
    assert uncommitted_files(read_repository(project.root / folder)) == ()
    project.write({f"{folder}/src/build/new.py": "", f"{folder}/src/nox/a.py": ""})
    assert [PurePosixPath(name).name for name in uncommitted_files(read_repository(project.root / folder))] == [
        "build",
        "nox",
    ]


def test_change_of_a_byproduct_that_git_tracks_is_reported(project: SampleProject) -> None:
    project.git("init", "-q")
    project.write({"pyproject.toml": "", "foo.egg-info/PKG-INFO": ""})
    project.commit()
    project.write({"foo.egg-info/PKG-INFO": "changed"})
    assert uncommitted_files(read_repository(project.root)) == ("foo.egg-info/PKG-INFO",)
