"""A wheel beside the source tree that it was made from."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from seatrial.errors import BuildError
from seatrial.facts.distribution import MODULES, roots

if TYPE_CHECKING:
    from collections.abc import Iterable

    from seatrial.facts.distribution import Distribution
    from seatrial.facts.project import Project

HOW_TO_INCLUDE = {
    "hatchling.build": '[tool.hatch.build.targets.wheel]\npackages = ["{place}"]',
    "setuptools.build_meta": '[tool.setuptools.packages.find]\nwhere = ["{above}"]',
    "flit_core.buildapi": '[tool.flit.module]\nname = "{name}"',
    "pdm.backend": '[tool.pdm.build]\nincludes = ["{place}"]',
    "poetry.core.masonry.api": '[tool.poetry]\npackages = [{{ include = "{name}", from = "{above}" }}]',
    "uv_build": '[tool.uv.build-backend]\nmodule-name = "{name}"\nmodule-root = "{above}"',
}
"""For each backend the lines that bring a package into the wheel; from the backends' documentation."""


def insist_on_package(project: Project, files: Iterable[PurePosixPath], wheel: Distribution) -> None:
    """Raise `PackageMissing` for a wheel without the package: it installs without a word and is of no use.

    The package is what lies in ``src/`` or at the top and is named like the project; and if the wheel holds no
    module at all, whatever lies in ``src/``. A project without any of these may be metadata only.
    """
    held = wheel.modules()
    tops = {module.partition(".")[0].lower() for module in held}
    for place in packages(files, project):
        name = place.name.partition(".")[0]
        if name.lower() not in tops and (not held or name.lower() == project.import_name.lower()):
            how = HOW_TO_INCLUDE.get(project.backend, "tell the build backend where to find {name}")
            raise BuildError(
                f"{wheel.path.name} does not contain {name}, which the source tree has in {place}",
                code="PackageMissing",
                fix=how.format(name=name, place=place, above=place.parent),
            )


def answered_for(project: Project, files: Iterable[PurePosixPath], wheel: Distribution) -> tuple[str, ...]:
    """Return the modules that may come from the wheel alone: those it holds, and those of the sources that it lacks.

    The sources are what lies in ``src/``, and at the top the package that is named like the project: what else lies
    there can be meant for the tests.
    """
    own = project.import_name.lower()
    inside = [PurePosixPath(*file.parts[1:]) for file in files if file.parts[0] == "src" and len(file.parts) > 1]
    beside = [file for file in files if file.parts[0].partition(".")[0].lower() == own]
    return tuple(sorted({*wheel.modules(), *roots(inside), *roots(beside)}))


def unlisted(
    project: Project, files: Iterable[PurePosixPath], distributions: Iterable[Distribution]
) -> tuple[str, ...]:
    """Return the files of the tree that went into the distributions and are not among ``files``: git ignores them.

    They are inputs of the build all the same: generated modules, compiled ones.
    """
    known = set(files)
    members = {member for one in distributions for member in one.members() if member.parts}
    places = {place for member in members for place in (member, PurePosixPath("src", member))} - known
    inputs = (place for place in places if not any(part.endswith(".egg-info") for part in place.parts))
    return tuple(sorted(str(place) for place in inputs if (project.root / place).is_file()))


def packages(files: Iterable[PurePosixPath], project: Project) -> tuple[PurePosixPath, ...]:
    """Return the packages and modules of the source tree: all of ``src/``, at the top that of the project's name."""
    found = set()
    for file in files:
        if file.suffix not in MODULES:
            continue
        if file.parts[0] == "src" and len(file.parts) > 1:
            found.add(PurePosixPath(*file.parts[:2]))
        elif file.parts[0].partition(".")[0].lower() == project.import_name.lower():
            found.add(PurePosixPath(file.parts[0]))
    return tuple(sorted(found))
