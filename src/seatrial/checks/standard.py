"""Whether the metadata are what their specification allows, as packaging reads it: twine and PyPI ask it both."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from seatrial.checks.rule import CORE_METADATA, Rule, of_metadata, verdict
from seatrial.facts.metadata import Metadata
from seatrial.findings import Finding

if TYPE_CHECKING:
    from seatrial.facts.archive import Archive

PROJECT_NAME = re.compile(r"([A-Z0-9]|[A-Z0-9][A-Z0-9._-]*[A-Z0-9])", re.IGNORECASE | re.ASCII)
"""What names a project (core metadata, Name)."""

SUPPORTED = ("1.0", "1.1", "1.2", "2.1", "2.2", "2.3", "2.4", "2.5")
"""The versions of metadata that PyPI takes; 2.0 was withdrawn."""

READ = "DIST101"
"""The code of the check that all others of metadata need."""


class MetadataRule(Rule):
    """A check of metadata."""

    needs: ClassVar[tuple[str, ...]] = (READ,)


class Readable(Rule):
    """There are metadata, and they can be read."""

    code: ClassVar[str] = READ

    def check(self, facts: Archive) -> Finding:
        """What goes to the index is what twine finds in METADATA or PKG-INFO."""
        fix = "let the build backend write the file: nox -s build"
        if facts.metadata is None:
            fault = facts.contents.fault
            if fault:
                return Finding.skipped(f"{fault.kind.value}: {fault.said or fault.detail}")
            name = "METADATA" if facts.is_wheel else "PKG-INFO"
            if any(place.endswith(f"/{name}") for place in facts.contents.cut):
                return Finding.failed(f"{name} is longer than anybody reads", "shorten the description")
            return Finding.failed(f"No {name} in archive: {facts.name}", fix)
        broken = facts.metadata.broken
        return verdict([f"Invalid distribution metadata: {broken}"] if broken else [], fix)


class FieldsKnown(MetadataRule):
    """Every field is one that is known, and there as often as it may be."""

    code: ClassVar[str] = "DIST102"

    def check(self, facts: Archive) -> Finding:
        """Metadata of which a part would be lost are not sent by twine."""
        bad = metadata_of(facts).unparsed
        said = "; ".join(f"unrecognized or malformed field {name!r}" for name in bad)
        fix = "use a current build backend; name each field once, in UTF-8"
        return verdict([f"Invalid distribution metadata: {said}"] if said else [], fix)


class NameSendable(MetadataRule):
    """The name consists of letters, digits, and . _ - between them."""

    code: ClassVar[str] = "DIST103"

    def check(self, facts: Archive) -> Finding:
        """It becomes a part of addresses and of file names."""
        name = metadata_of(facts).name
        if PROJECT_NAME.fullmatch(name):
            return Finding.passed()
        shown = f"{name[:30]}...{name[-30:]}" if len(name) > 60 else name  # noqa: PLR2004 - as PyPI shortens it
        why = (
            "Start and end with a letter or numeral containing only ASCII numeric and '.', '_' and '-'."
            if name
            else "This field is required."
        )
        said = f"{shown!r} is an invalid value for Name. Error: {why} See {CORE_METADATA} for more information."
        return Finding.failed(said, 'name = "…" in [project]: letters, digits, and . _ - between them')


class MetadataVersion(MetadataRule):
    """The version of the metadata is known to twine here, and to PyPI."""

    code: ClassVar[str] = "DIST104"

    def check(self, facts: Archive) -> Finding:
        """A build backend may be newer than the twine that is to upload what it made."""
        version = metadata_of(facts).text("metadata_version")
        told = [one.said for one in metadata_of(facts).problems if one.field == "metadata-version"]
        # What packaging knows already, PyPI may not.
        new = version and version not in SUPPORTED and not told
        said = [*told, f"{version!r} is not a valid metadata version"] if new else told
        fix = "pip install -U twine packaging, and the same where it is uploaded; or take an older build backend"
        return verdict(map(of_metadata, said), fix)


class Name(MetadataRule):
    """The name is one."""

    code: ClassVar[str] = "DIST105"

    def check(self, facts: Archive) -> Finding:
        """It becomes a part of addresses and of file names."""
        return _said(facts, 'name = "…" in [project]', "name")


class VersionValid(MetadataRule):
    """The version is one (PEP 440)."""

    code: ClassVar[str] = "DIST106"

    def check(self, facts: Archive) -> Finding:
        """What can't be compared can't be chosen by an installer."""
        return _said(facts, "such as 1.2.3, 1.2.3rc1, 1.2.3.post1, 1.2.3.dev1", "version")


class ContentType(MetadataRule):
    """The content type of the description is one that PyPI renders."""

    code: ClassVar[str] = "DIST107"

    def check(self, facts: Archive) -> Finding:
        """The page of the project shows the description."""
        fix = 'readme = "README.md" in [project], or name its type: { file = "README", content-type = "text/markdown" }'
        return _said(facts, fix, "description-content-type")


class Dynamic(MetadataRule):
    """Only fields that may differ between the distributions of a release are called dynamic."""

    code: ClassVar[str] = "DIST108"

    def check(self, facts: Archive) -> Finding:
        """What an sdist leaves open is computed when a wheel is built from it (PEP 643)."""
        return _said(facts, "name in dynamic only what is not in [project]", "dynamic")


class ImportNames(MetadataRule):
    """Import names are names of modules."""

    code: ClassVar[str] = "DIST109"

    def check(self, facts: Archive) -> Finding:
        """They tell what a distribution lets import (PEP 794)."""
        return _said(facts, "import-names in [project]: dotted names", "import-name", "import-namespace")


class LicenseExpression(MetadataRule):
    """The licence is an SPDX expression."""

    code: ClassVar[str] = "DIST110"

    def check(self, facts: Archive) -> Finding:
        """Who has to know under which licences it works reads it by machine (PEP 639)."""
        return _said(facts, 'license = "MIT", or another of https://spdx.org/licenses/', "license-expression")


class LicenseFilePaths(MetadataRule):
    """Licence files are named by their paths below the project."""

    code: ClassVar[str] = "DIST111"

    def check(self, facts: Archive) -> Finding:
        """They are looked for at that very place in the distribution (PEP 639)."""
        return _said(facts, 'license-files = ["LICENSE"] in [project]', "license-file")


class Extras(MetadataRule):
    """The names of extras are names."""

    code: ClassVar[str] = "DIST112"

    def check(self, facts: Archive) -> Finding:
        """Whoever asks for an extra has to be able to write it down (PEP 685)."""
        return _said(facts, "letters, digits, and . _ - between them", "provides-extra")


class Requirements(MetadataRule):
    """Every requirement can be read (PEP 508)."""

    code: ClassVar[str] = "DIST113"

    def check(self, facts: Archive) -> Finding:
        """An installer stops at one that it can't read."""
        return _said(facts, "such as \"attrs>=23.1; python_version < '3.12'\"", "requires-dist")


