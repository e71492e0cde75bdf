"""Checks of all distributions of a release together, against each other and their sources."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, ClassVar

from seatrial.checks.check import ArchiveCheck, finding_of, first_lines
from seatrial.checks.metadata import metadata_of
from seatrial.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seatrial.distributions.distribution import Distribution
    from seatrial.distributions.reproducible import RebuildResult
    from seatrial.distributions.sources import ReleaseFiles


SAME = (
    *("summary", "keywords", "home_page", "download_url", "author", "author_email", "maintainer", "maintainer_email"),
    *("license", "license_expression", "classifiers", "requires_dist", "requires_python", "project_urls"),
    *("provides_extra", "description", "description_content_type"),
)
"""The fields that a release has once, and PyPI takes from the file that comes first."""

MADE = (
    *("PKG-INFO", "setup.cfg", "MANIFEST", "_version.py", "version.py", "_version.pyi", ".hgtags"),
    "pyproject.toml.orig",
)
"""What build backends put into an sdist; the last is uv's."""


class ReleaseFilesCheck(ArchiveCheck):
    """A check of the files of a release together."""


class OneRelease(ReleaseFilesCheck):
    """All files are of one release of one project."""

    code: ClassVar[str] = "DIST401"
    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facts: ReleaseFiles) -> Finding:
        """A file of another release, left behind in dist/, would be uploaded with the rest."""
        names = [str(one) for one in facts.releases]
        return finding_of(
            [f"they are {', '.join(names)}"] if len(names) > 1 else [], "empty dist/, and build again: nox -s build"
        )


class OneSdist(ReleaseFilesCheck):
    """There is at most one sdist."""

    code: ClassVar[str] = "DIST402"

    def check(self, facts: ReleaseFiles) -> Finding:
        """There is one source of a release."""
        names = [one.name for one in facts.sdists]
        said = ["Only one sdist may be uploaded per release.", ", ".join(names)]
        return finding_of(said if len(names) > 1 else [], "upload none but NAME-VERSION.tar.gz")


class MetadataAgree(ReleaseFilesCheck):
    """The metadata of all files say the same."""

    code: ClassVar[str] = "DIST403"
    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facts: ReleaseFiles) -> Finding:
        """The page of the project shows those of the file that comes first; installers read those of each."""
        known = [one for one in facts.distributions if one.metadata]
        return finding_of(first_lines(_disagreements(known)), "build the wheels from the sdist: nox -s build")


class WheelFromSdist(ReleaseFilesCheck):
    """What a wheel installs is in the sdist, byte for byte."""

    code: ClassVar[str] = "DIST404"
    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facts: ReleaseFiles) -> Finding:
        """Who builds from the sdist, such as a Linux distribution, should get what everybody else has."""
        if not facts.sdists or not facts.wheels:
            return Finding.skipped("it takes an sdist and a wheel")
        held = {one.sha256 for sdist in facts.sdists for one in sdist.files}
        bad = (name for wheel in facts.wheels for name in _modules_beyond(wheel, held))
        return finding_of(first_lines(bad), "build the wheels from the sdist: nox -s build")


class SdistFromSources(ReleaseFilesCheck):
    """Everything in the sdist is known to git, or made by the build backend."""

    code: ClassVar[str] = "DIST405"
    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facts: ReleaseFiles) -> Finding:
        """What lies in the working tree by chance is packed with the sources."""
        if not facts.sources:
            return Finding.skipped("nobody said which files git knows")
        known = set(facts.sources)
        bad = (
            str(path)
            for sdist in facts.sdists
            for path in map(PurePosixPath, sdist.tree)
            if path not in known and not _is_made(path)
        )
        return finding_of(first_lines(bad), "commit it, or exclude it in the configuration of the build backend")


def _disagreements(distributions: list[Distribution]) -> Iterator[str]:
    for one in distributions[1:]:
        first, here = metadata_of(distributions[0]), metadata_of(one)
        open_fields = {name.lower().replace("-", "_") for name in (*first.list("dynamic"), *here.list("dynamic"))}
        for field in SAME:
            written = {"classifiers": "classifier", "project_urls": "project_url"}.get(field, field)
            if written not in open_fields and _plain(first.raw.get(field)) != _plain(here.raw.get(field)):
                yield f"{written.replace('_', '-').title()} of {one.name} is not that of {distributions[0].name}"


def _plain(value: object) -> object:
    """Return a field so that order and the white space around it do not matter."""
    if isinstance(value, list):
        return sorted(value)
    return value.strip() if isinstance(value, str) else value


def _modules_beyond(wheel: Distribution, held: set[str | None]) -> Iterator[str]:
    for place, member in wheel.tree.items():
        if place.endswith(".py") and member.sha256 not in held and PurePosixPath(place).name not in MADE:
            yield f"{place} of {wheel.name} is not in the sdist, or is another there"


