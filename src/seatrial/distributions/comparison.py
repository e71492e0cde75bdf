"""Distributions compared: two archives of one by content, however they are packaged, and one with its source tree."""

from __future__ import annotations

import base64
import binascii
import csv
import email
import email.errors
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Callable

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from seatrial.distributions.archive import FaultKind, Member, MemberKind, is_folder_of, path_of
from seatrial.distributions.distribution import MODULES, Distribution, top_modules
from seatrial.distributions.metadata import PARSER_FAILURES, parse_requirement
from seatrial.errors import BuildError
from seatrial.storage import leaves_repository

if TYPE_CHECKING:
    from seatrial.project.project import Project


Content = tuple[tuple[object, ...], ...]
"""What each occurrence of a name in an archive unpacks to."""

LEFTOVER = "compression or headers"
"""The difference of two files whose members are the same in every respect."""


class Sameness(Enum):
    """How alike two archives are."""

    IDENTICAL = "identical"
    SAME_CONTENT = "same content, packaged differently"
    DIFFERENT = "different content"


@dataclass(frozen=True)
class Comparison:
    """``packaging``: what differs in it where the content is the same: dates, order, owners and the like.

    ``members``: the names of those that differ, or that only one archive has, sorted; ``unreadable``: why the contents
    could not be compared, None where they were.
    """

    sameness: Sameness
    packaging: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    unreadable: str | None = None

    @property
    def differences(self) -> tuple[str, ...]:
        """The members that differ, or why none could be compared."""
        return self.members if self.unreadable is None else (self.unreadable,)


def compare(first: Distribution, second: Distribution) -> Comparison:
    """Compare two wheels, or two sdists, by what they unpack to.

    Content is what an installer keeps: names, bytes, links, and whether a file is executable. Metadata are compared by
    their fields, without the version of the backend that wrote them; RECORD by whether it is true. An archive that
    cannot be read whole, or that reads differently for different readers, is never the same as another. Raises
    `OSError`.
    """
    if first.sha256 == second.sha256:
        return Comparison(Sameness.IDENTICAL)
    unreadable = _unreadable(first) or _unreadable(second)
    if unreadable:
        return Comparison(Sameness.DIFFERENT, unreadable=unreadable)
    first_contents, second_contents = _contents(first), _contents(second)
    members = tuple(
        sorted(
            name
            for name in {*first_contents, *second_contents}
            if first_contents.get(name) != second_contents.get(name)
        )
    )
    if members:
        return Comparison(Sameness.DIFFERENT, members=members)
    return Comparison(Sameness.SAME_CONTENT, _packaging(first, second))


def _unreadable(distribution: Distribution) -> str | None:
    fault, ending = distribution.contents.fault, distribution.contents.ending
    # What has to be in an sdist or a wheel is a question of its own.
    if fault is not None and fault.kind is not FaultKind.LAYOUT:
        return f"{distribution.name}: {fault.kind.value}"
    return f"{distribution.name}: {ending}" if ending else None


def _contents(distribution: Distribution) -> Mapping[str, Content]:
    """Return the content by name. A folder that holds something is implied by what it holds."""
    members = distribution.contents.members
    names = sorted({member.path for member in members})
    forms = _metadata_forms(distribution)
    before: dict[str, Member] = {}
    contents: dict[str, Content] = {}
    for member in members:
        name = member.path
        linked = before.get(path_of(member.target or "")) if member.kind is MemberKind.HARDLINK else None
        # The tool that packs decides whether a second name of a file is a link or a copy.
        resolved = linked if linked and linked.kind is MemberKind.FILE else member
        before[name] = resolved
        if member.kind is not MemberKind.FOLDER or not is_folder_of(name, names):
            contents[name] = (*contents.get(name, ()), _content(resolved, forms))
    return contents


def _content(member: Member, forms: Mapping[str, object]) -> tuple[object, ...]:
    if member.kind is MemberKind.FOLDER:
        return (member.kind,)
    if member.kind is not MemberKind.FILE:
        return (member.kind, member.target, member.sha256)
    form = forms.get(member.sha256 or "", member.sha256)
    return (member.kind, member.mode & 0o7000, bool(member.mode & 0o111), form)


