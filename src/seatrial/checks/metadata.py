"""Checks of core metadata: their specification as packaging reads it, and PyPI's own rules."""

from __future__ import annotations

import email.message
import email.utils
import io
import re
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

from packaging.utils import canonicalize_name

from seatrial.checks.check import CORE_METADATA, LOCAL_VERSIONS, ArchiveCheck, finding_of, help_page, metadata_message
from seatrial.distributions.metadata import PARSER_FAILURES, Metadata, parse_requirement
from seatrial.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seatrial.distributions.distribution import Distribution


PROJECT_NAME = re.compile(r"([A-Z0-9]|[A-Z0-9][A-Z0-9._-]*[A-Z0-9])", re.IGNORECASE | re.ASCII)
"""What names a project (core metadata, Name)."""

SUPPORTED = ("1.0", "1.1", "1.2", "2.1", "2.2", "2.3", "2.4", "2.5")
"""The versions of metadata that PyPI takes; 2.0 was withdrawn."""

READABLE_CODE = "DIST101"
"""The code of the check that all others of metadata need."""


class MetadataCheck(ArchiveCheck):
    """A check of metadata."""

    needs: ClassVar[tuple[str, ...]] = (READABLE_CODE,)


class MetadataReadable(ArchiveCheck):
    """There are metadata, and they can be read."""

    code: ClassVar[str] = READABLE_CODE

    def check(self, facts: Distribution) -> Finding:
        """What goes to the index is what twine finds in METADATA or PKG-INFO."""
        fix = "let the build backend write the file: nox -s build"
        if facts.metadata is None:
            fault = facts.contents.fault
            if fault:
                return Finding.skipped(f"{fault.kind.value}: {fault.message or fault.detail}")
            name = "METADATA" if facts.is_wheel else "PKG-INFO"
            if any(place.endswith(f"/{name}") for place in facts.contents.cut):
                return Finding.failed(f"{name} is longer than anybody reads", "shorten the description")
            return Finding.failed(f"No {name} in archive: {facts.name}", fix)
        broken = facts.metadata.broken
        return finding_of([f"Invalid distribution metadata: {broken}"] if broken else [], fix)


class FieldsKnown(MetadataCheck):
    """Every field is one that is known, and there as often as it may be."""

    code: ClassVar[str] = "DIST102"

    def check(self, facts: Distribution) -> Finding:
        """Metadata of which a part would be lost are not sent by twine."""
        bad = metadata_of(facts).unparsed
        said = "; ".join(f"unrecognized or malformed field {name!r}" for name in bad)
        fix = "use a current build backend; name each field once, in UTF-8"
        return finding_of([f"Invalid distribution metadata: {said}"] if said else [], fix)


class NameSendable(MetadataCheck):
    """The name consists of letters, digits, and . _ - between them."""

    code: ClassVar[str] = "DIST103"

    def check(self, facts: Distribution) -> Finding:
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


class MetadataVersion(MetadataCheck):
    """The version of the metadata is known to twine here, and to PyPI."""

    code: ClassVar[str] = "DIST104"

    def check(self, facts: Distribution) -> Finding:
        """A build backend may be newer than the twine that is to upload what it made."""
        version = metadata_of(facts).text("metadata_version")
        told = [one.message for one in metadata_of(facts).problems if one.field == "metadata-version"]
        # What packaging knows already, PyPI may not.
        new = version and version not in SUPPORTED and not told
        said = [*told, f"{version!r} is not a valid metadata version"] if new else told
        fix = "pip install -U twine packaging, and the same where it is uploaded; or take an older build backend"
        return finding_of(map(metadata_message, said), fix)


class Name(MetadataCheck):
    """The name is one."""

    code: ClassVar[str] = "DIST105"

    def check(self, facts: Distribution) -> Finding:
        """It becomes a part of addresses and of file names."""
        return _messages(facts, 'name = "…" in [project]', "name")


class VersionValid(MetadataCheck):
    """The version is one (PEP 440)."""

    code: ClassVar[str] = "DIST106"

    def check(self, facts: Distribution) -> Finding:
        """What can't be compared can't be chosen by an installer."""
        return _messages(facts, "such as 1.2.3, 1.2.3rc1, 1.2.3.post1, 1.2.3.dev1", "version")


class ContentType(MetadataCheck):
    """The content type of the description is one that PyPI renders."""

    code: ClassVar[str] = "DIST107"

    def check(self, facts: Distribution) -> Finding:
        """The page of the project shows the description."""
        fix = 'readme = "README.md" in [project], or name its type: { file = "README", content-type = "text/markdown" }'
        return _messages(facts, fix, "description-content-type")