def _is_made(path: PurePosixPath) -> bool:
    return path.name in MADE or any(part.endswith(".egg-info") for part in path.parts)


COMPILED_FROM = (
    *(".c", ".cc", ".cpp", ".cxx", ".f", ".f90", ".h", ".hpp", ".in", ".pxd", ".pxi", ".pyx", ".rs", ".tmpl", ".toml"),
    *(".build", ".cmake", ".j2", ".y", ".l"),
)
"""The suffixes of what a package may be made from, which nobody installs."""

TESTS = frozenset(("test", "tests", "testing", "_tests"))
"""Folders in a package that many leave out on purpose."""

NO_SOURCES = "nobody said which files git knows"


class CompletenessCheck(ArchiveCheck):
    """A check of files beside their sources."""

    severity: ClassVar[Severity] = Severity.WARNING


class SdistHasPackage(CompletenessCheck):
    """The sdist has every file of the package that git knows."""

    code: ClassVar[str] = "DIST406"

    def check(self, facts: ReleaseFiles) -> Finding:
        """A file that it lacks is missing for everybody who builds from it, and in the wheel that is built here."""
        if not facts.sources or not facts.sdists:
            return Finding.skipped(NO_SOURCES if facts.sdists else "it takes an sdist")
        packages = {path for wheel in facts.wheels for path in _packages(wheel)}
        held = {PurePosixPath(place) for sdist in facts.sdists for place in sdist.tree}
        bad = (str(path) for path, inside in _of_packages(facts, packages) if path not in held and _is_wanted(inside))
        return finding_of(first_lines(bad), "include it in the configuration of the build backend, or in MANIFEST.in")


class WheelHasPackage(CompletenessCheck):
    """Every wheel has every file of the package that git knows."""

    code: ClassVar[str] = "DIST407"

    def check(self, facts: ReleaseFiles) -> Finding:
        """Data files that were forgotten are missed only where the package is installed, not where it is developed."""
        if not facts.sources or not facts.wheels:
            return Finding.skipped(NO_SOURCES if facts.wheels else "it takes a wheel")
        bad = (f"{inside} is not in {wheel.name}" for wheel in facts.wheels for inside in _missing(facts, wheel))
        return finding_of(first_lines(bad), "tell the build backend that it is a part of the package (package data)")


def _missing(facts: ReleaseFiles, wheel: Distribution) -> Iterator[PurePosixPath]:
    for _, inside in _of_packages(facts, _packages(wheel)):
        is_source = inside.suffix.lower() in COMPILED_FROM
        if str(inside) not in wheel.tree and _is_wanted(inside) and not is_source:
            yield inside


def _packages(wheel: Distribution) -> set[str]:
    """Return the folders at the top of a wheel that hold modules."""
    paths = (PurePosixPath(place) for place in wheel.tree)
    return {path.parts[0] for path in paths if len(path.parts) > 1 and path.suffix == ".py"}


def _of_packages(facts: ReleaseFiles, packages: set[str]) -> Iterator[tuple[PurePosixPath, PurePosixPath]]:
    """Yield the sources below packages: as they lie in the project, and as they are installed."""
    for path in facts.sources:
        inside = PurePosixPath(*path.parts[1:]) if path.parts[0] == "src" else path
        if len(inside.parts) > 1 and inside.parts[0] in packages:
            yield path, inside


def _is_wanted(inside: PurePosixPath) -> bool:
    return TESTS.isdisjoint(inside.parts[:-1]) and not any(part.startswith(".") for part in inside.parts)


class Reproducible:
    """The same commit gives the same bytes, in another folder too."""

    code: ClassVar[str] = "DIST412"
    severity: ClassVar[Severity] = Severity.WARNING
    needs: ClassVar[tuple[str, ...]] = ()

    def check(self, facts: RebuildResult) -> Finding:
        """CI builds again what was proved here; if it gets other bytes, nobody can tell whether they are the same."""
        said = (str(one) for one in facts.again)
        return finding_of(said, "find what the build takes from the clock, the folder, or the order of a set")


class SdistSuffices:
    """The wheel that is built from the sdist is the one that is built from the tree."""

    code: ClassVar[str] = "DIST413"
    severity: ClassVar[Severity] = Severity.WARNING
    needs: ClassVar[tuple[str, ...]] = ("DIST412",)

    def check(self, facts: RebuildResult) -> Finding:
        """What the sdist lacks, everybody lacks who builds from it; here the wheel is built from it, too."""
        said = [str(facts.direct)] if facts.direct else []
        return finding_of(said, "have the build backend put into the sdist what the wheel takes from the tree")
