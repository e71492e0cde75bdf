"""What a distribution states about itself: in its file name and in its core metadata.

The file name has kind, project, version and tags (PEP 425, PEP 427, PEP 625).
"""

from __future__ import annotations

import email.errors
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, cast

from packaging import metadata as core
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import NormalizedName, parse_sdist_filename, parse_wheel_filename
from packaging.version import InvalidVersion, Version

if TYPE_CHECKING:
    from packaging.tags import Tag


class FileKind(Enum):
    """What a file is by its name, which is how an index and an installer decide."""

    SDIST = "sdist"
    WHEEL = "wheel"
    NEITHER = "neither"

    @classmethod
    def of(cls, name: str) -> FileKind:
        """Return the kind of a file name; a zip file is an sdist of old."""
        if name.lower().endswith(".whl"):
            return cls.WHEEL
        return cls.SDIST if name.lower().endswith((".tar.gz", ".zip")) else cls.NEITHER


@dataclass(frozen=True)
class FileName:
    """The parts of the file name of an sdist or a wheel; ``tags``: those of a wheel, empty for an sdist."""

    project: NormalizedName
    version: Version
    tags: frozenset[Tag] = frozenset()

    @classmethod
    def parse(cls, name: str) -> FileName:
        """Read a file name. Raises `ValueError` with the sentence of packaging, which is that of PyPI."""
        is_wheel = FileKind.of(name) is FileKind.WHEEL
        try:
            if is_wheel:
                project, version, _, tags = parse_wheel_filename(name)
                return cls(project, version, tags)
            return cls(*parse_sdist_filename(name))
        except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError):
            # What a name that was made to do harm makes packaging raise.
            kind = "wheel" if is_wheel else "source distribution"
            raise ValueError(f"Invalid {kind} filename: {name!r}") from None

    @property
    def is_for_any_machine(self) -> bool:
        """Whether a wheel is the same wherever it was built: none of its tags names a platform (PEP 425)."""
        return all(tag.platform == "any" for tag in self.tags)

    def fits(self, python: str) -> bool:
        """Whether a wheel can be installed on CPython ``python``: ``"3.12"``, or ``"3.14t"`` (PEP 425, PEP 703)."""
        minor, is_free_threaded = int(re.findall(r"\d+", python)[1]), python.endswith("t")
        for tag in self.tags:
            interpreter = re.fullmatch(r"(?:py|cp)3(\d*)", tag.interpreter)
            oldest = int(interpreter[1] or 0) if interpreter else sys.maxsize
            fits_newer = tag.abi == "abi3" or tag.interpreter.startswith("py")
            fits_build = tag.abi == "none" or tag.abi.endswith("t") == is_free_threaded
            if fits_build and (oldest == minor or (fits_newer and oldest < minor)):
                return True
        return False


def version_of(name: str) -> Version | None:
    """Return the version in the name of a distribution, None for another name."""
    try:
        return FileName.parse(name).version
    except ValueError:
        return None


FIRST_FIELDS = ("metadata-version", "name", "version")
"""The fields whose errors PyPI reports before all others; the rest follow in alphabetical order."""

REQUIRED_FIELDS = ("metadata_version", "name", "version")

