"""Whether the files of a release fit together, and to their sources."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, ClassVar

from seatrial.checks.contents import installed
from seatrial.checks.rule import Rule, shown, verdict
from seatrial.checks.standard import metadata_of
from seatrial.findings import Finding, Weight

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seatrial.facts.archive import Archive
    from seatrial.facts.shipment import Shipment

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


class ShipmentRule(Rule):
    """A check of the files of a release together."""


class OneRelease(ShipmentRule):
    """All files are of one release of one project."""

    code: ClassVar[str] = "DIST401"
    weight: ClassVar[Weight] = Weight.WARNING

    def check(self, facts: Shipment) -> Finding:
        """A file of another release, left behind in dist/, would be uploaded with the rest."""
        names = [str(one) for one in facts.releases]
        return verdict(
            [f"they are {', '.join(names)}"] if len(names) > 1 else [], "empty dist/, and build again: nox -s build"
        )


class OneSdist(ShipmentRule):
    """There is at most one sdist."""

    code: ClassVar[str] = "DIST402"

    def check(self, facts: Shipment) -> Finding:
        """There is one source of a release."""
        names = [one.name for one in facts.sdists]
        said = ["Only one sdist may be uploaded per release.", ", ".join(names)]
        return verdict(said if len(names) > 1 else [], "upload none but NAME-VERSION.tar.gz")


class MetadataAgree(ShipmentRule):
    """The metadata of all files say the same."""

    code: ClassVar[str] = "DIST403"
    weight: ClassVar[Weight] = Weight.WARNING

    def check(self, facts: Shipment) -> Finding:
        """The page of the project shows those of the file that comes first; installers read those of each."""
        known = [one for one in facts.archives if one.metadata]
        return verdict(shown(_disagreements(known)), "build the wheels from the sdist: nox -s build")


class WheelFromSdist(ShipmentRule):
    """What a wheel installs is in the sdist, byte for byte."""

    code: ClassVar[str] = "DIST404"
    weight: ClassVar[Weight] = Weight.WARNING

    def check(self, facts: Shipment) -> Finding:
        """Who builds from the sdist, such as a Linux distribution, should get what everybody else has."""
        if not facts.sdists or not facts.wheels:
            return Finding.skipped("it takes an sdist and a wheel")
        held = {one.sha256 for sdist in facts.sdists for one in sdist.files}
        bad = (name for wheel in facts.wheels for name in _modules_beyond(wheel, held))
        return verdict(shown(bad), "build the wheels from the sdist: nox -s build")


class SdistFromSources(ShipmentRule):
    """Everything in the sdist is known to git, or made by the build backend."""

    code: ClassVar[str] = "DIST405"
    weight: ClassVar[Weight] = Weight.WARNING

    def check(self, facts: Shipment) -> Finding:
        """What lies in the working tree by chance is packed with the sources."""
        if not facts.sources:
            return Finding.skipped("nobody said which files git knows")
        known = set(facts.sources)
        bad = (
            str(path) for sdist in facts.sdists for path in _paths(sdist) if path not in known and not _is_made(path)
        )
        return verdict(shown(bad), "commit it, or exclude it in the configuration of the build backend")


def _disagreements(archives: list[Archive]) -> Iterator[str]:
    for one in archives[1:]:
        first, here = metadata_of(archives[0]), metadata_of(one)
        open_fields = {name.lower().replace("-", "_") for name in (*first.list("dynamic"), *here.list("dynamic"))}
        for field in SAME:
            written = {"classifiers": "classifier", "project_urls": "project_url"}.get(field, field)
            if written not in open_fields and _plain(first.raw.get(field)) != _plain(here.raw.get(field)):
                yield f"{written.replace('_', '-').title()} of {one.name} is not that of {archives[0].name}"


def _plain(value: object) -> object:
    """Return a field so that order and the white space around it do not matter."""
    if isinstance(value, list):
        return sorted(value)
    return value.strip() if isinstance(value, str) else value


def _modules_beyond(wheel: Archive, held: set[str]) -> Iterator[str]:
    hashes = {one.name: one.sha256 for one in wheel.files}
    for name in installed(wheel):
        if (
            name.endswith(".py")
            and name in hashes
            and hashes[name] not in held
            and PurePosixPath(name).name not in MADE
        ):
            yield f"{name} of {wheel.name} is not in the sdist, or is another there"


def _paths(sdist: Archive) -> Iterator[PurePosixPath]:
    return (PurePosixPath(*PurePosixPath(one.name).parts[1:]) for one in sdist.files)


def _is_made(path: PurePosixPath) -> bool:
    return path.name in MADE or any(part.endswith(".egg-info") for part in path.parts)
