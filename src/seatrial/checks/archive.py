"""Checks of one distribution file: it is a readable and harmless archive, its name and contents match its metadata."""

from __future__ import annotations

import base64
import configparser
import csv
import posixpath
import re
from typing import TYPE_CHECKING, ClassVar

from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)

from seatrial.checks.check import SDIST, WHEEL, ArchiveCheck, finding_of, first_lines, user_docs_page
from seatrial.distributions.archive import FaultKind, MemberKind
from seatrial.distributions.filename import FileKind
from seatrial.distributions.metadata import PARSER_FAILURES
from seatrial.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging.tags import Tag
    from packaging.version import Version

    from seatrial.distributions.archive import Member
    from seatrial.distributions.distribution import Distribution


MIB = 1 << 20
SIZE_LIMIT = 100
"""How large a file may be, in MiB, unless PyPI has granted more."""

SIZE_WARNING = 80
REBUILD_ARCHIVE = "build it again, and upload it as it was built: nox -s build"


class Extension(ArchiveCheck):
    """The file is named like an sdist or a wheel."""

    code: ClassVar[str] = "DIST001"
    kinds: ClassVar[tuple[FileKind, ...]] = tuple(FileKind)

    def check(self, facts: Distribution) -> Finding:
        """An index tells from the end of a name what a file is, and takes nothing but these."""
        if re.search(r"\.(tar\.gz|zip|whl)$", facts.name):
            return Finding.passed()
        page = "https://www.python.org/dev/peps/pep-0527"
        extension = re.search(r"\.(tar\.gz|zip|whl)$", facts.name, re.IGNORECASE)
        said = (
            f"Extension {extension[0]} is invalid for filetype {'bdist_wheel' if facts.is_wheel else 'sdist'}. "
            f"See {page} for more information."
            if extension
            else f"Use .tar.gz, .whl or .zip extension. See {page} and https://peps.python.org/pep-0715/ "
            "for more information"
        )
        return Finding.failed(f"Invalid file extension: {said}", "build an sdist and a wheel: nox -s build")


class Characters(ArchiveCheck):
    """The file name has only characters that an index can store."""

    code: ClassVar[str] = "DIST002"
    kinds: ClassVar[tuple[FileKind, ...]] = tuple(FileKind)

    def check(self, facts: Distribution) -> Finding:
        """A path or a control character in a name has no good use."""
        fix = "rename the file"
        if re.search(r"[\x00-\x1f\x7f]", facts.name):
            said = (
                "Cannot upload a file with non-printable characters (ordinals 0-31) or the DEL character (ordinal 127)"
            )
            return Finding.failed(f"{said} in the name.", fix)
        if re.search(r"[/\\]", facts.name):
            return Finding.failed("Cannot upload a file with '/' or '\\' in the name.", fix)
        return Finding.passed()


class SizeUnderLimit(ArchiveCheck):
    """The file is not larger than PyPI takes."""

    code: ClassVar[str] = "DIST003"
    kinds: ClassVar[tuple[FileKind, ...]] = tuple(FileKind)

    def check(self, facts: Distribution) -> Finding:
        """PyPI takes files of up to 100 MB; more has to be asked for, which takes weeks."""
        if facts.size <= SIZE_LIMIT * MIB:
            return Finding.passed()
        name = facts.metadata.name if facts.metadata else facts.name.partition("-")[0]
        page = user_docs_page("project-management/storage-limits#requesting-a-file-size-limit-increase")
        return Finding.failed(
            f"File too large. Limit for project {name!r} is {SIZE_LIMIT} MB. See {page} for more information.",
            f"it has {facts.size // MIB} MiB: leave out test data and what can be downloaded, or ask PyPI for more and "
            "then ignore this check, with that reason",
        )


class SizeNearLimit(ArchiveCheck):
    """The file is well below the size that PyPI takes."""

    code: ClassVar[str] = "DIST004"
    severity: ClassVar[Severity] = Severity.WARNING
    kinds: ClassVar[tuple[FileKind, ...]] = tuple(FileKind)

    def check(self, facts: Distribution) -> Finding:
        """To be granted more takes weeks, so it is good to know before it is needed."""
        if not SIZE_WARNING * MIB < facts.size <= SIZE_LIMIT * MIB:
            return Finding.passed()
        said = f"it has {facts.size // MIB} MiB, and PyPI takes {SIZE_LIMIT}"
        return Finding.failed(said, "leave out test data and what can be downloaded")


