"""Whether the files of a release have all of the package that git knows."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, ClassVar

from seatrial.checks.contents import installed
from seatrial.checks.rule import Rule, shown, verdict
from seatrial.findings import Finding, Weight

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seatrial.facts.archive import Archive
    from seatrial.facts.shipment import Shipment

COMPILED_FROM = (
    *(".c", ".cc", ".cpp", ".cxx", ".f", ".f90", ".h", ".hpp", ".in", ".pxd", ".pxi", ".pyx", ".rs", ".tmpl", ".toml"),
    *(".build", ".cmake", ".j2", ".y", ".l"),
)
"""The suffixes of what a package may be made from, which nobody installs."""

TESTS = frozenset(("test", "tests", "testing", "_tests"))
"""Folders in a package that many leave out on purpose."""

NO_SOURCES = "nobody said which files git knows"


class CompletenessRule(Rule):
    """A check of files beside their sources."""

    weight: ClassVar[Weight] = Weight.WARNING


class SdistHasPackage(CompletenessRule):
    """The sdist has every file of the package that git knows."""

    code: ClassVar[str] = "DIST406"

    def check(self, facts: Shipment) -> Finding:
        """A file that it lacks is missing for everybody who builds from it, and in the wheel that is built here."""
        if not facts.sources or not facts.sdists:
            return Finding.skipped(NO_SOURCES if facts.sdists else "it takes an sdist")
        packages = {path for wheel in facts.wheels for path in _packages(wheel)}
        held = {PurePosixPath(*PurePosixPath(one.name).parts[1:]) for sdist in facts.sdists for one in sdist.files}
        bad = (str(path) for path, inside in _of_packages(facts, packages) if path not in held and _is_wanted(inside))
        return verdict(shown(bad), "include it in the configuration of the build backend, or in MANIFEST.in")


class WheelHasPackage(CompletenessRule):
    """Every wheel has every file of the package that git knows."""

    code: ClassVar[str] = "DIST407"

    def check(self, facts: Shipment) -> Finding:
        """Data files that were forgotten are missed only where the package is installed, not where it is developed."""
        if not facts.sources or not facts.wheels:
            return Finding.skipped(NO_SOURCES if facts.wheels else "it takes a wheel")
        bad = (f"{inside} is not in {wheel.name}" for wheel in facts.wheels for inside in _missing(facts, wheel))
        return verdict(shown(bad), "tell the build backend that it is a part of the package (package data)")


def _missing(facts: Shipment, wheel: Archive) -> Iterator[PurePosixPath]:
    held = set(installed(wheel))
    for _, inside in _of_packages(facts, _packages(wheel)):
        is_source = inside.suffix.lower() in COMPILED_FROM
        if str(inside) not in held and _is_wanted(inside) and not is_source:
            yield inside


def _packages(wheel: Archive) -> set[str]:
    """Return the folders at the top of a wheel that hold modules."""
    paths = (PurePosixPath(name) for name in installed(wheel))
    return {path.parts[0] for path in paths if len(path.parts) > 1 and path.suffix == ".py"}


def _of_packages(facts: Shipment, packages: set[str]) -> Iterator[tuple[PurePosixPath, PurePosixPath]]:
    """Yield the sources below packages: as they lie in the project, and as they are installed."""
    for path in facts.sources:
        inside = PurePosixPath(*path.parts[1:]) if path.parts[0] == "src" else path
        if len(inside.parts) > 1 and inside.parts[0] in packages:
            yield path, inside


def _is_wanted(inside: PurePosixPath) -> bool:
    return TESTS.isdisjoint(inside.parts[:-1]) and not any(part.startswith(".") for part in inside.parts)
