"""Whether pyproject.toml says what an index, an installer and a reader ask."""

from __future__ import annotations

import contextlib
import logging
from datetime import date, time
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, ClassVar

from seatrial.checks.rule import shown, verdict
from seatrial.facts.publishing import SELF
from seatrial.facts.repository import owner_and_name
from seatrial.findings import Finding, Weight

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from seatrial.facts.sources import Sources

STANDARD = ("build-system", "project", "dependency-groups")
"""The tables that are the same for all (PyPA, the pyproject.toml specification)."""

MOST = 20
"""How many mistakes are looked for."""

LICENCES = ("LICEN[CS]E*", "COPYING*", "NOTICE*", "AUTHORS*")
"""Where the files of a licence are looked for when nobody names them (the pyproject.toml specification)."""


class SourceRule:
    """A check of what a project says of itself."""

    weight: ClassVar[Weight] = Weight.WARNING
    needs: ClassVar[tuple[str, ...]] = ("META001",)
    code: ClassVar[str]


class AsSpecified(SourceRule):
    """The standard tables of pyproject.toml are as the specification has them."""

    code: ClassVar[str] = "META011"
    weight: ClassVar[Weight] = Weight.ERROR

    def check(self, facts: Sources) -> Finding:
        """Build backends stop at what they do not know, each at another mistake."""
        said = shown(dict.fromkeys(_mistakes(facts.project.table)))
        return verdict(said, "write it as https://packaging.python.org/en/latest/specifications/pyproject-toml/ says")


class Summarised(SourceRule):
    """There is a summary."""

    code: ClassVar[str] = "META012"

    def check(self, facts: Sources) -> Finding:
        """It is what a search shows of the project."""
        if not facts.says_all:
            return Finding.skipped("the metadata stand elsewhere")
        bad = not str(facts.table.get("description", "")).strip() and not facts.is_open("description")
        return verdict(["[project] has no description"] if bad else [], 'description = "What it does, in one line"')


class LicenceSaid(SourceRule):
    """The licence is an expression (PEP 639)."""

    code: ClassVar[str] = "META021"

    def check(self, facts: Sources) -> Finding:
        """Programs read it; a text or a classifier leaves open which licence it is, and may not stand beside one."""
        if not facts.says_all or facts.is_open("license"):
            return Finding.skipped("the licence stands elsewhere")
        told, old = facts.table.get("license"), _licence_classifiers(facts)
        said = []
        if isinstance(told, dict):
            said.append("license is a table, which is deprecated")
        elif not told:
            said.append("[project] has no license")
        if old:
            said.append(f"a classifier says it too, which backends refuse beside an expression: {', '.join(old)}")
        return verdict(said, 'license = "MIT", or whichever it is, and no classifier that begins with "License ::"')


class LicenceFilesThere(SourceRule):
    """Every pattern of license-files fits a file."""

    code: ClassVar[str] = "META022"
    weight: ClassVar[Weight] = Weight.ERROR

    def check(self, facts: Sources) -> Finding:
        """PEP 639 has build backends stop at one that fits none."""
        told = facts.table.get("license-files", [])
        patterns = [one for one in told if isinstance(one, str)] if isinstance(told, list) else []
        bad = [one for one in patterns if not _fitting(facts, one)]
        return verdict(shown(f"no file that git knows fits {one!r}" for one in bad), "name those that there are")


class LicenceShipped(SourceRule):
    """There is a file with the text of the licence."""

    code: ClassVar[str] = "META023"

    def check(self, facts: Sources) -> Finding:
        """Most licences ask that their text goes along with every copy."""
        there = any(_fitting(facts, pattern) for pattern in LICENCES) or facts.table.get("license-files")
        return verdict([] if there else ["there is no LICENSE"], "add LICENSE beside pyproject.toml")


class SourcesLinked(SourceRule):
    """A URL leads to the sources."""

    code: ClassVar[str] = "META031"

    def check(self, facts: Sources) -> Finding:
        """Whoever wants to report a bug starts at the page of the project."""
        if not facts.says_all or facts.is_open("urls"):
            return Finding.skipped("the URLs stand elsewhere")
        there = any(label.lower() in SELF for label in facts.urls)
        owner, name = facts.home
        fix = f'[project.urls]\nRepository = "https://github.com/{owner or "OWNER"}/{name or "NAME"}"'
        return verdict([] if there else ["[project.urls] has neither Repository nor Homepage"], fix)