class Readable(ArchiveCheck):
    """The file is an archive of its kind, and whole."""

    code: ClassVar[str] = "DIST011"

    def check(self, facts: Distribution) -> Finding:
        """What can't be read can't be installed."""
        return _fault_of(facts, FaultKind.UNREADABLE, REBUILD_ARCHIVE)


class NoBomb(ArchiveCheck):
    """The archive does not unpack to many times its size."""

    code: ClassVar[str] = "DIST012"

    def check(self, facts: Distribution) -> Finding:
        """Small files that fill a disk are made to do harm."""
        return _fault_of(facts, FaultKind.BOMB, "leave out, or shorten, what compresses so well")


class Compression(ArchiveCheck):
    """The members are stored or deflated."""

    code: ClassVar[str] = "DIST013"

    def check(self, facts: Distribution) -> Finding:
        """Other methods are not known to every installer."""
        return _fault_of(facts, FaultKind.COMPRESSION, "let the build backend write the wheel (zipfile.ZIP_DEFLATED)")


class Layout(ArchiveCheck):
    """What makes it an sdist or a wheel is at its place."""

    code: ClassVar[str] = "DIST014"

    def check(self, facts: Distribution) -> Finding:
        """Installers look for PKG-INFO in the one folder of an sdist, for WHEEL in the .dist-info of a wheel."""
        return _fault_of(facts, FaultKind.LAYOUT, REBUILD_ARCHIVE)


class ZipStructure(ArchiveCheck):
    """Every reader sees the same members."""

    code: ClassVar[str] = "DIST015"

    def check(self, facts: Distribution) -> Finding:
        """A zip file that reads differently from its front and from its back can hide what gets installed."""
        return _fault_of(facts, FaultKind.STRUCTURE, REBUILD_ARCHIVE)


class NotSparse(ArchiveCheck):
    """The archive has no sparse members."""

    code: ClassVar[str] = "DIST016"

    def check(self, facts: Distribution) -> Finding:
        """Sparse members are an extension of GNU tar that not every reader knows."""
        return _fault_of(facts, FaultKind.SPARSE, "pack it without --sparse, or let the build backend do it")


class Harmless(ArchiveCheck):
    """Nothing in the archive would land, or leads, outside."""

    code: ClassVar[str] = "DIST017"

    def check(self, facts: Distribution) -> Finding:
        """Unpacked without care, such a member overwrites files of whoever installs it; pip refuses it (PEP 706)."""
        fault = facts.contents.fault
        said = [str(fault.detail)] if fault and fault.kind is FaultKind.HOSTILE else []
        bad = [reason for member in facts.contents.members for reason in _harm(member)]
        return finding_of([*said, *first_lines(bad)], "see what put it there, and leave it out")


class Distinct(ArchiveCheck):
    """No two members are the same file, on any system."""

    code: ClassVar[str] = "DIST018"
    severity: ClassVar[Severity] = Severity.WARNING

    def check(self, facts: Distribution) -> Finding:
        """Of two members with one name the last wins; macOS and Windows do not tell README from readme."""
        seen: dict[str, str] = {}
        said = []
        for member in facts.files:
            before = seen.setdefault(member.name.lower(), member.name)
            if before is not member.name:
                said.append(f"{before} and {member.name} are the same file")
        return finding_of(first_lines(said), "rename or remove one of them")


def _fault_of(facts: Distribution, kind: FaultKind, fix: str) -> Finding:
    fault = facts.contents.fault
    if fault is None or fault.kind is not kind:
        return Finding.passed()
    message = str(fault.message)
    page = f" See {user_docs_page('archives')} for more information" if "not accepted" in message else ""
    said = f"Invalid distribution file. {message}{page}"
    return Finding.failed("\n".join(part for part in (said, fault.detail) if part), fix)


def _harm(member: Member) -> Iterator[str]:
    name = member.name
    if _leaves(member.name):
        yield f"{name} would land outside"
    if member.kind is MemberKind.OTHER:
        yield f"{name} is a {MemberKind.OTHER.value}"
    if member.target is not None:
        from_folder = posixpath.dirname(name) if member.kind is MemberKind.SYMLINK else ""
        if _leaves(posixpath.join(from_folder, member.target)):
            yield f"{name} leads outside, to {member.target}"


def _leaves(path: str) -> bool:
    plain = path.replace("\\", "/")
    return plain.startswith("/") or plain[1:3] == ":/" or posixpath.normpath(plain).split("/")[0] == ".."