def _metadata_forms(distribution: Distribution) -> Mapping[str, object]:
    """Return what files of metadata say, by the SHA-256 of their text, which a copy in an .egg-info has, too."""
    forms: dict[str, object] = {}
    hashes = {member.path: member for member in distribution.files}
    for name, text in distribution.contents.texts.items():
        read = next((read for ending, read in READERS.items() if name.endswith(ending)), None)
        sha256 = hashes[name].sha256 if name in hashes else None
        form = read(text, hashes) if read else None
        if sha256 and form is not None:
            forms[sha256] = (ENDINGS[name.rpartition("/")[2]], form)
    return forms


def _metadata_form(text: bytes, _: object) -> object:
    """Return the fields of METADATA or PKG-INFO in no order, and the description; None for what is no metadata."""
    head, description = _split(text)
    fields = _fields(head)
    if fields is None:
        return None
    comparable = ((name, _field_form(name, value)) for name, value in fields if name not in WRITER_FIELDS)
    return tuple(sorted(comparable)), description.strip(b"\r\n")


def _split(text: bytes) -> tuple[bytes, bytes]:
    """Return what is above the first empty line, and what is below."""
    parts = EMPTY_LINE.split(text, maxsplit=1)
    return parts[0], parts[1] if len(parts) > 1 else b""


def _fields(head: bytes) -> list[tuple[str, str]] | None:
    """Return the fields of metadata in their order, names in lower case; None for what is no metadata."""
    try:
        message = email.message_from_string(head.decode())
    except (*PARSER_FAILURES, email.errors.MessageError):
        return None
    if message.defects or message.get_payload() or not message.items():
        return None
    return [
        (name.lower(), "\n".join(line.strip() for line in str(value).splitlines())) for name, value in message.items()
    ]


def _field_form(name: str, value: str) -> str:
    """Return a field in the spelling that backends agree on."""
    if name == "requires-dist":
        requirement = parse_requirement(value)
        if requirement is not None:
            requirement.name = canonicalize_name(requirement.name)
            return str(requirement)
    if name == "requires-python":
        try:
            return str(SpecifierSet(value))
        except (InvalidSpecifier, *PARSER_FAILURES):
            return value
    return canonicalize_name(value) if name == "provides-extra" else value


def _wheel_form(text: bytes, _: object) -> object:
    """Return the lines of WHEEL without that of the tool that wrote it."""
    head, below = _split(text)
    fields = None if below.strip() else _fields(head)
    return None if fields is None else tuple(sorted(field for field in fields if field[0] != "generator"))


def _record_form(text: bytes, members: Mapping[str, Member]) -> object:
    """Return the rows of RECORD in no order; a row that is true of its file says no more than the file does."""
    try:
        rows = [tuple(row) for row in csv.reader(text.decode().splitlines()) if row]
    except (UnicodeDecodeError, csv.Error):
        return None
    return tuple(sorted((row[0], "true") if _is_true(row, members) else row for row in rows))


def _is_true(row: tuple[str, ...], members: Mapping[str, Member]) -> bool:
    member = members.get(row[0])
    if len(row) != RECORD_COLUMNS or member is None or member.sha256 is None:
        return False
    algorithm, _, digest = row[1].partition("=")
    try:
        sha256 = base64.urlsafe_b64decode(f"{digest}==").hex() if algorithm == "sha256" else None
    except (binascii.Error, ValueError):
        return False
    return sha256 == member.sha256 and row[2] in {"", str(member.size)}


EMPTY_LINE = re.compile(rb"\r?\n\r?\n")

RECORD_COLUMNS = 3
"""Path, hash and size (PEP 376)."""

WRITER_FIELDS = frozenset(("metadata-version",))
"""The fields of metadata that come from the backend alone: which version of the specification it writes."""

READERS: Mapping[str, Callable[[bytes, Mapping[str, Member]], object]] = {
    "/PKG-INFO": _metadata_form,
    ".dist-info/METADATA": _metadata_form,
    ".dist-info/WHEEL": _wheel_form,
    ".dist-info/RECORD": _record_form,
}
"""What reads a file of metadata, by how its name ends."""

ENDINGS = {
    "PKG-INFO": "form of the metadata",
    "METADATA": "form of the metadata",
    "WHEEL": "version of the backend",
    "RECORD": "rows of RECORD",
}
"""What differs in packaging where such a file says the same in other bytes."""


