"""Checks of a project (META0xx): pyproject.toml, the README, the licence, and the supported Pythons."""

from __future__ import annotations

import logging
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, time
from functools import cache, partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from seatrial.checks.check import ERROR, WARNING, check, finding_of, first_lines
from seatrial.checks.metadata import CLASSIFIER_FIX
from seatrial.ci.publisher import REPOSITORY_LABELS
from seatrial.errors import SeatrialError
from seatrial.findings import Finding
from seatrial.git.repository import owner_and_name
from seatrial.project.nox_sessions import SessionList
from seatrial.project.project import Project, admits

if TYPE_CHECKING:
    from seatrial.ci.github import Workflow


README_TYPES = {".md": "text/markdown", ".markdown": "text/markdown", ".rst": "text/x-rst", ".txt": "text/plain"}
"""The content type of a README by its suffix (the pyproject.toml specification, ``readme``)."""


@dataclass(frozen=True)
class ProjectSources:
    """A project as git has it.

    ``files``: those that git tracks, below the project; ``home``: OWNER/NAME of the repository on its
    forge, and ``page`` its address there, None where that is not known.
    """

    project: Project
    files: tuple[PurePosixPath, ...]
    listing: SessionList = field(default_factory=SessionList)
    workflows: tuple[Workflow, ...] = ()
    home: str | None = None
    page: str | None = None

    @property
    def table(self) -> Mapping[str, Any]:
        """The ``[project]`` of pyproject.toml, empty if the metadata is elsewhere."""
        table: Mapping[str, Any] = self.project.table.get("project", {})
        return table

    @property
    def has_table(self) -> bool:
        """Whether the metadata is in ``[project]``."""
        return "project" in self.project.table

    def is_dynamic(self, key: str) -> bool:
        """Whether the build backend fills in a key of ``[project]``."""
        dynamic = self.table.get("dynamic")
        return isinstance(dynamic, list) and key in dynamic

    def lacks(self, key: str) -> bool:
        """Whether ``[project]`` is where a key belongs; false also if the build backend fills it in."""
        return self.has_table and not self.is_dynamic(key)

    @property
    def readme(self) -> PurePosixPath | None:
        """The file that ``readme`` names, None if it names none."""
        readme = self.table.get("readme")
        name = readme.get("file") if isinstance(readme, dict) else readme
        return PurePosixPath(name) if isinstance(name, str) and name else None

    @property
    def readme_type(self) -> str | None:
        """The content type that ``readme`` states, or that of the suffix of its file; None for another suffix."""
        readme = self.table.get("readme")
        if isinstance(readme, dict) and isinstance(readme.get("content-type"), str):
            return str(readme["content-type"]).partition(";")[0].strip().lower()
        return README_TYPES.get(self.readme.suffix.lower()) if self.readme else None

    @property
    def readme_text(self) -> str:
        """The text of the README, "" if it can't be read."""
        try:
            return (self.project.root / self.readme).read_text(encoding="utf-8") if self.readme else ""
        except (OSError, ValueError):
            return ""

    @property
    def urls(self) -> dict[str, str]:
        """The ``[project.urls]``."""
        urls = self.table.get("urls")
        return {str(label): str(url) for label, url in urls.items()} if isinstance(urls, dict) else {}


project_check = partial(check, severity=WARNING, needs=("META001",))


@project_check(
    "META011",
    "The standard tables of pyproject.toml follow their specification",
    "Build backends stop at unknown keys, each at other keys.",
    severity=ERROR,
)
def as_specified(sources: ProjectSources) -> Finding:
    errors = first_lines(dict.fromkeys(_specification_errors(sources.project.table)))
    page = "https://packaging.python.org/en/latest/specifications/pyproject-toml/"
    return finding_of(errors, f"write it as {page} specifies")


STANDARD_TABLES = ("build-system", "project", "dependency-groups")
"""The tables that are the same for all tools (PyPA, the pyproject.toml specification)."""


def _specification_errors(table: Mapping[str, Any]) -> Iterator[str]:
    """Yield the errors. The library stops at the first, so it gets each key alone, then all together."""
    # Loaded here because it takes its time.
    from validate_pyproject import errors  # noqa: PLC0415

    validate = _validator()

    def error_in(part: dict[str, Any]) -> str | None:
        try:
            validate(part)
        except errors.ValidationError as error:
            return str(error.summary).partition("\n")[0].replace("`", "").rstrip(":")
        return None

    yield from filter(None, map(error_in, _parts(table)))


