"""Checks of pyproject.toml, the README and the supported Pythons of a project."""

from __future__ import annotations

import contextlib
import logging
import re
import shlex
from dataclasses import dataclass, field
from datetime import date, time
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, ClassVar

from seatrial.checks.check import finding_of, first_lines
from seatrial.ci.publisher import REPOSITORY_LABELS
from seatrial.errors import SeatrialError
from seatrial.findings import Finding, Severity
from seatrial.git.repository import owner_and_name
from seatrial.project.nox_sessions import SessionList

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from seatrial.ci.github import Workflow
    from seatrial.project.project import Project


STANDARD = ("build-system", "project", "dependency-groups")
"""The tables that are the same for all (PyPA, the pyproject.toml specification)."""

MOST = 20
"""How many mistakes are looked for."""

LICENCES = ("LICEN[CS]E*", "COPYING*", "NOTICE*", "AUTHORS*")
"""Where the files of a licence are looked for when nobody names them (the pyproject.toml specification)."""


class ProjectCheck:
    """A check of what a project says of itself."""

    severity: ClassVar[Severity] = Severity.WARNING
    needs: ClassVar[tuple[str, ...]] = ("META001",)
    code: ClassVar[str]


class AsSpecified(ProjectCheck):
    """The standard tables of pyproject.toml are as the specification has them."""

    code: ClassVar[str] = "META011"
    severity: ClassVar[Severity] = Severity.ERROR

    def check(self, facts: ProjectSources) -> Finding:
        """Build backends stop at what they do not know, each at another mistake."""
        said = first_lines(dict.fromkeys(_mistakes(facts.project.table)))
        return finding_of(
            said, "write it as https://packaging.python.org/en/latest/specifications/pyproject-toml/ says"
        )


class Summarised(ProjectCheck):
    """There is a summary."""

    code: ClassVar[str] = "META012"

    def check(self, facts: ProjectSources) -> Finding:
        """It is what a search shows of the project."""
        if not facts.says_all:
            return Finding.skipped("the metadata stand elsewhere")
        bad = not str(facts.table.get("description", "")).strip() and not facts.is_open("description")
        return finding_of(["[project] has no description"] if bad else [], 'description = "What it does, in one line"')


class LicenceDeclared(ProjectCheck):
    """The licence is an expression (PEP 639)."""

    code: ClassVar[str] = "META021"

    def check(self, facts: ProjectSources) -> Finding:
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
        return finding_of(said, 'license = "MIT", or whichever it is, and no classifier that begins with "License ::"')


class LicenceFilesThere(ProjectCheck):
    """Every pattern of license-files fits a file."""

    code: ClassVar[str] = "META022"
    severity: ClassVar[Severity] = Severity.ERROR

    def check(self, facts: ProjectSources) -> Finding:
        """PEP 639 has build backends stop at one that fits none."""
        told = facts.table.get("license-files", [])
        patterns = [one for one in told if isinstance(one, str)] if isinstance(told, list) else []
        bad = [one for one in patterns if not _fitting(facts, one)]
        return finding_of(
            first_lines(f"no file that git knows fits {one!r}" for one in bad), "name those that there are"
        )


class LicenceShipped(ProjectCheck):
    """There is a file with the text of the licence."""

    code: ClassVar[str] = "META023"

    def check(self, facts: ProjectSources) -> Finding:
        """Most licences ask that their text goes along with every copy."""
        there = any(_fitting(facts, pattern) for pattern in LICENCES) or facts.table.get("license-files")
        return finding_of([] if there else ["there is no LICENSE"], "add LICENSE beside pyproject.toml")


class SourcesLinked(ProjectCheck):
    """A URL leads to the sources."""

    code: ClassVar[str] = "META031"

    def check(self, facts: ProjectSources) -> Finding:
        """Whoever wants to report a bug starts at the page of the project."""
        if not facts.says_all or facts.is_open("urls"):
            return Finding.skipped("the URLs stand elsewhere")
        there = any(label.lower() in REPOSITORY_LABELS for label in facts.urls)
        owner, name = facts.home
        fix = f'[project.urls]\nRepository = "https://github.com/{owner or "OWNER"}/{name or "NAME"}"'
        return finding_of([] if there else ["[project.urls] has neither Repository nor Homepage"], fix)