REBUILD_NAME = "build it with a current build backend, and do not rename it: nox -s build"

PLATFORMS = frozenset(
    (
        *("any", "win32", "win_arm64", "win_amd64", "win_ia64"),
        *(f"manylinux1_{arch}" for arch in ("x86_64", "i686")),
        *(f"manylinux2010_{arch}" for arch in ("x86_64", "i686")),
        *(f"manylinux2014_{arch}" for arch in ("x86_64", "i686", "aarch64", "armv7l", "ppc64", "ppc64le", "s390x")),
        *("linux_armv6l", "linux_armv7l"),
    )
)
"""The platforms that PyPI takes by their names alone."""

APPLE = "ppc|ppc64|i386|x86_64|arm64|intel|fat|fat3|fat64|universal|universal2"
LINUX = "x86_64|i686|aarch64|armv7l|ppc64le|s390x|riscv64"
PLATFORM = re.compile(
    rf"macosx_10_\d+_({APPLE})"
    rf"|macosx_(11|12|13|14|15|26)_0_({APPLE})"
    rf"|manylinux_\d+_\d+_({LINUX}|ppc64)|musllinux_\d+_\d+_({LINUX})"
    r"|ios_\d+_\d+_(arm64|x86_64)_(iphoneos|iphonesimulator)"
    r"|android_\d+_(armeabi_v7a|arm64_v8a|x86|x86_64)"
    r"|pyemscripten_\d+_\d+_wasm32.*"
)
"""The platforms that PyPI takes by their form: macOS, manylinux (PEP 600), musllinux (PEP 656), iOS, Android (PEP 738),
Emscripten (PEP 783)."""


class SdistNamed(ArchiveCheck):
    """The sdist is named NAME-VERSION.tar.gz, as its metadata say."""

    code: ClassVar[str] = "DIST021"
    needs: ClassVar[tuple[str, ...]] = ("DIST101",)
    kinds: ClassVar[tuple[FileKind, ...]] = SDIST

    def check(self, facts: Distribution) -> Finding:
        """An index finds the project, and an installer the version, by the file name (PEP 625)."""
        return finding_of(_sdist_mistakes(facts), REBUILD_NAME)


class WheelNamed(ArchiveCheck):
    """The name of the wheel has the form that PEP 427 gives it."""

    code: ClassVar[str] = "DIST022"
    kinds: ClassVar[tuple[FileKind, ...]] = WHEEL

    def check(self, facts: Distribution) -> Finding:
        """An installer finds name, version and tags of a wheel in its file name."""
        try:
            parse_wheel_filename(facts.name)
        except InvalidWheelFilename as error:
            return Finding.failed(str(error), REBUILD_NAME)
        except PARSER_FAILURES:
            return Finding.failed(f"Invalid wheel filename: {facts.name!r}", REBUILD_NAME)
        return Finding.passed()


class Platform(ArchiveCheck):
    """The platform of the wheel is one that every machine of its kind fits."""

    code: ClassVar[str] = "DIST023"
    needs: ClassVar[tuple[str, ...]] = ("DIST022",)
    kinds: ClassVar[tuple[FileKind, ...]] = WHEEL

    def check(self, facts: Distribution) -> Finding:
        """A wheel that was linked against the libraries of one machine breaks on others."""
        tags = sorted({tag.platform for tag in _parse_wheel_name(facts)[2]})
        bad = [tag for tag in tags if tag not in PLATFORMS and not PLATFORM.fullmatch(tag)]
        said = (f"Binary wheel '{facts.name}' has an unsupported platform tag '{tag}'." for tag in bad)
        linux = "repair it: auditwheel repair, or build it with cibuildwheel"
        other = "build it with cibuildwheel; for macOS set MACOSX_DEPLOYMENT_TARGET=11.0"
        return finding_of(said, linux if any("linux" in tag for tag in bad) else other)


class WheelOfProject(ArchiveCheck):
    """The name of the wheel starts with that of the project, normalised."""

    code: ClassVar[str] = "DIST024"
    needs: ClassVar[tuple[str, ...]] = ("DIST022", "DIST101")
    kinds: ClassVar[tuple[FileKind, ...]] = WHEEL

    def check(self, facts: Distribution) -> Finding:
        """An index finds the project by the file name (PEP 427, PEP 503)."""
        return finding_of(_wheel_mistakes(facts), REBUILD_NAME)