class Dynamic(MetadataCheck):
    """Only fields that may differ between the distributions of a release are called dynamic."""

    code: ClassVar[str] = "DIST108"

    def check(self, facts: Distribution) -> Finding:
        """What an sdist leaves open is computed when a wheel is built from it (PEP 643)."""
        return _messages(facts, "name in dynamic only what is not in [project]", "dynamic")


class ImportNames(MetadataCheck):
    """Import names are names of modules."""

    code: ClassVar[str] = "DIST109"

    def check(self, facts: Distribution) -> Finding:
        """They tell what a distribution lets import (PEP 794)."""
        return _messages(facts, "import-names in [project]: dotted names", "import-name", "import-namespace")


class LicenseExpression(MetadataCheck):
    """The licence is an SPDX expression."""

    code: ClassVar[str] = "DIST110"

    def check(self, facts: Distribution) -> Finding:
        """Who has to know under which licences it works reads it by machine (PEP 639)."""
        return _messages(facts, 'license = "MIT", or another of https://spdx.org/licenses/', "license-expression")


class LicenseFilePaths(MetadataCheck):
    """Licence files are named by their paths below the project."""

    code: ClassVar[str] = "DIST111"

    def check(self, facts: Distribution) -> Finding:
        """They are looked for at that very place in the distribution (PEP 639)."""
        return _messages(facts, 'license-files = ["LICENSE"] in [project]', "license-file")


class Extras(MetadataCheck):
    """The names of extras are names."""

    code: ClassVar[str] = "DIST112"

    def check(self, facts: Distribution) -> Finding:
        """Whoever asks for an extra has to be able to write it down (PEP 685)."""
        return _messages(facts, "letters, digits, and . _ - between them", "provides-extra")


class Requirements(MetadataCheck):
    """Every requirement can be read (PEP 508)."""

    code: ClassVar[str] = "DIST113"

    def check(self, facts: Distribution) -> Finding:
        """An installer stops at one that it can't read."""
        return _messages(facts, "such as \"attrs>=23.1; python_version < '3.12'\"", "requires-dist")


class RequiresPython(MetadataCheck):
    """What it requires of Python is a specifier (PEP 440)."""

    code: ClassVar[str] = "DIST114"

    def check(self, facts: Distribution) -> Finding:
        """An installer passes over a release that is not for its Python, if it can read that."""
        return _messages(facts, 'requires-python = ">=3.9"', "requires-python")


class SummaryOneLine(MetadataCheck):
    """The summary is one line."""

    code: ClassVar[str] = "DIST115"

    def check(self, facts: Distribution) -> Finding:
        """Lists of projects show it."""
        return _messages(facts, 'description = "…" in [project], in one line', "summary")


class OtherFields(MetadataCheck):
    """Every field is in order, and one that the version of the metadata has."""

    code: ClassVar[str] = "DIST116"

    def check(self, facts: Distribution) -> Finding:
        """A field that came later is not expected by whoever reads by the version."""
        others = {problem.field for problem in metadata_of(facts).problems} - CHECKED_FIELDS
        return _messages(facts, "use a current build backend", *others)


CHECKED_FIELDS = {
    *("metadata-version", "name", "version", "description-content-type", "dynamic", "import-name", "import-namespace"),
    *("license-expression", "license-file", "provides-extra", "requires-dist", "requires-python", "summary"),
}
"""The fields that have a check of their own."""


def metadata_of(facts: Distribution) -> Metadata:
    """Return the metadata, empty where there are none."""
    return facts.metadata or Metadata()


def _messages(facts: Distribution, fix: str, *fields: str) -> Finding:
    problems = metadata_of(facts).problems
    return finding_of((metadata_message(one.message) for one in problems if one.field in fields), fix)


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


class NotLocal(MetadataCheck):
    """The version is not a local one."""

    code: ClassVar[str] = "DIST122"

    def check(self, facts: Distribution) -> Finding:
        """What follows a + names a build that somebody made for themselves: no release."""
        version = metadata_of(facts).version
        local = version is not None and version.local is not None
        said = [metadata_message(f"The use of local versions in '{version}' is not allowed.", LOCAL_VERSIONS)]
        fix = "build from a commit with a tag on it, and nothing uncommitted: where versions come from git, that is it"
        return finding_of(said if local else [], fix)


class Classifiers(MetadataCheck):
    """Every classifier is on PyPI's list, and none has been replaced."""

    code: ClassVar[str] = "DIST124"

    def check(self, facts: Distribution) -> Finding:
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
        return finding_of(map(metadata_message, said), fix)


class DynamicTaken(MetadataCheck):
    """PyPI takes every field that is called dynamic."""

    code: ClassVar[str] = "DIST126"

    def check(self, facts: Distribution) -> Finding:
        """It stores which they are, from a list of its own."""
        bad = (one.lower() for one in metadata_of(facts).list("dynamic") if one.lower() not in DYNAMIC)
        told = {one.field for one in metadata_of(facts).problems}
        said = (metadata_message(f"Dynamic field {one!r} is not a valid dynamic field.") for one in bad)
        return finding_of([] if "dynamic" in told else said, "name in dynamic only what is not in [project]")


