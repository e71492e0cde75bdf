"""Checks of core metadata (DIST1xx): its specification as packaging reads it, and PyPI's own rules."""

from __future__ import annotations

import email.message
import email.utils
import io
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Callable

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from seatrial.checks.check import WARNING, Check, check, finding_of, help_page
from seatrial.distributions.metadata import PARSER_FAILURES, Metadata, parse_requirement
from seatrial.distributions.pypi_rules import (
    DYNAMIC_FIELDS,
    LABEL_LIMIT,
    METADATA_VERSIONS,
    PROHIBITED_NAMES,
    PROJECT_NAME,
    SUMMARY_LIMIT,
)
from seatrial.findings import Finding

if TYPE_CHECKING:
    from seatrial.distributions.distribution import Distribution


READABLE = "DIST101"
"""The code of the check that all others of metadata need."""

NEEDS_METADATA = (READABLE,)

metadata_check = partial(check, needs=NEEDS_METADATA)

CORE_METADATA = "https://packaging.python.org/specifications/core-metadata"
LOCAL_VERSIONS = "https://packaging.python.org/en/latest/specifications/version-specifiers/#local-version-identifiers"


def sentence_of(error: str, page: str = CORE_METADATA) -> str:
    """Return what PyPI says of an error in a field, in one line."""
    error = " ".join(error.split())
    return f"{error}{'' if error.endswith('.') else '.'} See {page} for more information."


@check(
    READABLE,
    "The metadata can be read",
    "twine sends the metadata that it reads from METADATA or PKG-INFO to the index.",
)
def readable(file: Distribution) -> Finding:
    fix = "let the build backend write the file: nox -s build"
    if not file.has_metadata:
        fault = file.contents.fault
        if fault:
            return Finding.skipped(f"{fault.kind.value}: {fault.message or fault.detail}")
        name = "METADATA" if file.is_wheel else "PKG-INFO"
        if any(place.endswith(f"/{name}") for place in file.contents.cut):
            return Finding.failed(f"{name} is too long to be read", "shorten the description")
        return Finding.failed(f"No {name} in archive: {file.name}", fix)
    error = file.metadata.error
    return finding_of([f"Invalid distribution metadata: {error}"] if error else [], fix)


@metadata_check(
    "DIST102",
    "Every field of the metadata is known, and appears as often as it may",
    "twine refuses to send metadata of which a part would be lost.",
)
def fields_known(file: Distribution) -> Finding:
    names = file.metadata.unparsed
    errors = "; ".join(f"unrecognized or malformed field {name!r}" for name in names)
    fix = "use a current build backend; name each field once, in UTF-8"
    return finding_of([f"Invalid distribution metadata: {errors}"] if names else [], fix)


@metadata_check(
    "DIST103",
    "The project name consists of letters, digits, and . _ - between them",
    "The name becomes part of addresses and file names.",
)
def name_sendable(file: Distribution) -> Finding:
    name = file.metadata.name
    if is_project_name(name):
        return Finding.passed()
    short = f"{name[:30]}...{name[-30:]}" if len(name) > 60 else name  # noqa: PLR2004 - as PyPI shortens it
    error = (
        "Start and end with a letter or numeral containing only ASCII numeric and '.', '_' and '-'."
        if name
        else "This field is required."
    )
    sentence = f"{short!r} is an invalid value for Name. Error: {error} See {CORE_METADATA} for more information."
    return Finding.failed(sentence, 'name = "…" in [project]: letters, digits, and . _ - between them')


def is_project_name(name: str) -> bool:
    """Whether a text has the form of a project's name (core metadata, Name)."""
    return bool(re.fullmatch(PROJECT_NAME, name, re.IGNORECASE | re.ASCII))