@cache
def _validator() -> Callable[[dict[str, Any]], object]:
    """Return what validates the standard tables: it compiles their schema once."""
    from validate_pyproject import api  # noqa: PLC0415 - as above

    # It also logs what it would like.
    logging.getLogger("validate_pyproject").setLevel(logging.ERROR)
    return api.Validator(plugins=[])


def _parts(table: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield tables with one key each and what it needs. They are copies: the library fills in what is missing."""
    project = {key: value for key, value in table.get("project", {}).items() if key != "classifiers"}
    for key, value in project.items():
        needs_version = not (key == "dynamic" and isinstance(value, list) and "version" in value)
        least = {"name": "name", "version": "1"} if needs_version else {"name": "name"}
        yield {"project": {**least, key: _in_json(value)}}
    yield from ({name: _in_json(table[name])} for name in STANDARD_TABLES if name in table and name != "project")
    if "project" in table:
        yield {"project": _in_json(project)}


def _in_json(value: Any) -> Any:
    """Return a copy with numbers in place of dates: the library can't print a date, and no key takes either."""
    if isinstance(value, dict):
        return {key: _in_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_in_json(item) for item in value]
    return 0 if isinstance(value, (date, time)) else value


@project_check("META012", "There is a summary", "Search results show the summary.")
def summarised(sources: ProjectSources) -> Finding:
    if not sources.has_table:
        return Finding.skipped("the metadata is not in [project]")
    is_missing = not str(sources.table.get("description", "")).strip() and not sources.is_dynamic("description")
    line = "[project] has no description"
    return finding_of([line] if is_missing else [], 'description = "What it does, in one line"')


NO_README = "[project] names no README"


@project_check(
    "META013",
    "The README that is named exists",
    "It becomes the project page, and a build stops if the file is missing.",
    severity=ERROR,
)
def readme_there(sources: ProjectSources) -> Finding:
    path = sources.readme
    if path is None:
        return Finding.skipped(NO_README)
    is_missing = path not in sources.files and not str(path).startswith("..")
    fix = f"git add {shlex.quote(str(path))}, and commit; or name an existing file"
    return finding_of([f"git tracks no {path}, which readme names"] if is_missing else [], fix)


@project_check(
    "META014",
    "A README is named for the project page",
    "Most users read nothing else before they install a package.",
)
def readme_named(sources: ProjectSources) -> Finding:
    if sources.table.get("readme"):
        return Finding.passed()
    if not sources.lacks("readme"):
        return Finding.skipped("the README is not named in [project]")
    return Finding.failed("[project] has no readme", 'readme = "README.md"')


@project_check(
    "META015",
    "The content type of the README matches its file name",
    "PyPI refuses Markdown that is declared as reStructuredText, or shows it unformatted.",
)
def readme_format(sources: ProjectSources) -> Finding:
    path = sources.readme
    if path is None:
        return Finding.skipped(NO_README)
    expected = README_TYPES.get(path.suffix.lower())
    differs = expected is not None and sources.readme_type != expected
    line = f"{path} is declared as {sources.readme_type}, and its name says {expected}"
    return finding_of([line] if differs else [], f'readme = "{path}"')


@project_check(
    "META016",
    "Links and images of the README also work on the project page",
    "The project page has no files next to it, so relative links are broken and images are missing.",
)
def readme_links(sources: ProjectSources) -> Finding:
    links = first_lines(dict.fromkeys(_relative_links(sources.readme_text, sources.readme_type)))
    return finding_of(links, "write the full address of the file on the forge")


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
"""A link with an address, or to a place on the page itself; in reStructuredText, to another link."""


def _relative_links(text: str, content_type: str | None) -> Iterator[str]:
    if content_type in LINKS:
        plain = CODE[content_type].sub("", text)
        for match in LINKS[content_type].finditer(plain):
            target = next(group for group in match.groups() if group)
            if not ELSEWHERE.match(target):
                yield target


@project_check(
    "META021",
    "The licence is an SPDX expression (PEP 639)",
    "Tools read the expression; a text or a classifier is ambiguous, and must not appear next to an expression.",
)
def licence_declared(sources: ProjectSources) -> Finding:
    if not sources.lacks("license"):
        return Finding.skipped("the licence is not in [project]")
    licence, lines = sources.table.get("license"), []
    if isinstance(licence, dict):
        lines.append("license is a table, which is deprecated")
    elif not licence:
        lines.append("[project] has no license")
    classifiers = [name for name in sources.project.classifiers if name.startswith("License ::")]
    if isinstance(licence, str) and classifiers:
        lines.append(f"backends refuse a licence classifier next to an expression: {', '.join(classifiers)}")
    fix = 'license = "MIT", or your licence, and no classifier that begins with "License ::"'
    return finding_of(lines, fix)


@project_check(
    "META022",
    "Every pattern of license-files matches a file",
    "Build backends stop at a pattern that matches no file (PEP 639).",
    severity=ERROR,
)
def licence_files_there(sources: ProjectSources) -> Finding:
    written = sources.table.get("license-files", [])
    patterns = [pattern for pattern in written if isinstance(pattern, str)] if isinstance(written, list) else []
    lines = (f"no file that git tracks matches {pattern!r}" for pattern in patterns if not _matching(sources, pattern))
    return finding_of(first_lines(lines), "name existing files")


LICENCES = ("LICEN[CS]E*", "COPYING*", "NOTICE*", "AUTHORS*")
"""The default of license-files (the pyproject.toml specification)."""


@project_check(
    "META023",
    "There is a file with the text of the licence",
    "Most licences require that every copy includes their text.",
)
def licence_shipped(sources: ProjectSources) -> Finding:
    has_file = any(_matching(sources, pattern) for pattern in LICENCES) or sources.table.get("license-files")
    return finding_of([] if has_file else ["LICENSE is missing"], "add LICENSE next to pyproject.toml")


def _matching(sources: ProjectSources, pattern: str) -> list[PurePosixPath]:
    """Return the files that a glob pattern matches, relative to the project's folder."""
    return [path for path in sources.files if _matches(path, pattern)]


def _matches(path: PurePosixPath, pattern: str) -> bool:
    if "**" in pattern:
        # PurePath.match() takes ** for * before Python 3.13, and matches a pattern from the right.
        return any(path.match(pattern.replace("**/", "*/" * depth)) for depth in range(len(path.parts)))
    return len(path.parts) == len(PurePosixPath(pattern).parts) and path.match(pattern)


@project_check(
    "META031",
    "A project URL leads to the sources",
    "Users who want to report a bug start at the project page.",
)
def sources_linked(sources: ProjectSources) -> Finding:
    if not sources.lacks("urls"):
        return Finding.skipped("the URLs are not in [project]")
    is_linked = any(label.lower() in REPOSITORY_LABELS for label in sources.urls)
    fix = f'[project.urls]\nRepository = "{sources.page or "https://github.com/OWNER/NAME"}"'
    return finding_of([] if is_linked else ["[project.urls] has neither Repository nor Homepage"], fix)


@project_check(
    "META032",
    "The URL of the sources is that of the remote",
    "After a repository has moved, somebody else can take its old address.",
)
def urls_of_remote(sources: ProjectSources) -> Finding:
    here = sources.home
    if here is None:
        return Finding.skipped("no remote is on a forge")
    homes = {
        label: owner_and_name(url) for label, url in sources.urls.items() if label.lower() in REPOSITORY_LABELS[:4]
    }
    lines = (
        f"{label} leads to {'/'.join(home)}, and the remote is {here}"
        for label, home in homes.items()
        if home and "/".join(home).lower() != here.lower()
    )
    return finding_of(first_lines(lines), "correct [project.urls], or git remote set-url")


@project_check(
    "META041",
    "Every classifier is on PyPI's list",
    "PyPI accepts no other classifier, and some build backends stop at it.",
    severity=ERROR,
)
def classifiers_known(sources: ProjectSources) -> Finding:
    # Loaded here because the list is long.
    from trove_classifiers import all_classifiers  # noqa: PLC0415

    unknown = sorted({name.strip() for name in sources.project.classifiers} - set(all_classifiers) - {""})
    return finding_of(first_lines(f"{name!r} is not a valid classifier." for name in unknown), CLASSIFIER_FIX)


@project_check(
    "META051",
    "Requires-Python states the oldest supported Python",
    "Without it, installers of an old Python choose a release that does not work there.",
)
def pythons_bounded(sources: ProjectSources) -> Finding:
    if sources.is_dynamic("requires-python"):
        return Finding.skipped("the build backend fills it in")
    fix = f'requires-python = ">={next(iter(_classified(sources)), "3.9")}"'
    return finding_of([] if sources.project.requires_python else ["requires-python is missing"], fix)


@project_check(
    "META052",
    "Classifiers name every Python that Requires-Python admits, without a gap",
    "The matrix is read from the classifiers, so a Python that they omit is never tested.",
)
def pythons_named(sources: ProjectSources) -> Finding:
    named, admitted = _classified(sources), _admitted(sources)
    if not named or not admitted:
        return Finding.skipped("no classifier names a Python" if admitted else "requires-python is missing")
    newest = _minor(named[-1])
    missing = [python for python in admitted if _minor(python) <= newest and python not in named]
    line = f"requires-python admits {', '.join(missing)}, which no classifier names"
    classifiers = "\n".join(f'"Programming Language :: Python :: {python}",' for python in missing)
    return finding_of([line] if missing else [], f"raise requires-python, or add to the classifiers:\n{classifiers}")


@project_check("META053", "nox can load the noxfile", "CI runs its sessions.", severity=ERROR)
def noxfile_loads(sources: ProjectSources) -> Finding:
    if not sources.listing.is_there:
        return Finding.skipped("no noxfile next to pyproject.toml")
    return finding_of([sources.listing.failure] if sources.listing.failure else [], "nox -l")


@project_check(
    "META054",
    "Every Python that a classifier names has a session",
    "A Python that is not tested can break without a message.",
    needs=("META053",),
)
def pythons_tested(sources: ProjectSources) -> Finding:
    tested = sources.listing.pythons
    missing = [python for python in _classified(sources) if python not in tested]
    line = f"no session of the noxfile runs on Python {', '.join(missing)}"
    return finding_of([line] if missing else [], "sessions.tests() without pythons= runs on every Python that is named")


OLDEST_OF_MYPY = "3.10"
"""The oldest Python that mypy 2 can target: a project for an older one has to name a newer one."""


@project_check(
    "META055",
    "mypy and ruff do not target a newer Python than the oldest supported one",
    "With a newer target, they accept features that the oldest Python lacks.",
)
def types_target(sources: ProjectSources) -> Finding:
    oldest = next(iter(_admitted(sources)), None) or next(iter(_classified(sources)), None)
    if oldest is None:
        return Finding.passed()
    ruff = sources.project.table.get("tool", {}).get("ruff", {}).get("target-version", "")
    targets = {"ruff's target-version": re.sub(r"^py3(\d+)$", r"3.\1", _text(ruff))}
    mypy = _text(sources.project.mypy_settings.get("python_version", ""))
    # A session of seatrial overrides it: it runs mypy for each Python.
    if mypy != OLDEST_OF_MYPY and not any(session.name == "mypy" for session in sources.listing.sessions):
        targets["mypy's python_version"] = mypy
    lines = [
        f"{key} is {target}, and the oldest supported Python is {oldest}"
        for key, target in targets.items()
        if re.fullmatch(r"3\.\d+", target) and _minor(target) > _minor(oldest)
    ]
    return finding_of(lines, f"set it to {oldest}, or leave it out: seatrial runs mypy on every Python")


@project_check(
    "META056",
    "Workflows that list Pythons to test list those of the classifiers",
    "A matrix that is written twice drifts apart.",
)
def pythons_in_workflows(sources: ProjectSources) -> Finding:
    named = _classified(sources)
    lists = [set(job.pythons) for workflow in sources.workflows for job in workflow.jobs if len(job.pythons) > 1]
    lists = [pythons for pythons in lists if not pythons.isdisjoint(named)]
    if not lists:
        return Finding.skipped("no workflow lists several Pythons that classifiers name")
    listed = set().union(*lists)
    missing = [python for python in named if python not in listed]
    unclassified = sorted(listed - set(named), key=_minor)
    lines = [f"no workflow runs Python {', '.join(missing)}"] if missing else []
    lines += [f"workflows run Python {', '.join(unclassified)}, which no classifier names"] if unclassified else []
    return finding_of(lines, "generate the matrix with nox --list --json, or correct it by hand")


NEWEST_MINOR = 20
"""How many minor versions of Python 3 are tried; there are fewer."""


def _classified(sources: ProjectSources) -> tuple[str, ...]:
    """Return the Pythons that the classifiers name, the oldest first; none if they contradict something."""
    try:
        sources.project.pythons  # noqa: B018 - it raises where they contradict requires-python
    except SeatrialError:
        return ()
    return sources.project.pythons_classified


def _admitted(sources: ProjectSources) -> tuple[str, ...]:
    """Return the Pythons that Requires-Python admits, the oldest first; none if there is no bound."""
    pythons = (f"3.{minor}" for minor in range(NEWEST_MINOR))
    bound = sources.project.requires_python.strip()
    return tuple(python for python in pythons if bound and admits(bound, python))


def _minor(python: str) -> int:
    return int(python.partition(".")[2])


def _text(value: object) -> str:
    return str(value) if isinstance(value, (str, int, float)) else ""


CHECKS = (
    *(as_specified, summarised, readme_there, readme_named, readme_format, readme_links),
    *(licence_declared, licence_files_there, licence_shipped, sources_linked, urls_of_remote, classifiers_known),
    *(pythons_bounded, pythons_named, noxfile_loads, pythons_tested, types_target, pythons_in_workflows),
)
