"""The small projects of tests/projects: each is one text file that holds all of its files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harbour import Harbour, made_once
from trial import HERE, Trial, environment

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = Path(__file__).resolve().parent / "projects"
MESSAGE = 'message = "Release {name} {version}"\n'
INDEX = f'{MESSAGE}index = "http://127.0.0.1:9/simple/"\n'
"""Nothing listens at port 9, so no test asks an index outside."""
NAMES = tuple(sorted(path.stem for path in FOLDER.glob("*.txt")))


@dataclass(frozen=True)
class Hull:
    """A project as it was before seatrial: its files, the tag that it has, and that of the next release.

    ``needs``: a command that its build calls, "" for none but those of a compiler for C.
    """

    files: Mapping[str, str]
    tag: str
    next: str
    needs: str


def hull(name: str, python: str = HERE) -> Hull:
    """Read a project; its classifiers name one Python, the one that runs these tests unless told."""
    head, *parts = re.split(r"^-- (.+) --\n", (FOLDER / f"{name}.txt").read_text(encoding="utf-8"), flags=re.MULTILINE)
    told = dict(re.findall(r"^(tag|next|needs): (.+)$", head, re.MULTILINE))
    texts = (text.replace("@PYTHON@", python) for text in parts[1::2])
    return Hull(dict(zip(parts[::2], texts)), told["tag"], told["next"], told.get("needs", ""))


def launch(name: str, folder: Path, python: str = HERE) -> Harbour:
    """Make a repository of a project, with its tag, and a remote that it is pushed to."""
    root, home = folder / "tidepool", folder / "home"
    root.mkdir(parents=True)
    home.mkdir()
    trial = Trial(root, environment(home))
    found = hull(name, python)
    trial.write(dict(found.files))
    trial.git("init", "-q", "-b", "main")
    trial.commit("A small package")
    trial.git("tag", "-a", "-m", "It", found.tag)
    trial.run("git", "init", "-q", "--bare", "-b", "main", str(folder / "remote.git"))
    trial.git("remote", "add", "origin", "../remote.git")
    trial.git("push", "-q", "-u", "origin", "main", found.tag)
    return Harbour(trial)


def two_packages() -> Harbour:
    """Return a repository with the new packages foo and bar, and a remote that has both: to be copied."""
    return made_once("two-packages", _begin_two)


def _begin_two(folder: Path) -> None:
    (folder / "home").mkdir()
    (folder / "tides").mkdir()
    trial = Trial(folder / "tides", environment(folder / "home"))
    trial.git("init", "-q", "-b", "main")
    for name in ("foo", "bar"):
        made = trial.seatrial("new", f"packages/{name}", "--python", HERE, PIP_INDEX_URL="http://127.0.0.1:9/")
        assert made.returncode == 0, made.output
        path = trial.root / f"packages/{name}/pyproject.toml"
        text = path.read_text()
        assert MESSAGE in text
        path.write_text(text.replace(MESSAGE, INDEX))
    trial.commit("Begin both")
    trial.run("git", "init", "-q", "--bare", "-b", "main", str(folder / "remote.git"))
    trial.git("remote", "add", "origin", "../remote.git")
    trial.git("push", "-q", "-u", "origin", "main")