class UrlsOfHere(ProjectCheck):
    """The URL of the sources is that of the remote."""

    code: ClassVar[str] = "META032"

    def check(self, facts: ProjectSources) -> Finding:
        """After a repository has moved, its old address leads to whoever takes it next."""
        told = {
            label: owner_and_name(url) for label, url in facts.urls.items() if label.lower() in REPOSITORY_LABELS[:4]
        }
        if not facts.home[0]:
            return Finding.skipped("no remote leads to a forge")
        here = "/".join(facts.home)
        elsewhere = {label: "/".join(home) for label, home in told.items() if home}
        said = [
            f"{label} leads to {home}, and the remote is {here}"
            for label, home in elsewhere.items()
            if home.lower() != here.lower()
        ]
        return finding_of(first_lines(said), "mend [project.urls], or git remote set-url")


class ClassifiersKnown(ProjectCheck):
    """Every classifier is on PyPI's list."""

    code: ClassVar[str] = "META041"
    severity: ClassVar[Severity] = Severity.ERROR

    def check(self, facts: ProjectSources) -> Finding:
        """PyPI takes no other, and some build backends stop at it."""
        # Loaded here because the list is long.
        from trove_classifiers import all_classifiers  # noqa: PLC0415

        bad = sorted({one.strip() for one in facts.project.classifiers} - set(all_classifiers) - {""})
        fix = "see https://github.com/pypa/trove-classifiers; if it is new there: pip install -U trove-classifiers"
        return finding_of(first_lines(f"{one!r} is not a valid classifier." for one in bad), fix)


def _licence_classifiers(facts: ProjectSources) -> list[str]:
    """Return the classifiers about the licence where an expression says it already."""
    is_expression = isinstance(facts.table.get("license"), str)
    return [one for one in facts.project.classifiers if is_expression and one.startswith("License ::")]


def _fitting(facts: ProjectSources, pattern: str) -> list[PurePosixPath]:
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
        with _declared(errors.ValidationError) as said:
            valid(told)
        yield from (one.partition("\n")[0].replace("`", "").rstrip(":") for one in said)


@contextlib.contextmanager
def _declared(kind: type[Exception]) -> Iterator[list[str]]:
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


LINES, ALL = re.MULTILINE, re.MULTILINE | re.DOTALL

LINKS = {
    "text/markdown": re.compile(
        r"""\]\(\s*<?([^)\s>]+)|(?:href|src)=["']([^"']+)|^\[[^\]]+\]:\s*<?(\S+?)>?\s*$""", LINES
    ),
    "text/x-rst": re.compile(r"^\s*\.\. (?:image|figure):: (\S+)|`[^`]*<([^`>]+)>`__?|^\.\. _[^:]+: (\S+)$", LINES),
}
"""What a link or an image looks like."""

CODE = {
    "text/markdown": re.compile(r"^ *(```+|~~~+).*?^ *\1|`[^`\n]+`|<!--.*?-->", ALL),
    "text/x-rst": re.compile(r"``[^`\n]+``|^\.\. code(?:-block)?::.*?(?=^\S|\Z)", ALL),
}
"""What shows text as it is."""

ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|//|#|.*_$", re.IGNORECASE)
"""A link that leads to another place, or to one on the page itself; in reStructuredText, to another link."""


class ReadmeThere(ProjectCheck):
    """The README is named, and there."""

    code: ClassVar[str] = "META013"
    severity: ClassVar[Severity] = Severity.ERROR

    def check(self, facts: ProjectSources) -> Finding:
        """It becomes the page of the project; a build stops when the file is missing."""
        path = facts.readme
        if path is None:
            return Finding.skipped("[project] names none")
        bad = path not in facts.files and not str(path).startswith("..")
        fix = f"git add {shlex.quote(str(path))}, and commit; or name one that is there"
        return finding_of([f"git knows no {path}, which readme names"] if bad else [], fix)


class ReadmeNamed(ProjectCheck):
    """There is a README for the page of the project."""

    code: ClassVar[str] = "META014"

    def check(self, facts: ProjectSources) -> Finding:
        """It is all that most people read before they install something."""
        told = facts.table.get("readme")
        if not facts.says_all or facts.is_open("readme") or told:
            return Finding.passed() if told else Finding.skipped("the README stands elsewhere")
        return Finding.failed("[project] has no readme", 'readme = "README.md"')