PARSER_FAILURES = (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
"""What Python's and packaging's parsers raise for a text that was made to do harm."""

UNORDERED = re.compile(r"(?<= )\[('[^\]]*')\](?=, not )")
"""A list in a message of packaging that was a set, whose order is random."""

ORDER = ("text/plain", "text/x-rst", "text/markdown", "GFM", "CommonMark")


@dataclass(frozen=True)
class Problem:
    """An error in a field, by its name in the file, in the words of packaging and therefore of PyPI."""

    field: str
    message: str


@dataclass(frozen=True)
class Metadata:
    """The fields as they are written, by the names that packaging gives them.

    ``unparsed``: the fields that can't be read or are unknown; ``problems``: what packaging does not accept, in the
    order in which PyPI reports it; ``error``: why nothing could be read at all, None if it could.
    """

    raw: Mapping[str, Any] = field(default_factory=dict)
    unparsed: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    error: str | None = None

    @classmethod
    def from_bytes(cls, data: bytes) -> Metadata:
        """Read METADATA or PKG-INFO."""
        try:
            parsed, unparsed = core.parse_email(data)
        except (*PARSER_FAILURES, email.errors.MessageError) as error:
            return cls(error=str(error) or type(error).__name__)
        # PyPI takes fields of that value for missing: distutils wrote them so.
        raw = {name: value for name, value in parsed.items() if not _is_unknown(value)}
        if _is_before(raw.get("metadata_version"), "2.4"):
            # setuptools wrote it before it was defined, and so twine leaves it out.
            raw.pop("license_files", None)
        return cls(raw, tuple(sorted(unparsed)), tuple(sorted(_problems(raw), key=_rank)))

    @property
    def name(self) -> str:
        """The name as it is written, "" if it is missing."""
        return self.text("name")

    @property
    def version(self) -> Version | None:
        """The version, None if it is missing or invalid."""
        try:
            return Version(self.text("version"))
        except (InvalidVersion, *PARSER_FAILURES):
            return None

    @property
    def requires_python(self) -> SpecifierSet | None:
        """The supported Pythons, None if the field is missing or invalid."""
        try:
            return SpecifierSet(self.text("requires_python")) if "requires_python" in self.raw else None
        except (InvalidSpecifier, *PARSER_FAILURES):
            return None

    @property
    def requirements(self) -> tuple[Requirement, ...]:
        """The requirements; those that can't be read are left out."""
        texts = self.list("requires_dist")
        return tuple(requirement for text in texts if (requirement := parse_requirement(text)))

    def text(self, name: str) -> str:
        """Return a field that may appear once, "" if it is missing."""
        value = self.raw.get(name, "")
        return value if isinstance(value, str) else ""

    def list(self, name: str) -> tuple[str, ...]:
        """Return a field that may appear more than once."""
        value = self.raw.get(name, ())
        return tuple(value) if isinstance(value, list) else ()

    @property
    def urls(self) -> Mapping[str, str]:
        """The project's addresses by their labels."""
        return cast("Mapping[str, str]", self.raw.get("project_urls", {}))


def _is_unknown(value: object) -> bool:
    last = value[-1] if isinstance(value, list) and value else value
    return isinstance(last, str) and last.strip() == "UNKNOWN"


def _is_before(version: object, bound: str) -> bool:
    try:
        return Version(str(version)) < Version(bound)
    except (InvalidVersion, *PARSER_FAILURES):
        return False


def parse_requirement(text: str) -> Requirement | None:
    """Read a requirement (PEP 508), None if it is invalid."""
    try:
        return Requirement(text)
    except (InvalidRequirement, *PARSER_FAILURES):
        return None


def _problems(raw: dict[str, Any]) -> Iterator[Problem]:
    """Yield the errors of packaging in all fields, or in each field alone if one makes it fail."""
    try:
        yield from _validate(raw)
    except PARSER_FAILURES:
        yield from {
            problem for name in dict.fromkeys((*REQUIRED_FIELDS, *raw)) for problem in _problems_alone(name, raw)
        }


def _problems_alone(name: str, raw: dict[str, Any]) -> Iterator[Problem]:
    """Yield the errors of packaging in a field among others that are valid."""
    fields = {"metadata_version": raw.get("metadata_version", "2.1"), "name": "name", "version": "1"}
    fields.pop(name, None)
    fields.update({name: raw[name]} if name in raw else {})
    written = name.replace("_", "-")
    try:
        yield from _validate(fields)
    except PARSER_FAILURES:
        yield Problem(written, f"{str(raw.get(name, ''))[:60]!r} is invalid for {written!r}")


def _validate(raw: dict[str, Any]) -> Iterator[Problem]:
    try:
        core.Metadata.from_raw(cast("core.RawMetadata", raw))
    except core.ExceptionGroup as group:
        for error in group.exceptions:
            if not isinstance(error, core.InvalidMetadata):
                raise error from None
            yield Problem(error.field, UNORDERED.sub(_in_order, str(error)))


def _in_order(match: re.Match[str]) -> str:
    words = match[1].replace("'", "").split(", ")
    return str(sorted(words, key=lambda word: ORDER.index(word) if word in ORDER else len(ORDER)))


def _rank(problem: Problem) -> tuple[int, str, str]:
    place = FIRST_FIELDS.index(problem.field) if problem.field in FIRST_FIELDS else len(FIRST_FIELDS)
    return (place, problem.field, problem.message)
