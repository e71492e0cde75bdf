"""What a setup.py computes and no file says: the build backend is asked for it once, apart from this process."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from packaging.version import Version

from seatrial.adoption.testing import TEST_FILE
from seatrial.facts import old_style
from seatrial.facts.metadata import Metadata
from seatrial.facts.version_places import Places, Source
from seatrial.facts.version_text import assigned, is_version
from seatrial.refusals import FileNotUtf8
from seatrial.source_tree import SourceTree
from seatrial.tools import installer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from seatrial.facts.project import Project
    from seatrial.facts.version_text import Place


@dataclass(frozen=True)
class Learned:
    """What the backend has said: ``name``, "" where a file says it; ``places``: those of the version, likewise."""

    name: str = ""
    places: tuple[Place, ...] = ()
    version: str = ""

    def into(self, project: Project) -> Project:
        """Return the project as it is with that in its pyproject.toml."""
        tool = dict(project.table.get("tool", {}))
        if self.name:
            tool["seatrial"] = {**tool.get("seatrial", {}), "name": self.name}
        if self.places:
            tool["bumpversion"] = {**tool.get("bumpversion", {}), "current_version": self.version}
        return replace(project, table={**project.table, "tool": tool})

    @property
    def known(self) -> Places:
        """Where the version stands."""
        return Places(Source.FILES, self.places, Version(self.version))


def wants_name(project: Project) -> bool:
    """Whether nobody says the name but setup.py when it is run."""
    told = "name" in project.table.get("tool", {}).get("seatrial", {})
    return not told and old_style.computes(project.root, project.table, "name")


def ask(project: Project, files: Iterable[PurePosixPath], *, version: bool) -> Learned:
    """Ask the backend; ``files``: those of the project; ``version``: whether nobody says where the version stands.

    It works on a copy of the files, where it may leave what it likes.
    Raises `BackendFailed`, `InstallFailed` or `PyprojectInvalid`.
    """
    # Loaded here because it is seldom asked.
    from seatrial.tools import pypabuild  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="seatrial-init-") as folder:
        source = Path(folder, project.root.name)
        own = tuple(path for path in files if (project.root / path).is_file())
        for path in own:
            (source / path).parent.mkdir(parents=True, exist_ok=True)
            # With its mode: setup.py may run a script that is beside it.
            shutil.copy(project.root / path, source / path)
        environment = pypabuild.BuildEnvironment(Path(folder, "environment"), installer.best())
        epoch = SourceTree.survey(project).epoch
        told = Metadata.from_bytes(pypabuild.metadata_of(source, environment, epoch)).raw
    said = str(told.get("version", ""))
    places = _places(project, own, said) if version and is_version(said) else ()
    return Learned(str(told.get("name", "")) if wants_name(project) else "", places, said if places else "")


def _places(project: Project, files: Iterable[PurePosixPath], said: str) -> tuple[Place, ...]:
    """Return the places that name the version, in files that are no tests."""
    kept = (path for path in files if not TEST_FILE.fullmatch(path.name) and path.suffix in {".py", "", ".txt"})
    found = (place for path in kept for place in _assigned(project, path))
    return tuple(place for place in found if place.version == said)


def _assigned(project: Project, path: PurePosixPath) -> list[Place]:
    """Return the first place of a file, none where it can't be read."""
    with contextlib.suppress(FileNotUtf8):
        return list(islice(assigned(project, path), 1))
    return []