def _packaging(first: Distribution, second: Distribution) -> tuple[str, ...]:
    """Return what differs in how two archives of the same content are packaged."""
    first_members, second_members = (
        {member.path: member for member in both.contents.members} for both in (first, second)
    )
    pairs = [(first_members[name], second_members[name]) for name in first_members if name in second_members]
    both_files = [pair for pair in pairs if {member.kind for member in pair} == {MemberKind.FILE}]
    rewritten = {
        ENDINGS.get(before.name.rpartition("/")[2], LEFTOVER)
        for before, after in both_files
        if before.sha256 != after.sha256
    }
    # The rows of RECORD follow what it lists.
    records = {"rows of RECORD"} if rewritten == {"rows of RECORD"} else set()
    differs = {
        "dates": any(before.date != after.date for before, after in pairs),
        "order": [name for name in first_members if name in second_members]
        != [name for name in second_members if name in first_members],
        "owners": any(before.owner != after.owner for before, after in pairs),
        "permissions": any(before.mode != after.mode for before, after in pairs),
        "folders": first_members.keys() != second_members.keys(),
        "links": any(before.kind is not after.kind for before, after in pairs),
        "spelling of names": any(before.name.rstrip("/") != after.name.rstrip("/") for before, after in pairs),
        **dict.fromkeys(sorted(rewritten - {"rows of RECORD"} | records), True),
        "compression": any(
            before.packed != after.packed for before, after in both_files if before.sha256 == after.sha256
        ),
    }
    return tuple(aspect for aspect, is_different in differs.items() if is_different) or (LEFTOVER,)


HOW_TO_INCLUDE = {
    "hatchling.build": '[tool.hatch.build.targets.wheel]\npackages = ["{place}"]',
    "setuptools.build_meta": '[tool.setuptools.packages.find]\nwhere = ["{above}"]',
    "flit_core.buildapi": '[tool.flit.module]\nname = "{name}"',
    "pdm.backend": '[tool.pdm.build]\nincludes = ["{place}"]',
    "poetry.core.masonry.api": '[tool.poetry]\npackages = [{{ include = "{name}", from = "{above}" }}]',
    "uv_build": '[tool.uv.build-backend]\nmodule-name = "{name}"\nmodule-root = "{above}"',
}
"""For each backend the lines that include a package in the wheel; from the backends' documentation."""


def require_package(project: Project, files: Iterable[PurePosixPath], wheel: Distribution) -> None:
    """Raise `PackageMissing` for a wheel without the package: it installs without an error, and is of no use.

    The package is in ``src/`` or at the top, and named like the project; if the wheel contains no module at all, it is
    whatever is in ``src/``. A project without any of these may be metadata only.
    """
    modules = wheel.modules()
    tops = {module.partition(".")[0].lower() for module in modules}
    for place in packages(files, project):
        name = place.name.partition(".")[0]
        if name.lower() not in tops and (not modules or name.lower() == project.import_name.lower()):
            how = HOW_TO_INCLUDE.get(project.backend, "configure where {name} is, in the build backend")
            raise BuildError(
                f"{wheel.name} does not contain {name}, which the source tree has in {place}",
                code="PackageMissing",
                fix=how.format(name=name, place=place, above=place.parent),
            )


def outside_links(project: Project, files: Iterable[PurePosixPath]) -> tuple[PurePosixPath, ...]:
    """Return the files of the tree that are symbolic links out of the repository: a commit has the links alone."""
    links = (file for file in files if (project.root / file).is_symlink())
    return tuple(sorted(link for link in links if leaves_repository(project.root, project.root / link)))


def packed_links(links: Iterable[PurePosixPath], distributions: Iterable[Distribution]) -> tuple[PurePosixPath, ...]:
    """Return the links that members of the distributions come from: they are the file, or below the folder."""
    places = [PurePosixPath(place) for distribution in distributions for place in distribution.tree if place]
    held = {parent for place in places for parent in (place, *place.parents)}
    return tuple(link for link in links if link in held)


def suspected_links(project: Project, links: Iterable[PurePosixPath], output: str) -> tuple[PurePosixPath, ...]:
    """Return the links that a build may have failed for: they are in a package, or named in its output."""
    tops = ("src", project.import_name)
    return tuple(link for link in links if link.parts[0] in tops or link.name in output)