class WheelOfVersion(ArchiveCheck):
    """The name of the wheel has the version that its metadata have."""

    code: ClassVar[str] = "DIST025"
    needs: ClassVar[tuple[str, ...]] = ("DIST022", "DIST101")
    kinds: ClassVar[tuple[FileKind, ...]] = WHEEL

    def check(self, facts: Distribution) -> Finding:
        """An installer chooses by the file name, and believes the metadata afterwards."""
        named, meant = _parse_wheel_name(facts)[1], facts.metadata.version if facts.metadata else None
        wrong = meant is not None and named != meant
        said = [f"Version in filename should be {str(meant)!r} not {str(named)!r}."] if wrong else []
        return finding_of(said, REBUILD_NAME)


def _sdist_mistakes(facts: Distribution) -> Iterator[str]:
    meant = facts.metadata
    if meant is None:
        return
    try:
        name = str(parse_sdist_filename(facts.name)[0])
    except (InvalidSdistFilename, *PARSER_FAILURES):
        yield f"Invalid source distribution filename: {facts.name}"
        return
    wanted = canonicalize_name(meant.name)
    if meant.version and meant.version.is_postrelease and name != wanted and facts.name.count("-") > 1:
        # In NAME-1.0-1.tar.gz the version has a hyphen.
        name = facts.name.rpartition("-")[0].rpartition("-")[0]
    start = wanted.replace("-", "_")
    if canonicalize_name(name) != wanted:
        yield f"Start filename for {meant.name!r} with {start!r}."
    elif facts.name != f"{start}-{meant.version}.tar.gz":
        right = f"{start}-{meant.version}.tar.gz"
        yield f"Filename {facts.name!r} is invalid, should be {right!r}."


def _wheel_mistakes(facts: Distribution) -> Iterator[str]:
    if facts.metadata is None:
        return
    project = facts.metadata.name
    start = canonicalize_name(project).replace("-", "_")
    named = facts.name.split("-", 1)[0]
    if _parse_wheel_name(facts)[0] != canonicalize_name(project):
        yield f"Start filename for {project!r} with {start!r}."
    elif named != start:
        yield f"Filename {facts.name!r} should contain the normalized project name {start!r}, not {named!r}."


def _parse_wheel_name(facts: Distribution) -> tuple[str, Version, frozenset[Tag]]:
    name, version, _, tags = parse_wheel_filename(facts.name)
    return name, version, tags


ENTRY_POINT = re.compile(r"[\w.-]+")
"""What an entry point may be called (entry points specification)."""

REBUILD_METADATA = "let the build backend write it: nox -s build"


class SdistHasLicenses(ArchiveCheck):
    """Every licence file that the metadata name is in the sdist."""

    code: ClassVar[str] = "DIST031"
    needs: ClassVar[tuple[str, ...]] = ("DIST101",)
    kinds: ClassVar[tuple[FileKind, ...]] = SDIST

    def check(self, facts: Distribution) -> Finding:
        """A licence that is not there can't be complied with (PEP 639)."""
        return finding_of(_missing_licenses(facts, facts.folder), 'license-files = ["LICENSE"], and commit that file')


class WheelHasLicenses(ArchiveCheck):
    """Every licence file that the metadata name is in the wheel."""

    code: ClassVar[str] = "DIST032"
    needs: ClassVar[tuple[str, ...]] = ("DIST101",)
    kinds: ClassVar[tuple[FileKind, ...]] = WHEEL

    def check(self, facts: Distribution) -> Finding:
        """A licence that is not there can't be complied with (PEP 639)."""
        said = _missing_licenses(facts, f"{facts.folder}/licenses")
        return finding_of(said, 'license-files = ["LICENSE"], and a current build backend')


class RecordThere(ArchiveCheck):
    """The wheel has a RECORD that can be read."""

    code: ClassVar[str] = "DIST033"
    needs: ClassVar[tuple[str, ...]] = ("DIST011", "DIST012", "DIST013", "DIST017")
    kinds: ClassVar[tuple[FileKind, ...]] = WHEEL

    def check(self, facts: Distribution) -> Finding:
        """An installer finds there what it has installed, when it removes it (PEP 427)."""
        said = f"Wheel '{facts.name}' does not contain the required RECORD file: {facts.folder}/RECORD"
        return finding_of([] if _record(facts) is not None else [said], REBUILD_METADATA)