class OneLicense(MetadataCheck):
    """The licence is told once: as an expression, and not as a text beside it."""

    code: ClassVar[str] = "DIST128"

    def check(self, facts: Distribution) -> Finding:
        """Two could contradict each other (PEP 639)."""
        both = metadata_of(facts).text("license") and metadata_of(facts).text("license_expression")
        said = "License is deprecated when License-Expression is present. Only License-Expression should be present."
        return finding_of(
            [metadata_message(said)] if both else [], 'license = "MIT", and no { text = … } or { file = … }'
        )


class Obsoletes(MetadataCheck):
    """What it makes obsolete are names of projects."""

    code: ClassVar[str] = "DIST130"

    def check(self, facts: Distribution) -> Finding:
        """Nothing reads the field any more, but PyPI checks it."""
        return finding_of(_bad_requirements(metadata_of(facts).list("obsoletes_dist")), "leave the field out")


class Provides(MetadataCheck):
    """What it provides are names of projects."""

    code: ClassVar[str] = "DIST132"

    def check(self, facts: Distribution) -> Finding:
        """Nothing reads the field any more, but PyPI checks it."""
        return finding_of(_bad_requirements(metadata_of(facts).list("provides_dist")), "leave the field out")


class NoDirectRequirement(MetadataCheck):
    """No requirement names an address."""

    code: ClassVar[str] = "DIST133"

    def check(self, facts: Distribution) -> Finding:
        """What lies elsewhere may be gone tomorrow, or be something else."""
        said = (
            metadata_message(f"Can't have direct dependency: {one}")
            for one in metadata_of(facts).requirements
            if one.url
        )
        return finding_of(said, "require a release; what only development needs goes to [dependency-groups]")


class SummaryShort(MetadataCheck):
    """The summary has at most 512 characters."""

    code: ClassVar[str] = "DIST134"

    def check(self, facts: Distribution) -> Finding:
        """Lists of projects show it."""
        long = len(metadata_of(facts).text("summary")) > LONGEST_SUMMARY
        said = metadata_message(f"'summary' field must be {LONGEST_SUMMARY} characters or less.")
        return finding_of([said] if long else [], "shorten description in [project]")


def _bad_requirements(texts: tuple[str, ...]) -> Iterator[str]:
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415 - of use here alone

    for text in texts:
        read = parse_requirement(text)
        if read is None:
            try:
                Requirement(text)
            except InvalidRequirement as error:
                yield metadata_message(f"{text!r} is invalid: {error}")
            except PARSER_FAILURES:
                yield metadata_message(f"{text[:60]!r} is invalid")
        elif read.url:
            yield metadata_message(f"Can't have direct dependency: {text!r}")


LONGEST_LABEL = 32
LONGEST_ADDRESS = 1_000
"""Longer e-mail addresses there are none, so they are not parsed."""


class AuthorEmail(MetadataCheck):
    """The e-mail address of the author is one."""

    code: ClassVar[str] = "DIST123"

    def check(self, facts: Distribution) -> Finding:
        """Somebody may want to write to it."""
        fix = 'authors = [{ name = "…", email = "…" }] in [project]; leave the address out if it is not for everybody'
        return finding_of(email_problem(metadata_of(facts).text("author_email")), fix)


class DownloadUrl(MetadataCheck):
    """The address for downloads is one."""

    code: ClassVar[str] = "DIST125"

    def check(self, facts: Distribution) -> Finding:
        """The page of the project links to it."""
        return finding_of(_bad_url(metadata_of(facts).text("download_url")), 'Download = "https://…" in [project.urls]')


class HomePage(MetadataCheck):
    """The address of the home page is one."""

    code: ClassVar[str] = "DIST127"

    def check(self, facts: Distribution) -> Finding:
        """The page of the project links to it."""
        return finding_of(_bad_url(metadata_of(facts).text("home_page")), 'Homepage = "https://…" in [project.urls]')


class MaintainerEmail(MetadataCheck):
    """The e-mail address of the maintainer is one."""

    code: ClassVar[str] = "DIST129"

    def check(self, facts: Distribution) -> Finding:
        """Somebody may want to write to it."""
        fix = 'maintainers = [{ name = "…", email = "…" }] in [project]'
        return finding_of(email_problem(metadata_of(facts).text("maintainer_email")), fix)


