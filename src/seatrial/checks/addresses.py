"""Whether the addresses in metadata are some, as PyPI has it."""

from __future__ import annotations

import email.utils
from typing import TYPE_CHECKING, ClassVar

from seatrial.checks.rule import of_metadata, verdict
from seatrial.checks.standard import MetadataRule, metadata_of
from seatrial.facts.metadata import FAILURES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seatrial.facts.archive import Archive
    from seatrial.findings import Finding

LONGEST_LABEL = 32
LONGEST_ADDRESS = 1_000
"""Longer e-mail addresses there are none, so they are not parsed."""


class AuthorEmail(MetadataRule):
    """The e-mail address of the author is one."""

    code: ClassVar[str] = "DIST123"

    def check(self, facts: Archive) -> Finding:
        """Somebody may want to write to it."""
        fix = 'authors = [{ name = "…", email = "…" }] in [project]; leave the address out if it is not for everybody'
        return verdict(bad_address(metadata_of(facts).text("author_email")), fix)


class DownloadUrl(MetadataRule):
    """The address for downloads is one."""

    code: ClassVar[str] = "DIST125"

    def check(self, facts: Archive) -> Finding:
        """The page of the project links to it."""
        return verdict(_bad_url(metadata_of(facts).text("download_url")), 'Download = "https://…" in [project.urls]')


class HomePage(MetadataRule):
    """The address of the home page is one."""

    code: ClassVar[str] = "DIST127"

    def check(self, facts: Archive) -> Finding:
        """The page of the project links to it."""
        return verdict(_bad_url(metadata_of(facts).text("home_page")), 'Homepage = "https://…" in [project.urls]')


class MaintainerEmail(MetadataRule):
    """The e-mail address of the maintainer is one."""

    code: ClassVar[str] = "DIST129"

    def check(self, facts: Archive) -> Finding:
        """Somebody may want to write to it."""
        fix = 'maintainers = [{ name = "…", email = "…" }] in [project]'
        return verdict(bad_address(metadata_of(facts).text("maintainer_email")), fix)


class ProjectUrls(MetadataRule):
    """The project's addresses are some, and each has a short label."""

    code: ClassVar[str] = "DIST131"

    def check(self, facts: Archive) -> Finding:
        """The page of the project links to them."""
        said = (of_metadata(one) for label, url in metadata_of(facts).urls.items() for one in _bad_link(label, url))
        return verdict(said, 'Documentation = "https://…" in [project.urls]; labels of at most 32 characters')


def bad_address(written: str) -> Iterator[str]:
    """Yield why PyPI would refuse an e-mail address."""
    # Loaded here because it takes its time.
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415

    try:
        address = email.utils.parseaddr(written)[1]
        if address:
            validate_email(address[:LONGEST_ADDRESS], check_deliverability=False)
    except EmailNotValidError as error:
        yield of_metadata(f"{address!r} is not a valid email address: {error}")
    except FAILURES:
        yield of_metadata(f"{written[:60]!r} is not a valid email address")


def _bad_url(url: str) -> Iterator[str]:
    if url and not _is_url(url):
        yield of_metadata(f"{url!r} is not a valid url.")


def _bad_link(label: str, url: str) -> Iterator[str]:
    if not label:
        yield "Must have a label"
    elif len(label) > LONGEST_LABEL:
        yield f"{label!r} must be {LONGEST_LABEL} characters or less."
    elif not url:
        yield "Must have a URL"
    elif not _is_url(url):
        yield f"{url!r} is not a valid url"


def _is_url(url: str) -> bool:
    """Whether PyPI takes it for an address: of http or https, and made of what an address may have (RFC 3986)."""
    # Loaded here because only addresses need it.
    from rfc3986 import exceptions, uri_reference, validators  # noqa: PLC0415

    validator = validators.Validator().allow_schemes("http", "https").require_presence_of("scheme")
    validator.check_validity_of("scheme", "host", "port", "path", "query")
    try:
        validator.validate(uri_reference(url).normalize())
    except (exceptions.RFC3986Exception, *FAILURES):
        return False
    return True