class UrlsOfHere(SourceRule):
    """The URL of the sources is that of the remote."""

    code: ClassVar[str] = "META032"

    def check(self, facts: Sources) -> Finding:
        """After a repository has moved, its old address leads to whoever takes it next."""
        told = {label: owner_and_name(url) for label, url in facts.urls.items() if label.lower() in SELF[:4]}
        if not facts.home[0]:
            return Finding.skipped("no remote leads to a forge")
        here = "/".join(facts.home)
        elsewhere = {label: "/".join(home) for label, home in told.items() if home[0] and home != ("", "")}
        said = [
            f"{label} leads to {home}, and the remote is {here}"
            for label, home in elsewhere.items()
            if home.lower() != here.lower()
        ]
        return verdict(shown(said), "mend [project.urls], or git remote set-url")


class ClassifiersKnown(SourceRule):
    """Every classifier is on PyPI's list."""

    code: ClassVar[str] = "META041"
    weight: ClassVar[Weight] = Weight.ERROR

    def check(self, facts: Sources) -> Finding:
        """PyPI takes no other, and some build backends stop at it."""
        # Loaded here because the list is long.
        from trove_classifiers import all_classifiers  # noqa: PLC0415

        bad = sorted({one.strip() for one in facts.project.classifiers} - set(all_classifiers) - {""})
        fix = "see https://github.com/pypa/trove-classifiers; if it is new there: pip install -U trove-classifiers"
        return verdict(shown(f"{one!r} is not a valid classifier." for one in bad), fix)


def _licence_classifiers(facts: Sources) -> list[str]:
    """Return the classifiers about the licence where an expression says it already."""
    is_expression = isinstance(facts.table.get("license"), str)
    return [one for one in facts.project.classifiers if is_expression and one.startswith("License ::")]


def _fitting(facts: Sources, pattern: str) -> list[PurePosixPath]:
    """Return the files that a glob pattern fits, from the project's folder on."""
    whole = "**" in pattern
    return [path for path in facts.files if _fits(path, pattern, whole=whole)]


def _fits(path: PurePosixPath, pattern: str, *, whole: bool) -> bool:
    if whole:
        # PurePath.match() takes ** for * before Python 3.13, and a pattern fits from the right.
        return any(path.match(pattern.replace("**/", "*/" * depth)) for depth in range(len(path.parts)))
    return len(path.parts) == len(PurePosixPath(pattern).parts) and path.match(pattern)


def _mistakes(table: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong. The library stops at the first mistake, so it is shown each key alone, then all together."""
    # Loaded here because only this check needs it.
    from validate_pyproject import api, errors  # noqa: PLC0415

    # It tells of what it would like, too.
    logging.getLogger("validate_pyproject").setLevel(logging.ERROR)
    valid = api.Validator(plugins=[])
    for told in _pieces(table):
        with _said(errors.ValidationError) as said:
            valid(told)
        yield from (one.partition("\n")[0].replace("`", "").rstrip(":") for one in said)


@contextlib.contextmanager
def _said(kind: type[Exception]) -> Iterator[list[str]]:
    said: list[str] = []
    try:
        yield said
    except kind as error:
        said.append(str(getattr(error, "summary", error)))


def _pieces(table: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield tables with one key each and what goes with it. Copies: the library fills in what is missing."""
    project = {key: value for key, value in table.get("project", {}).items() if key != "classifiers"}
    for key, value in project.items():
        least = {"name": "name"} if key == "dynamic" and _names(value, "version") else {"name": "name", "version": "1"}
        yield {"project": {**least, key: _in_json(value)}}
    yield from ({name: _in_json(table[name])} for name in STANDARD if name in table and name != "project")
    if "project" in table:
        yield {"project": _in_json(project)}


def _in_json(value: Any) -> Any:
    """Return a copy with numbers for dates: the library can't show a date, and no key takes either."""
    if isinstance(value, dict):
        return {key: _in_json(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_in_json(one) for one in value]
    return 0 if isinstance(value, (date, time)) else value


def _names(value: object, key: str) -> bool:
    return isinstance(value, list) and key in value