class ReadmeFormat(ProjectCheck):
    """The format of the README is the one that its name says."""

    code: ClassVar[str] = "META015"

    def check(self, facts: ProjectSources) -> Finding:
        """PyPI renders what it is told: Markdown taken for reStructuredText is refused, or looks like noise."""
        path = facts.readme
        if path is None:
            return Finding.skipped("[project] names none")
        meant = README_TYPES.get(path.suffix.lower(), "")
        bad = meant and facts.readme_type != meant
        said = f"{path} is told to be {facts.readme_type or 'of no format'}, and is named like {meant}"
        return finding_of([said] if bad else [], f'readme = "{path}"')


class ReadmeLinks(ProjectCheck):
    """Links and images of the README lead somewhere from the page of the project, too."""

    code: ClassVar[str] = "META016"

    def check(self, facts: ProjectSources) -> Finding:
        """There are no files beside that page: a relative link is dead there, and an image is missing."""
        bad = first_lines(dict.fromkeys(_relative(facts.readme_text, facts.readme_type)))
        return finding_of(bad, "write them with the whole address of the file on the forge")


def _relative(text: str, content_type: str) -> Iterator[str]:
    if content_type in LINKS:
        plain = CODE[content_type].sub("", text)
        for found in LINKS[content_type].finditer(plain):
            target = next(group for group in found.groups() if group)
            if not ELSEWHERE.match(target):
                yield target


NEWEST = 20
"""Minor versions of Python 3 that are looked at; there are not so many yet."""

PATCHES = (*range(50), 999)


class PythonsBounded(ProjectCheck):
    """Requires-Python says which is the oldest."""

    code: ClassVar[str] = "META051"

    def check(self, facts: ProjectSources) -> Finding:
        """Without it, installers of an old Python take a release that does not work there."""
        if facts.is_open("requires-python"):
            return Finding.skipped("the build backend fills it in")
        fix = f'requires-python = ">={next(iter(_classified(facts)), "3.9")}"'
        return finding_of([] if facts.project.requires_python else ["there is no requires-python"], fix)


class PythonsNamed(ProjectCheck):
    """The classifiers name every Python from the oldest that Requires-Python admits, without a gap."""

    code: ClassVar[str] = "META052"

    def check(self, facts: ProjectSources) -> Finding:
        """The matrix is read from them: a Python that is admitted and not named is never tested."""
        named, admitted = _classified(facts), _admitted(facts)
        if not named or not admitted:
            return Finding.skipped("one of both names none")
        newest = _minor(named[-1])
        missing = [one for one in admitted if _minor(one) <= newest and one not in named]
        said = f"requires-python admits {', '.join(missing)}, which no classifier names"
        fix = "raise requires-python, or add to the classifiers:\n" + "\n".join(
            f'"Programming Language :: Python :: {one}",' for one in missing
        )
        return finding_of([said] if missing else [], fix)


class NoxfileLoads(ProjectCheck):
    """The noxfile can be loaded."""

    code: ClassVar[str] = "META053"
    severity: ClassVar[Severity] = Severity.ERROR

    def check(self, facts: ProjectSources) -> Finding:
        """CI calls its sessions."""
        if not facts.listing.is_there:
            return Finding.skipped("there is none beside pyproject.toml")
        return finding_of([facts.listing.failure] if facts.listing.failure else [], "nox -l")


class PythonsTested(ProjectCheck):
    """Every Python that the classifiers name has a session."""

    code: ClassVar[str] = "META054"
    needs: ClassVar[tuple[str, ...]] = ("META053",)

    def check(self, facts: ProjectSources) -> Finding:
        """A promise that nobody tests is broken without a word."""
        run = facts.listing.pythons
        missing = [one for one in _classified(facts) if one not in run]
        said = f"no session of the noxfile runs on Python {', '.join(missing)}"
        return finding_of([said] if missing else [], "sessions.tests() without pythons= runs on all that are named")


class TypesTarget(ProjectCheck):
    """mypy and ruff are told the oldest Python, or none."""

    code: ClassVar[str] = "META055"

    def check(self, facts: ProjectSources) -> Finding:
        """What was added to Python later would be taken for granted."""
        oldest = next(iter(_admitted(facts)), "") or next(iter(_classified(facts)), "")
        told = {"mypy's python_version": _text(facts.project.mypy_settings.get("python_version", ""))}
        ruff = facts.project.table.get("tool", {}).get("ruff", {}).get("target-version", "")
        told["ruff's target-version"] = re.sub(r"^py3(\d+)$", r"3.\1", _text(ruff))
        said = [f"{who} is {what}, and the oldest is {oldest}" for who, what in told.items() if what and what != oldest]
        return finding_of(said if oldest else [], f"make it {oldest}, or leave it out: seatrial types on every Python")


