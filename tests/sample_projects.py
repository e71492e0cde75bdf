"""The small projects of tests/projects: each is one text file that holds all of its files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from release_repo import ReleaseRepo, made_once
from sample_project import HERE, SampleProject, environment

if TYPE_CHECKING:
    from collections.abc import Mapping


FOLDER = Path(__file__).resolve().parent / "projects"
TAG = 'tag = "{name}-v{version}"\n'
INDEX = f'{TAG}index = "http://127.0.0.1:9/simple/"\n'
"""Nothing listens at port 9, so no test asks an index outside."""
NAMES = tuple(sorted(path.stem for path in FOLDER.glob("*.txt")))


@dataclass(frozen=True)
class SampleFiles:
    """A project as it was before seatrial: its files, the tag that it has, and that of the next release.

    ``needs``: a command that its build calls, "" for none but those of a compiler for C.
    """

    files: Mapping[str, str]
    tag: str
    next: str
    needs: str


def read_sample(name: str, python: str = HERE) -> SampleFiles:
    """Read a project; its classifiers name one Python, by default the one that runs these tests."""
    head, *parts = re.split(r"^-- (.+) --\n", (FOLDER / f"{name}.txt").read_text(encoding="utf-8"), flags=re.MULTILINE)
    fields = dict(re.findall(r"^(tag|next|needs): (.+)$", head, re.MULTILINE))
    texts = (text.replace("@PYTHON@", python) for text in parts[1::2])
    return SampleFiles(dict(zip(parts[::2], texts)), fields["tag"], fields["next"], fields.get("needs", ""))


def make_sample(name: str, folder: Path, python: str = HERE) -> ReleaseRepo:
    """Make a repository of a project, with its tag, and a remote that it is pushed to."""
    root, home = folder / "tidepool", folder / "home"
    root.mkdir(parents=True)
    home.mkdir()
    project = SampleProject(root, environment(home))
    sample = read_sample(name, python)
    project.write(dict(sample.files))
    project.git("init", "-q", "-b", "main")
    project.commit("A small package")
    project.git("tag", "-a", "-m", "It", sample.tag)
    project.run("git", "init", "-q", "--bare", "-b", "main", str(folder / "remote.git"))
    project.git("remote", "add", "origin", "../remote.git")
    project.git("push", "-q", "-u", "origin", "main", sample.tag)
    return ReleaseRepo(project)


def two_packages() -> ReleaseRepo:
    """Return a repository with the new packages foo and bar, and a remote that has both: to be copied."""
    return made_once("two-packages", _begin_two)


def _begin_two(folder: Path) -> None:
    (folder / "home").mkdir()
    (folder / "tides").mkdir()
    project = SampleProject(folder / "tides", environment(folder / "home"))
    project.git("init", "-q", "-b", "main")
    for name in ("foo", "bar"):
        made = project.seatrial("new", f"packages/{name}", "--python", HERE, PIP_INDEX_URL="http://127.0.0.1:9/")
        assert made.returncode == 0, made.output
        path = project.root / f"packages/{name}/pyproject.toml"
        text = path.read_text()
        assert TAG in text
        path.write_text(text.replace(TAG, INDEX))
    project.commit("Begin both")
    project.run("git", "init", "-q", "--bare", "-b", "main", str(folder / "remote.git"))
    project.git("remote", "add", "origin", "../remote.git")
    project.git("push", "-q", "-u", "origin", "main")