@metadata_check(
    "DIST104",
    "The metadata version is supported by the installed twine and by PyPI",
    "A build backend can write a newer metadata version than twine can upload.",
)
def metadata_version(file: Distribution) -> Finding:
    version = file.metadata.text("metadata_version")
    errors = [problem.message for problem in file.metadata.problems if problem.field == "metadata-version"]
    if not errors and version and version not in METADATA_VERSIONS:
        # PyPI may not support yet what packaging supports.
        errors = [f"{version!r} is not a valid metadata version"]
    fix = "pip install -U twine packaging, also where you upload; or use an older build backend"
    return finding_of(map(sentence_of, errors), fix)


def _field_check(code: str, title: str, why: str, fix: str, *fields: str) -> Check[Distribution]:
    """Return the check that packaging accepts some fields."""

    def accepted(file: Distribution) -> Finding:
        problems = file.metadata.problems
        return finding_of((sentence_of(problem.message) for problem in problems if problem.field in fields), fix)

    return Check(code, title, why, accepted, needs=NEEDS_METADATA)


FIELDS = (
    (
        "DIST105",
        "The project name is valid",
        "The name becomes part of addresses and file names.",
        'name = "…" in [project]',
        "name",
    ),
    (
        "DIST106",
        "The version is valid (PEP 440)",
        "Installers cannot compare an invalid version with others.",
        "such as 1.2.3, 1.2.3rc1, 1.2.3.post1, 1.2.3.dev1",
        "version",
    ),
    (
        "DIST107",
        "PyPI can render the content type of the description",
        "The project page shows the description.",
        'readme = "README.md" in [project], or name its type: { file = "README", content-type = "text/markdown" }',
        "description-content-type",
    ),
    (
        "DIST108",
        "Only fields that may differ between the distributions of a release are dynamic",
        "Dynamic fields of an sdist are computed when a wheel is built from it (PEP 643).",
        "name in dynamic only what is not in [project]",
        "dynamic",
    ),
    (
        "DIST109",
        "Import names are names of modules",
        "They state which modules a distribution provides (PEP 794).",
        "import-names in [project]: dotted names",
        "import-name",
        "import-namespace",
    ),
    (
        "DIST110",
        "The licence is an SPDX expression",
        "Tools that audit licences read the expression (PEP 639).",
        'license = "MIT", or another of https://spdx.org/licenses/',
        "license-expression",
    ),
    (
        "DIST111",
        "Licence files are named by their paths below the project",
        "Tools look for them at exactly that place in the distribution (PEP 639).",
        'license-files = ["LICENSE"] in [project]',
        "license-file",
    ),
    (
        "DIST112",
        "Names of extras are valid",
        "Users write the name of an extra to install it (PEP 685).",
        "letters, digits, and . _ - between them",
        "provides-extra",
    ),
    (
        "DIST113",
        "Requirements are valid (PEP 508)",
        "An installer stops at a requirement that it cannot read.",
        "such as \"attrs>=23.1; python_version < '3.12'\"",
        "requires-dist",
    ),
    (
        "DIST114",
        "Requires-Python is a valid specifier (PEP 440)",
        "Installers use it to skip releases that do not support their Python.",
        'requires-python = ">=3.9"',
        "requires-python",
    ),
    (
        "DIST115",
        "The summary is a single line",
        "Lists of projects show the summary.",
        'description = "…" in [project], in one line',
        "summary",
    ),
)
"""Code, title, why and fix of the check that packaging accepts fields, and these fields."""

FIELD_CHECKS = tuple(_field_check(*row) for row in FIELDS)
CHECKED_FIELDS = {"metadata-version"}.union(*(fields for _, _, _, _, *fields in FIELDS))
"""The fields that have a check of their own."""


@metadata_check(
    "DIST116",
    "Every other field is valid, and part of the metadata version",
    "A tool does not expect fields that were added after the stated metadata version.",
)
def other_fields(file: Distribution) -> Finding:
    problems = (problem for problem in file.metadata.problems if problem.field not in CHECKED_FIELDS)
    return finding_of((sentence_of(problem.message) for problem in problems), "use a current build backend")