class EntryPoints(ArchiveCheck):
    """The entry points can be read, and commands have names that are no paths."""

    code: ClassVar[str] = "DIST034"
    kinds: ClassVar[tuple[FileKind, ...]] = WHEEL

    def check(self, facts: Distribution) -> Finding:
        """An installer makes a command of each name, in a folder of commands."""
        bad = _bad_entry_points(facts)
        said = f"Wheel '{facts.name}' has invalid entry points defined in the entry_points.txt file"
        fix = "letters, digits, and . _ - in the names below [project.scripts]"
        return finding_of([said, bad] if bad else [], fix)


class MetadataThere(ArchiveCheck):
    """The wheel has its METADATA in the .dist-info that its file name names."""

    code: ClassVar[str] = "DIST035"
    needs: ClassVar[tuple[str, ...]] = ("DIST011", "DIST012", "DIST013", "DIST014", "DIST017")
    kinds: ClassVar[tuple[FileKind, ...]] = WHEEL

    def check(self, facts: Distribution) -> Finding:
        """PyPI serves that file by itself, so that installers need not fetch the wheel (PEP 658)."""
        place = f"{facts.folder}/METADATA"
        there = place in facts.contents.texts or place in facts.contents.cut
        said = f"Wheel '{facts.name}' does not contain the required METADATA file: {place}"
        return finding_of([] if there else [said], REBUILD_METADATA)


class RecordAgrees(ArchiveCheck):
    """RECORD lists every file of the wheel, with its hash, and no other."""

    code: ClassVar[str] = "DIST036"
    severity: ClassVar[Severity] = Severity.WARNING
    needs: ClassVar[tuple[str, ...]] = ("DIST033",)
    kinds: ClassVar[tuple[FileKind, ...]] = WHEEL

    def check(self, facts: Distribution) -> Finding:
        """Installers check it; PyPI writes a mail to the owners, and means to refuse it some day."""
        return finding_of(
            first_lines(_differences(facts)), "do not change a wheel after it was built, or use: wheel pack"
        )


def _missing_licenses(facts: Distribution, folder: str) -> Iterator[str]:
    names = {member.name for member in facts.contents.members}
    for path in facts.metadata.list("license_files") if facts.metadata else ():
        place = f"{folder}/{path}"
        if place not in names:
            yield f"License-File {path} does not exist in distribution file {facts.name} at {place}"


def _record(facts: Distribution) -> dict[str, str] | None:
    """Return what RECORD says: names, and hashes as they are written; None if it is not there or is no table."""
    data = facts.text("RECORD")
    if data is None:
        return {} if f"{facts.folder}/RECORD" in facts.contents.cut else None
    try:
        rows = [row for row in csv.reader(data.decode().splitlines()) if row]
    except (UnicodeError, csv.Error):
        return None
    return {row[0].replace("\\", "/"): row[1] if len(row) > 1 else "" for row in rows}


def _differences(facts: Distribution) -> Iterator[str]:
    record = _record(facts) or {}
    if not record and facts.contents.cut:
        return
    signed = {f"{facts.folder}/RECORD{suffix}" for suffix in ("", ".jws", ".p7s")}
    held = {one.name: one.sha256 for one in facts.files if not one.name.endswith("\\")}
    yield from (f"{name} is in the wheel and not in RECORD" for name in sorted(held.keys() - record.keys() - signed))
    yield from (f"{name} is in RECORD and not in the wheel" for name in sorted(record.keys() - held.keys()))
    for name, written in record.items():
        algorithm, _, value = written.partition("=")
        digest = held.get(name)
        if algorithm == "sha256" and digest and value.rstrip("=") != _as_written(digest):
            yield f"{name} is not what RECORD says: it has another hash"


def _as_written(digest: str) -> str:
    return base64.urlsafe_b64encode(bytes.fromhex(digest)).decode().rstrip("=")


class _Parser(configparser.ConfigParser):
    """Names of entry points are case-sensitive."""

    def optionxform(self, optionstr: str) -> str:
        return optionstr


def _bad_entry_points(facts: Distribution) -> str:
    data = facts.text("entry_points.txt")
    if data is None:
        return ""
    parser = _Parser(delimiters=("=",))
    try:
        parser.read_string(data.decode())
    except UnicodeError:
        return "it is not UTF-8"
    except configparser.Error as error:
        return str(error).replace("\n", " ")
    for section in ("console_scripts", "gui_scripts"):
        for name in parser[section] if parser.has_section(section) else ():
            if not ENTRY_POINT.fullmatch(name):
                return f"{name!r} in [{section}]"
    return ""