class PythonsInWorkflows(ProjectCheck):
    """Where workflows name the Pythons to test on, they name all of them, and no other."""

    code: ClassVar[str] = "META056"

    def check(self, facts: ProjectSources) -> Finding:
        """A matrix that is typed twice drifts apart."""
        named = _classified(facts)
        jobs = [
            (workflow, job)
            for workflow in facts.workflows
            for job in workflow.jobs
            if len(job.pythons) > 1 and not set(job.pythons).isdisjoint(named)
        ]
        if not jobs or not named:
            return Finding.skipped("none of them names several")
        run = {one for _, job in jobs for one in job.pythons}
        missing = [one for one in named if one not in run]
        beyond = sorted(run - set(named), key=_minor)
        said = [f"no workflow runs Python {', '.join(missing)}"] if missing else []
        said += [f"workflows run Python {', '.join(beyond)}, which no classifier names"] if beyond else []
        return finding_of(said, "have the matrix come from nox --list --json, or mend it by hand")


def _classified(facts: ProjectSources) -> tuple[str, ...]:
    """Return the Pythons that the classifiers name, the oldest first, none where they contradict something."""
    try:
        return tuple(one for one in facts.project.pythons if one[-1].isdecimal())
    except SeatrialError:
        return ()


def _admitted(facts: ProjectSources) -> tuple[str, ...]:
    # Loaded here because the rest does without.
    from packaging.specifiers import InvalidSpecifier, SpecifierSet  # noqa: PLC0415

    try:
        allowed = SpecifierSet(facts.project.requires_python)
    except InvalidSpecifier:
        return ()
    if not str(allowed):
        return ()
    # Some release of it has to be admitted: ">=3.9.2" admits 3.9.
    found = (f"3.{minor}" for minor in range(NEWEST) if any(allowed.contains(f"3.{minor}.{one}") for one in PATCHES))
    return tuple(found)


def _minor(python: str) -> int:
    return int(python.partition(".")[2])


def _text(value: object) -> str:
    return str(value) if isinstance(value, (str, int, float)) else ""


README_TYPES = {".md": "text/markdown", ".markdown": "text/markdown", ".rst": "text/x-rst", ".txt": "text/plain"}
"""What the suffix of a README says of its format (the pyproject.toml specification, ``readme``)."""


@dataclass(frozen=True)
class ProjectSources:
    """``files``: those that git knows, below the project; ``home``: owner and name of the repository on the forge."""

    project: Project
    files: tuple[PurePosixPath, ...]
    listing: SessionList = field(default_factory=SessionList)
    workflows: tuple[Workflow, ...] = ()
    home: tuple[str, str] = ("", "")

    @property
    def table(self) -> Mapping[str, Any]:
        """The ``[project]`` of pyproject.toml, empty where the metadata stand elsewhere."""
        found: Mapping[str, Any] = self.project.table.get("project", {})
        return found

    @property
    def says_all(self) -> bool:
        """Whether the metadata stand in ``[project]``."""
        return "project" in self.project.table

    def is_open(self, key: str) -> bool:
        """Whether the build backend fills in a key of ``[project]``."""
        dynamic = self.table.get("dynamic")
        return isinstance(dynamic, list) and key in dynamic

    @property
    def readme(self) -> PurePosixPath | None:
        """The file that ``readme`` names, None when it names none."""
        told = self.table.get("readme")
        name = told.get("file") if isinstance(told, dict) else told
        return PurePosixPath(name) if isinstance(name, str) and name else None

    @property
    def readme_type(self) -> str:
        """The format that ``readme`` names, or that the suffix of its file stands for; "" for none."""
        told = self.table.get("readme")
        if isinstance(told, dict) and isinstance(told.get("content-type"), str):
            return str(told["content-type"]).partition(";")[0].strip().lower()
        return README_TYPES.get(self.readme.suffix.lower(), "") if self.readme else ""

    @property
    def readme_text(self) -> str:
        """What the README says, "" when it can't be read."""
        try:
            return (self.project.root / self.readme).read_text(encoding="utf-8") if self.readme else ""
        except (OSError, ValueError):
            return ""

    @property
    def urls(self) -> dict[str, str]:
        """The ``[project.urls]``."""
        told = self.table.get("urls")
        return {str(label): str(url) for label, url in told.items()} if isinstance(told, dict) else {}