class RequiresPython(MetadataRule):
    """What it requires of Python is a specifier (PEP 440)."""

    code: ClassVar[str] = "DIST114"

    def check(self, facts: Archive) -> Finding:
        """An installer passes over a release that is not for its Python, if it can read that."""
        return _said(facts, 'requires-python = ">=3.9"', "requires-python")


class SummaryOneLine(MetadataRule):
    """The summary is one line."""

    code: ClassVar[str] = "DIST115"

    def check(self, facts: Archive) -> Finding:
        """Lists of projects show it."""
        return _said(facts, 'description = "…" in [project], in one line', "summary")


class OtherFields(MetadataRule):
    """Every field is in order, and one that the version of the metadata has."""

    code: ClassVar[str] = "DIST116"

    def check(self, facts: Archive) -> Finding:
        """A field that came later is not expected by whoever reads by the version."""
        others = {problem.field for problem in metadata_of(facts).problems} - TOLD
        return _said(facts, "use a current build backend", *others)


TOLD = {
    *("metadata-version", "name", "version", "description-content-type", "dynamic", "import-name", "import-namespace"),
    *("license-expression", "license-file", "provides-extra", "requires-dist", "requires-python", "summary"),
}
"""The fields that have a check of their own."""


def metadata_of(facts: Archive) -> Metadata:
    """Return the metadata, empty where there are none."""
    return facts.metadata or Metadata()


def _said(facts: Archive, fix: str, *fields: str) -> Finding:
    problems = metadata_of(facts).problems
    return verdict((of_metadata(one.said) for one in problems if one.field in fields), fix)