class ProjectUrls(MetadataCheck):
    """The project's addresses are some, and each has a short label."""

    code: ClassVar[str] = "DIST131"

    def check(self, facts: Distribution) -> Finding:
        """The page of the project links to them."""
        said = (
            metadata_message(one) for label, url in metadata_of(facts).urls.items() for one in _bad_link(label, url)
        )
        return finding_of(said, 'Documentation = "https://…" in [project.urls]; labels of at most 32 characters')


def email_problem(written: str) -> Iterator[str]:
    """Yield why PyPI would refuse an e-mail address."""
    # Loaded here because it takes its time.
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415

    try:
        address = email.utils.parseaddr(written)[1]
        if address:
            validate_email(address[:LONGEST_ADDRESS], check_deliverability=False)
    except EmailNotValidError as error:
        yield metadata_message(f"{address!r} is not a valid email address: {error}")
    except PARSER_FAILURES:
        yield metadata_message(f"{written[:60]!r} is not a valid email address")


def _bad_url(url: str) -> Iterator[str]:
    if url and not _is_url(url):
        yield metadata_message(f"{url!r} is not a valid url.")


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
    except (exceptions.RFC3986Exception, *PARSER_FAILURES):
        return False
    return True


LONGEST = 1 << 20
"""Longer descriptions, in characters, are not rendered here: a renderer may take minutes."""

SHOWN = 3


class Renders(MetadataCheck):
    """The description can be rendered."""

    code: ClassVar[str] = "DIST141"
    needs: ClassVar[tuple[str, ...]] = ("DIST101", "DIST107")

    def check(self, facts: Distribution) -> Finding:
        """PyPI does not take a file whose description it can't show."""
        text = metadata_of(facts).text("description")
        declared = metadata_of(facts).text("description_content_type")
        if len(text) > LONGEST:
            return Finding.unknown(f"the description has more than {LONGEST:,} characters", "shorten it")
        if not text:
            return Finding.passed()
        problems = _problems(text, _plain(declared or "text/x-rst"))
        if problems is None:
            return Finding.passed()
        how = f"for '{declared}'." if declared else "in the default format of reStructuredText."
        page = help_page("description-content-type")
        said = f"The description failed to render {how} See {page} for more information."
        fix = 'mend it, and if it is Markdown say so: readme = "README.md" in [project]'
        return finding_of([said, *problems], fix)


class Described(MetadataCheck):
    """There is a description, and it says in which format it is."""

    code: ClassVar[str] = "DIST142"
    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facts: Distribution) -> Finding:
        """It is all that most people read before they install something."""
        if not metadata_of(facts).text("description").strip():
            return Finding.failed("the page of the project would be empty", 'readme = "README.md" in [project]')
        if not metadata_of(facts).text("description_content_type"):
            said = "the description does not say its format, and is taken for reStructuredText"
            return Finding.failed(said, 'readme = "README.md" in [project]')
        return Finding.passed()


class NotOfPython(MetadataCheck):
    """The project is not named like a module of Python."""

    code: ClassVar[str] = "DIST143"
    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facts: Distribution) -> Finding:
        """PyPI does not make a project of that name; those that there are, such as backports, may go on."""
        name = metadata_of(facts).name
        said = f"{name} is, or once was, a module of Python's standard library"
        return finding_of([said] if name and is_python_module(name) else [], "choose another name")


def is_python_module(name: str) -> bool:
    """Whether a module of Python's standard library, of any version, or a package above one, is named so."""
    return canonicalize_name(name) in _python_modules()


@lru_cache(maxsize=1)
def _python_modules() -> frozenset[str]:
    # Loaded here because the lists are long.
    from stdlib_list import short_versions, stdlib_list  # noqa: PLC0415

    modules = {module for version in short_versions for module in stdlib_list(version)}
    parts = [module.split(".") for module in modules]
    names = {".".join(part[: count + 1]) for part in parts for count in range(len(part))}
    return frozenset(canonicalize_name(name.strip("-_.")) for name in names)


def _plain(content_type: str) -> str:
    message = email.message.EmailMessage()
    try:
        message["content-type"] = content_type
        return message.get_content_type()
    except PARSER_FAILURES:
        return "text/plain"


def _problems(text: str, content_type: str) -> list[str] | None:
    """Say why the text can't be rendered, None if it can: what the renderer said, if it said something."""
    # Loaded here because docutils takes its time.
    from readme_renderer import markdown, rst  # noqa: PLC0415

    said = io.StringIO()
    try:
        if content_type == "text/markdown":
            rendered = markdown.render(text)
        elif content_type == "text/x-rst":
            rendered = rst.render(text, stream=said)
        else:
            return None
    except PARSER_FAILURES as error:
        return [str(error) or type(error).__name__]
    if rendered is not None:
        return None
    found = re.findall(r"^<string>:(\d+): \(\w+/\d\) (.+)$", said.getvalue(), re.MULTILINE)
    return [f"line {line}: {what}" for line, what in found[:SHOWN]]
