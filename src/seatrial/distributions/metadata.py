"""The core metadata of a distribution, and where they break their specification."""

from __future__ import annotations

import email.errors
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from packaging import metadata as core
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


FIRST_FIELDS = ("metadata-version", "name", "version")
"""The fields that PyPI tells of before all others; the rest follow by the alphabet."""

REQUIRED_FIELDS = ("metadata_version", "name", "version")

PARSER_FAILURES = (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
"""What a text that was made to do harm makes Python's and packaging's parsers raise."""

UNORDERED = re.compile(r"(?<= )\[('[^\]]*')\](?=, not )")
"""A list in a message of packaging that was a set: in which order it comes is chance."""

ORDER = ("text/plain", "text/x-rst", "text/markdown", "GFM", "CommonMark")


@dataclass(frozen=True)
class Problem:
    """What is wrong with a field, which goes by its name in the file, in the words of packaging and so of PyPI."""

    field: str
    message: str


@dataclass(frozen=True)
class Metadata:
    """The fields as they are written, by the names that packaging gives them.

    ``unparsed``: the fields that can't be read or are not known; ``problems``: what packaging does not accept, in the
    order in which PyPI tells of it; ``broken``: why nothing could be read at all.
    """

    raw: Mapping[str, Any] = field(default_factory=dict)
    unparsed: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    broken: str = ""

    @classmethod
    def from_bytes(cls, data: bytes) -> Metadata:
        """Read METADATA or PKG-INFO."""
        try:
            parsed, unparsed = core.parse_email(data)
        except (*PARSER_FAILURES, email.errors.MessageError) as error:
            return cls(broken=str(error) or type(error).__name__)
        # PyPI takes fields of that value for missing: distutils wrote them so.
        raw = {name: value for name, value in parsed.items() if not _is_unknown(value)}
        if _is_before(raw.get("metadata_version"), "2.4"):
            # setuptools wrote it before it was defined, and so twine leaves it out.
            raw.pop("license_files", None)
        return cls(raw, tuple(sorted(unparsed)), tuple(sorted(_problems(raw), key=_rank)))

    @property
    def name(self) -> str:
        """The name as it is written, "" for none."""
        return self.text("name")

    @property
    def version(self) -> Version | None:
        """The version, None for one that is missing or none."""
        try:
            return Version(self.text("version"))
        except (InvalidVersion, *PARSER_FAILURES):
            return None

    @property
    def requires_python(self) -> SpecifierSet | None:
        """Which Pythons it is for, None where it does not say, or not so that it can be read."""
        try:
            return SpecifierSet(self.text("requires_python")) if "requires_python" in self.raw else None
        except (InvalidSpecifier, *PARSER_FAILURES):
            return None

    @property
    def requirements(self) -> tuple[Requirement, ...]:
        """What it needs to be installed; what can't be read is left out."""
        return tuple(one for text in self.list("requires_dist") if (one := parse_requirement(text)))

    def text(self, name: str) -> str:
        """Return a field that is there once, "" for none."""
        value = self.raw.get(name, "")
        return value if isinstance(value, str) else ""

    def list(self, name: str) -> tuple[str, ...]:
        """Return a field that can be there more than once."""
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
    """Read a requirement (PEP 508), None for what is none."""
    try:
        return Requirement(text)
    except (InvalidRequirement, *PARSER_FAILURES):
        return None


def _problems(raw: dict[str, Any]) -> Iterator[Problem]:
    """Yield what packaging says of all fields, or of each alone where it stumbles over one."""
    try:
        yield from _validate(raw)
    except PARSER_FAILURES:
        yield from {
            problem for name in dict.fromkeys((*REQUIRED_FIELDS, *raw)) for problem in _problems_alone(name, raw)
        }


def _problems_alone(name: str, raw: dict[str, Any]) -> Iterator[Problem]:
    """Yield what packaging says of a field among others that are in order."""
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


def _in_order(found: re.Match[str]) -> str:
    words = found[1].replace("'", "").split(", ")
    return str(sorted(words, key=lambda word: ORDER.index(word) if word in ORDER else len(ORDER)))


def _rank(problem: Problem) -> tuple[int, str, str]:
    place = FIRST_FIELDS.index(problem.field) if problem.field in FIRST_FIELDS else len(FIRST_FIELDS)
    return (place, problem.field, problem.message)