def link_error(project: Project, links: Iterable[PurePosixPath], output: str = "") -> BuildError:
    """Return the error about links whose files would be built, and are not in the commit; ``output``: of a build."""
    lines = [f"{link} leads out of the repository, to {(project.root / link).readlink()}" for link in links]
    text = "\n".join([*lines, "a commit has the link alone, so the files behind it are not those of the commit"])
    return BuildError(
        f"{text}; the build failed:\n{output}" if output else text,
        code="LinkOutside",
        fix="move the files into the repository; or exclude the link in the configuration of the build backend",
    )


def modules_from_wheel(project: Project, files: Iterable[PurePosixPath], wheel: Distribution) -> tuple[str, ...]:
    """Return the modules that may come from the wheel alone: its own, and those of the sources that it lacks.

    The sources are ``src/``, and at the top the package that is named like the project: other files at the top can be
    meant for the tests.
    """
    own = project.import_name.lower()
    inside = [PurePosixPath(*file.parts[1:]) for file in files if file.parts[0] == "src" and len(file.parts) > 1]
    at_top = [file for file in files if file.parts[0].partition(".")[0].lower() == own]
    return tuple(sorted({*wheel.modules(), *top_modules(inside), *top_modules(at_top)}))


def unlisted_files(
    project: Project, files: Iterable[PurePosixPath], distributions: Iterable[Distribution]
) -> tuple[str, ...]:
    """Return the files of the tree that went into the distributions and are not among ``files``: git ignores them.

    They are inputs of the build all the same: generated modules, compiled ones.
    """
    members = {PurePosixPath(place) for distribution in distributions for place in distribution.tree if place}
    places = {place for member in members for place in (member, PurePosixPath("src", member))} - set(files)
    inputs = (place for place in places if not any(part.endswith(".egg-info") for part in place.parts))
    return tuple(sorted(str(place) for place in inputs if (project.root / place).is_file()))


def packages(files: Iterable[PurePosixPath], project: Project) -> tuple[PurePosixPath, ...]:
    """Return the packages and modules of the source tree: all of ``src/``, at the top that of the project's name."""
    places = set()
    for file in files:
        if file.suffix not in MODULES:
            continue
        if file.parts[0] == "src" and len(file.parts) > 1:
            places.add(PurePosixPath(*file.parts[:2]))
        elif file.parts[0].partition(".")[0].lower() == project.import_name.lower():
            places.add(PurePosixPath(file.parts[0]))
    return tuple(sorted(places))


@dataclass(frozen=True, order=True)
class ReleaseName:
    """The normalised name of a project, and the version of a release as a text."""

    project: str
    version: str

    @classmethod
    def of(cls, distribution: Distribution) -> ReleaseName | None:
        """Return the release that a file is of, None if its metadata does not say."""
        metadata = distribution.metadata
        if not metadata.name or metadata.version is None:
            return None
        return cls(canonicalize_name(metadata.name), str(metadata.version))

    def __str__(self) -> str:
        return f"{self.project} {self.version}"


@dataclass(frozen=True)
class ReleaseFiles:
    """The distributions that are meant to be uploaded together.

    ``sources``: the files that git tracks, below the project; empty if they were not given.
    """

    distributions: tuple[Distribution, ...]
    sources: tuple[PurePosixPath, ...] = ()

    @property
    def releases(self) -> tuple[ReleaseName, ...]:
        """The releases that the files are of, by their metadata. Sorted."""
        names = map(ReleaseName.of, self.distributions)
        return tuple(sorted({name for name in names if name is not None}))

    def of_release(self, release: ReleaseName) -> ReleaseFiles:
        """Return the files of one release."""
        files = (file for file in self.distributions if ReleaseName.of(file) == release)
        return ReleaseFiles(tuple(files), self.sources)

    @property
    def sdists(self) -> tuple[Distribution, ...]:
        """The sdists among them."""
        return tuple(file for file in self.distributions if not file.is_wheel)

    @property
    def wheels(self) -> tuple[Distribution, ...]:
        """The wheels among them."""
        return tuple(file for file in self.distributions if file.is_wheel)
