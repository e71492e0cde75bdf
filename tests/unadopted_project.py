"""A project that has not adopted seatrial yet: its files in one commit, with a tag."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sample_project import lines

if TYPE_CHECKING:
    from sample_project import SampleProject


METADATA = lines("""
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "tidepool"
version = "1.2.3"
""")


def begin_project(project: SampleProject, files: dict[str, str], tag: str | None = None) -> None:
    """Write the files of a package called tidepool, and commit and tag them."""
    project.write({"tidepool/__init__.py": "", **files})
    project.git("init", "-q", "-b", "main")
    project.commit("Begin")
    if tag is not None:
        project.git("tag", "-a", "-m", "It", tag)
