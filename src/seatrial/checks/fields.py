"""What PyPI asks of metadata beyond their specification."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from seatrial.checks.rule import LOCAL_VERSIONS, of_metadata, verdict
from seatrial.checks.standard import MetadataRule, metadata_of
from seatrial.facts.metadata import FAILURES, requirement

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seatrial.facts.archive import Archive
    from seatrial.findings import Finding

LONGEST_SUMMARY = 512

DYNAMIC = frozenset(
    (
        *("platform", "supported-platform", "summary", "description", "description-content-type", "keywords"),
        *("home-page", "download-url", "author", "author-email", "maintainer", "maintainer-email", "license"),
        *("license-expression", "license-file", "classifier", "requires-dist", "requires-python", "requires-external"),
        *("project-url", "provides-extra", "provides-dist", "obsoletes-dist", "requires", "provides", "obsoletes"),
        *("import-name", "import-namespace"),
    )
)
"""The fields that may be called dynamic (PEP 643, PEP 794)."""


class NotLocal(MetadataRule):
    """The version is not a local one."""

    code: ClassVar[str] = "DIST122"

    def check(self, facts: Archive) -> Finding:
        """What follows a + names a build that somebody made for themselves: no release."""
        version = metadata_of(facts).version
        local = version is not None and version.local is not None
        said = [of_metadata(f"The use of local versions in '{version}' is not allowed.", LOCAL_VERSIONS)]
        fix = "build from a commit with a tag on it, and nothing uncommitted: where versions come from git, that is it"
        return verdict(said if local else [], fix)


class Classifiers(MetadataRule):
    """Every classifier is on PyPI's list, and none has been replaced."""

    code: ClassVar[str] = "DIST124"

    def check(self, facts: Archive) -> Finding:
        """PyPI takes no other; one that begins with "Private ::" is a way to forbid the upload."""
        # Loaded here because the list is long.
        from trove_classifiers import all_classifiers, deprecated_classifiers  # noqa: PLC0415

        held = set(metadata_of(facts).list("classifiers"))
        said = [f"{one!r} is not a valid classifier." for one in sorted(held - set(all_classifiers))]
        for one in sorted(held & deprecated_classifiers.keys()):
            instead = deprecated_classifiers[one]
            use = f", use one of {list(instead)} instead" if instead else ""
            said.append(f"The classifier {one!r} has been deprecated{use}.")
        fix = "see https://github.com/pypa/trove-classifiers; if it is new there: pip install -U trove-classifiers"
        return verdict(map(of_metadata, said), fix)


class DynamicTaken(MetadataRule):
    """PyPI takes every field that is called dynamic."""

    code: ClassVar[str] = "DIST126"

    def check(self, facts: Archive) -> Finding:
        """It stores which they are, from a list of its own."""
        bad = (one.lower() for one in metadata_of(facts).list("dynamic") if one.lower() not in DYNAMIC)
        told = {one.field for one in metadata_of(facts).problems}
        said = (of_metadata(f"Dynamic field {one!r} is not a valid dynamic field.") for one in bad)
        return verdict([] if "dynamic" in told else said, "name in dynamic only what is not in [project]")


class OneLicense(MetadataRule):
    """The licence is told once: as an expression, and not as a text beside it."""

    code: ClassVar[str] = "DIST128"

    def check(self, facts: Archive) -> Finding:
        """Two could contradict each other (PEP 639)."""
        both = metadata_of(facts).text("license") and metadata_of(facts).text("license_expression")
        said = "License is deprecated when License-Expression is present. Only License-Expression should be present."
        return verdict([of_metadata(said)] if both else [], 'license = "MIT", and no { text = … } or { file = … }')


class Obsoletes(MetadataRule):
    """What it makes obsolete are names of projects."""

    code: ClassVar[str] = "DIST130"

    def check(self, facts: Archive) -> Finding:
        """Nothing reads the field any more, but PyPI checks it."""
        return verdict(_bad_requirements(metadata_of(facts).list("obsoletes_dist")), "leave the field out")


class Provides(MetadataRule):
    """What it provides are names of projects."""

    code: ClassVar[str] = "DIST132"

    def check(self, facts: Archive) -> Finding:
        """Nothing reads the field any more, but PyPI checks it."""
        return verdict(_bad_requirements(metadata_of(facts).list("provides_dist")), "leave the field out")


class NoDirectRequirement(MetadataRule):
    """No requirement names an address."""

    code: ClassVar[str] = "DIST133"

    def check(self, facts: Archive) -> Finding:
        """What lies elsewhere may be gone tomorrow, or be something else."""
        said = (
            of_metadata(f"Can't have direct dependency: {one}") for one in metadata_of(facts).requirements if one.url
        )
        return verdict(said, "require a release; what only development needs goes to [dependency-groups]")


class SummaryShort(MetadataRule):
    """The summary has at most 512 characters."""

    code: ClassVar[str] = "DIST134"

    def check(self, facts: Archive) -> Finding:
        """Lists of projects show it."""
        long = len(metadata_of(facts).text("summary")) > LONGEST_SUMMARY
        said = of_metadata(f"'summary' field must be {LONGEST_SUMMARY} characters or less.")
        return verdict([said] if long else [], "shorten description in [project]")


def _bad_requirements(texts: tuple[str, ...]) -> Iterator[str]:
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415 - of use here alone

    for text in texts:
        read = requirement(text)
        if read is None:
            try:
                Requirement(text)
            except InvalidRequirement as error:
                yield of_metadata(f"{text!r} is invalid: {error}")
            except FAILURES:
                yield of_metadata(f"{text[:60]!r} is invalid")
        elif read.url:
            yield of_metadata(f"Can't have direct dependency: {text!r}")