def _rule(
    code: str, title: str, why: str, errors: Callable[[Metadata], Iterable[str]], fix: str
) -> Check[Distribution]:
    """Return the check that a rule of PyPI yields no errors."""

    def holds(file: Distribution) -> Finding:
        return finding_of(map(sentence_of, errors(file.metadata)), fix)

    return Check(code, title, why, holds, needs=NEEDS_METADATA)


@metadata_check(
    "DIST122",
    "The version is not a local version",
    "A version with a + names a build that somebody made for themselves, not a release.",
)
def not_local(file: Distribution) -> Finding:
    version = file.metadata.version
    is_local = version is not None and version.local is not None
    sentence = sentence_of(f"The use of local versions in '{version}' is not allowed.", LOCAL_VERSIONS)
    fix = "build from a commit with a tag on it, and nothing uncommitted, if versions come from git"
    return finding_of([sentence] if is_local else [], fix)


LONGEST_ADDRESS = 1_000
"""Longer e-mail addresses are not parsed: none exist."""


def email_errors(written: str) -> Iterator[str]:
    """Yield why PyPI would refuse an e-mail address."""
    # Loaded here because it takes its time, and every release and rehearsal starts with this module.
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415

    address = ""
    try:
        address = email.utils.parseaddr(written)[1]
        if address:
            validate_email(address[:LONGEST_ADDRESS], check_deliverability=False)
    except EmailNotValidError as error:
        yield f"{address!r} is not a valid email address: {error}"
    except PARSER_FAILURES:
        yield f"{written[:60]!r} is not a valid email address"


def _classifier_errors(metadata: Metadata) -> Iterator[str]:
    # Loaded here because the list is long.
    from trove_classifiers import all_classifiers, deprecated_classifiers  # noqa: PLC0415

    classifiers = set(metadata.list("classifiers"))
    yield from (f"{name!r} is not a valid classifier." for name in sorted(classifiers - set(all_classifiers)))
    for name in sorted(classifiers & deprecated_classifiers.keys()):
        instead = deprecated_classifiers[name]
        use = f", use one of {list(instead)} instead" if instead else ""
        yield f"The classifier {name!r} has been deprecated{use}."


def _url_errors(url: str) -> Iterator[str]:
    if url and not _is_url(url):
        yield f"{url!r} is not a valid url."


def _is_url(url: str) -> bool:
    """Whether PyPI accepts a URL: of http or https, and made of what a URL may contain (RFC 3986)."""
    # Loaded here for the same reason.
    from rfc3986 import exceptions, uri_reference, validators  # noqa: PLC0415

    validator = validators.Validator().allow_schemes("http", "https").require_presence_of("scheme")
    validator.check_validity_of("scheme", "host", "port", "path", "query")
    try:
        validator.validate(uri_reference(url).normalize())
    except (exceptions.RFC3986Exception, *PARSER_FAILURES):
        return False
    return True


def _dynamic_errors(metadata: Metadata) -> Iterator[str]:
    if "dynamic" not in {problem.field for problem in metadata.problems}:
        fields = (name.lower() for name in metadata.list("dynamic"))
        yield from (
            f"Dynamic field {name!r} is not a valid dynamic field." for name in fields if name not in DYNAMIC_FIELDS
        )


