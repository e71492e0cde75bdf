"""Distributions compared with the source tree that they were built from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from seatrial.distributions.distribution import MODULES, top_modules
from seatrial.errors import BuildError
from seatrial.project.safe_writes import leaves_repository

if TYPE_CHECKING:
    from collections.abc import Iterable

    from seatrial.distributions.distribution import Distribution
    from seatrial.project.project import Project


HOW_TO_INCLUDE = {
    "hatchling.build": '[tool.hatch.build.targets.wheel]\npackages = ["{place}"]',
    "setuptools.build_meta": '[tool.setuptools.packages.find]\nwhere = ["{above}"]',
    "flit_core.buildapi": '[tool.flit.module]\nname = "{name}"',
    "pdm.backend": '[tool.pdm.build]\nincludes = ["{place}"]',
    "poetry.core.masonry.api": '[tool.poetry]\npackages = [{{ include = "{name}", from = "{above}" }}]',
    "uv_build": '[tool.uv.build-backend]\nmodule-name = "{name}"\nmodule-root = "{above}"',
}
"""For each backend the lines that include a package in the wheel; from the backends' documentation."""


def require_package(project: Project, files: Iterable[PurePosixPath], wheel: Distribution) -> None:
    """Raise `PackageMissing` for a wheel without the package: it installs without an error, and is of no use.

    The package is in ``src/`` or at the top, and named like the project; if the wheel contains no module at all, it is
    whatever is in ``src/``. A project without any of these may be metadata only.
    """
    modules = wheel.modules()
    tops = {module.partition(".")[0].lower() for module in modules}
    for place in packages(files, project):
        name = place.name.partition(".")[0]
        if name.lower() not in tops and (not modules or name.lower() == project.import_name.lower()):
            how = HOW_TO_INCLUDE.get(project.backend, "configure where {name} is, in the build backend")
            raise BuildError(
                f"{wheel.name} does not contain {name}, which the source tree has in {place}",
                code="PackageMissing",
                fix=how.format(name=name, place=place, above=place.parent),
            )


def outside_links(project: Project, files: Iterable[PurePosixPath]) -> tuple[PurePosixPath, ...]:
    """Return the files of the tree that are symbolic links out of the repository: a commit has the links alone."""
    links = (file for file in files if (project.root / file).is_symlink())
    return tuple(sorted(link for link in links if leaves_repository(project.root, project.root / link)))


def packed_links(links: Iterable[PurePosixPath], distributions: Iterable[Distribution]) -> tuple[PurePosixPath, ...]:
    """Return the links that members of the distributions come from: they are the file, or below the folder."""
    places = [PurePosixPath(place) for distribution in distributions for place in distribution.tree if place]
    held = {parent for place in places for parent in (place, *place.parents)}
    return tuple(link for link in links if link in held)


def suspected_links(project: Project, links: Iterable[PurePosixPath], output: str) -> tuple[PurePosixPath, ...]:
    """Return the links that a build may have failed for: they are in a package, or named in its output."""
    tops = ("src", project.import_name)
    return tuple(link for link in links if link.parts[0] in tops or link.name in output)


def link_error(project: Project, links: Iterable[PurePosixPath], output: str = "") -> BuildError:
    """Return the error about links whose files would be built, and are not in the commit; ``output``: of a build."""
    lines = [f"{link} leads out of the repository, to {(project.root / link).readlink()}" for link in links]
    text = "\n".join([*lines, "a commit has the link alone, so the files behind it are not those of the commit"])
    return BuildError(
        f"{text}; the build failed:\n{output}" if output else text,
        code="LinkOutside",
        fix="move the files into the repository; or exclude the link in the configuration of the build backend",
    )


def modules_from_wheel(project: Project, files: Iterable[PurePosixPath], wheel: Distribution) -> tuple[str, ...]:
    """Return the modules that may come from the wheel alone: its own, and those of the sources that it lacks.

    The sources are ``src/``, and at the top the package that is named like the project: other files at the top can be
    meant for the tests.
    """
    own = project.import_name.lower()
    inside = [PurePosixPath(*file.parts[1:]) for file in files if file.parts[0] == "src" and len(file.parts) > 1]
    at_top = [file for file in files if file.parts[0].partition(".")[0].lower() == own]
    return tuple(sorted({*wheel.modules(), *top_modules(inside), *top_modules(at_top)}))


def unlisted_files(
    project: Project, files: Iterable[PurePosixPath], distributions: Iterable[Distribution]
) -> tuple[str, ...]:
    """Return the files of the tree that went into the distributions and are not among ``files``: git ignores them.

    They are inputs of the build all the same: generated modules, compiled ones.
    """
    members = {PurePosixPath(place) for distribution in distributions for place in distribution.tree if place}
    places = {place for member in members for place in (member, PurePosixPath("src", member))} - set(files)
    inputs = (place for place in places if not any(part.endswith(".egg-info") for part in place.parts))
    return tuple(sorted(str(place) for place in inputs if (project.root / place).is_file()))


def packages(files: Iterable[PurePosixPath], project: Project) -> tuple[PurePosixPath, ...]:
    """Return the packages and modules of the source tree: all of ``src/``, at the top that of the project's name."""
    places = set()
    for file in files:
        if file.suffix not in MODULES:
            continue
        if file.parts[0] == "src" and len(file.parts) > 1:
            places.add(PurePosixPath(*file.parts[:2]))
        elif file.parts[0].partition(".")[0].lower() == project.import_name.lower():
            places.add(PurePosixPath(file.parts[0]))
    return tuple(sorted(places))


@dataclass(frozen=True, order=True)
class ReleaseName:
    """The normalised name of a project, and the version of a release as a text."""

    project: str
    version: str

    @classmethod
    def of(cls, distribution: Distribution) -> ReleaseName | None:
        """Return the release that a file is of, None if its metadata does not say."""
        metadata = distribution.metadata
        if not metadata.name or metadata.version is None:
            return None
        return cls(canonicalize_name(metadata.name), str(metadata.version))

    def __str__(self) -> str:
        return f"{self.project} {self.version}"


@dataclass(frozen=True)
class ReleaseFiles:
    """The distributions that are meant to be uploaded together.

    ``sources``: the files that git tracks, below the project; empty if they were not given.
    """

    distributions: tuple[Distribution, ...]
    sources: tuple[PurePosixPath, ...] = ()

    @property
    def releases(self) -> tuple[ReleaseName, ...]:
        """The releases that the files are of, by their metadata. Sorted."""
        names = map(ReleaseName.of, self.distributions)
        return tuple(sorted({name for name in names if name is not None}))

    def of_release(self, release: ReleaseName) -> ReleaseFiles:
        """Return the files of one release."""
        files = (file for file in self.distributions if ReleaseName.of(file) == release)
        return ReleaseFiles(tuple(files), self.sources)

    @property
    def sdists(self) -> tuple[Distribution, ...]:
        """The sdists among them."""
        return tuple(file for file in self.distributions if not file.is_wheel)

    @property
    def wheels(self) -> tuple[Distribution, ...]:
        """The wheels among them."""
        return tuple(file for file in self.distributions if file.is_wheel)