def _requirement_errors(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        requirement = parse_requirement(text)
        if requirement is None:
            try:
                Requirement(text)
            except InvalidRequirement as error:
                yield f"{text!r} is invalid: {error}"
            except PARSER_FAILURES:
                yield f"{text[:60]!r} is invalid"
        elif requirement.url:
            yield f"Can't have direct dependency: {text!r}"


def _link_errors(metadata: Metadata) -> Iterator[str]:
    for label, url in metadata.urls.items():
        if not label:
            yield "Must have a label"
        elif len(label) > LABEL_LIMIT:
            yield f"{label!r} must be {LABEL_LIMIT} characters or less."
        elif not url:
            yield "Must have a URL"
        elif not _is_url(url):
            yield f"{url!r} is not a valid url"


CLASSIFIER_FIX = "see https://github.com/pypa/trove-classifiers; if it is new there: pip install -U trove-classifiers"
LICENCE_TWICE = (
    "License is deprecated when License-Expression is present. Only License-Expression should be present.",
)
SUMMARY_TOO_LONG = (f"'summary' field must be {SUMMARY_LIMIT} characters or less.",)
EMAIL_WHY = "Users and PyPI write to this address."
LINK_WHY = "The project page links to it."
UNUSED_FIELD_WHY = "No tool reads this field any more, but PyPI validates it."

RULE_CHECKS = (
    not_local,
    _rule(
        "DIST123",
        "The author's e-mail address is valid",
        EMAIL_WHY,
        lambda metadata: email_errors(metadata.text("author_email")),
        'authors = [{ name = "…", email = "…" }] in [project]; or leave the address out, if it is not public',
    ),
    _rule(
        "DIST124",
        "Every classifier is on PyPI's list, and not deprecated",
        'PyPI accepts no other classifier; one that begins with "Private ::" is a way to prevent an upload.',
        _classifier_errors,
        CLASSIFIER_FIX,
    ),
    _rule(
        "DIST125",
        "The download URL is valid",
        LINK_WHY,
        lambda metadata: _url_errors(metadata.text("download_url")),
        'Download = "https://…" in [project.urls]',
    ),
    _rule(
        "DIST126",
        "PyPI accepts every field that is dynamic",
        "PyPI stores the dynamic fields of a release, from a list of its own.",
        _dynamic_errors,
        "name in dynamic only what is not in [project]",
    ),
    _rule(
        "DIST127",
        "The URL of the home page is valid",
        LINK_WHY,
        lambda metadata: _url_errors(metadata.text("home_page")),
        'Homepage = "https://…" in [project.urls]',
    ),
    _rule(
        "DIST128",
        "The licence is stated once, as an expression",
        "A licence text next to the expression could contradict it (PEP 639).",
        lambda metadata: LICENCE_TWICE if metadata.text("license") and metadata.text("license_expression") else (),
        'license = "MIT", and no { text = … } or { file = … }',
    ),
    _rule(
        "DIST129",
        "The maintainer's e-mail address is valid",
        EMAIL_WHY,
        lambda metadata: email_errors(metadata.text("maintainer_email")),
        'maintainers = [{ name = "…", email = "…" }] in [project]',
    ),
    _rule(
        "DIST130",
        "Obsoletes-Dist contains names of projects",
        UNUSED_FIELD_WHY,
        lambda metadata: _requirement_errors(metadata.list("obsoletes_dist")),
        "leave the field out",
    ),
    _rule(
        "DIST131",
        "Project URLs are valid, and their labels have at most 32 characters",
        LINK_WHY,
        _link_errors,
        'Documentation = "https://…" in [project.urls]; labels of at most 32 characters',
    ),
    _rule(
        "DIST132",
        "Provides-Dist contains names of projects",
        UNUSED_FIELD_WHY,
        lambda metadata: _requirement_errors(metadata.list("provides_dist")),
        "leave the field out",
    ),
    _rule(
        "DIST133",
        "No requirement is a direct URL",
        "A file at another address can be gone or changed tomorrow.",
        lambda metadata: (f"Can't have direct dependency: {each}" for each in metadata.requirements if each.url),
        "require a release; move what only development needs to [dependency-groups]",
    ),
    _rule(
        "DIST134",
        "The summary has at most 512 characters",
        "Lists of projects show the summary.",
        lambda metadata: SUMMARY_TOO_LONG if len(metadata.text("summary")) > SUMMARY_LIMIT else (),
        "shorten description in [project]",
    ),
)

LONGEST = 1 << 20
"""Longer descriptions, in characters, are not rendered here: a renderer may take minutes."""

MOST_ERRORS = 3
"""How many errors of a renderer are reported."""

README_FIX = 'readme = "README.md" in [project]'


@check(
    "DIST141",
    "The description can be rendered",
    "PyPI refuses a file whose description it cannot show.",
    needs=(READABLE, "DIST107"),
)
def renders(file: Distribution) -> Finding:
    text = file.metadata.text("description")
    declared = file.metadata.text("description_content_type")
    if len(text) > LONGEST:
        return Finding.unknown(f"the description has more than {LONGEST:,} characters", "shorten it")
    errors = _render_errors(text, _without_parameters(declared or "text/x-rst")) if text else None
    if errors is None:
        return Finding.passed()
    how = f"for '{declared}'." if declared else "in the default format of reStructuredText."
    page = help_page("description-content-type")
    sentence = f"The description failed to render {how} See {page} for more information."
    return finding_of([sentence, *errors], f"correct the markup, and if it is Markdown: {README_FIX}")


@metadata_check(
    "DIST142",
    "There is a description, and its content type is stated",
    "Most users read nothing else before they install a package.",
    severity=WARNING,
)
def described(file: Distribution) -> Finding:
    if not file.metadata.text("description").strip():
        return Finding.failed("the description is missing, so the project page would be empty", README_FIX)
    if not file.metadata.text("description_content_type"):
        line = "the description has no content type, so PyPI renders it as reStructuredText"
        return Finding.failed(line, README_FIX)
    return Finding.passed()


@metadata_check(
    "DIST143",
    "The project is not named like a module of the standard library",
    "PyPI refuses new projects with such a name; existing projects, such as backports, may continue.",
    severity=WARNING,
)
def not_of_python(file: Distribution) -> Finding:
    name = file.metadata.name
    line = f"{name} is, or once was, a module of Python's standard library"
    return finding_of([line] if name and is_python_module(name) else [], "choose another name")


def new_name_errors(name: str) -> Iterator[str]:
    """Yield why PyPI would refuse a new project of this name, in its words."""
    page = help_page("project-name")
    if not is_project_name(name):
        yield f"The name {name!r} is invalid."
    elif is_python_module(name):
        reason = "conflict with Python Standard Library module name"
        yield f"The name {name!r} isn't allowed ({reason}). See {page} for more information."
    elif canonicalize_name(name) in PROHIBITED_NAMES:
        yield f"The name {name!r} isn't allowed. See {page} for more information."


def is_python_module(name: str) -> bool:
    """Whether a module of Python's standard library, of any version, or a package above one, has this name."""
    return canonicalize_name(name) in _python_modules()


@lru_cache(maxsize=1)
def _python_modules() -> frozenset[str]:
    # Loaded here because the lists are long.
    from stdlib_list import short_versions, stdlib_list  # noqa: PLC0415

    modules = {module for version in short_versions for module in stdlib_list(version)}
    parts = [module.split(".") for module in modules]
    names = {".".join(part[: count + 1]) for part in parts for count in range(len(part))}
    return frozenset(canonicalize_name(name.strip("-_.")) for name in names)


def _without_parameters(content_type: str) -> str:
    message = email.message.EmailMessage()
    try:
        message["content-type"] = content_type
        return message.get_content_type()
    except PARSER_FAILURES:
        return "text/plain"


def _render_errors(text: str, content_type: str) -> list[str] | None:
    """Return the errors of the renderer, as far as it reports any; None if the text can be rendered."""
    # Loaded here because docutils takes its time.
    from readme_renderer import markdown, rst  # noqa: PLC0415

    report = io.StringIO()
    try:
        if content_type == "text/markdown":
            rendered = markdown.render(text)
        elif content_type == "text/x-rst":
            rendered = rst.render(text, stream=report)
        else:
            return None
    except PARSER_FAILURES as error:
        return [str(error) or type(error).__name__]
    if rendered is not None:
        return None
    errors = re.findall(r"^<string>:(\d+): \(\w+/\d\) (.+)$", report.getvalue(), re.MULTILINE)
    return [f"line {line}: {error}" for line, error in errors[:MOST_ERRORS]]


CHECKS = (
    *(readable, fields_known, name_sendable, metadata_version, *FIELD_CHECKS, other_fields),
    *(*RULE_CHECKS, renders, described, not_of_python),
)
