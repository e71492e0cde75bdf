"""Checks of one file as an archive (DIST0xx): it can be read, is safe, and its name and files match its metadata."""

from __future__ import annotations

import base64
import configparser
import csv
import email
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from packaging.tags import parse_tag
from packaging.utils import canonicalize_name

from seatrial.checks.check import (
    SDIST,
    WARNING,
    WHEEL,
    Check,
    any_file_check,
    check,
    finding_of,
    first_lines,
    user_docs_page,
)
from seatrial.checks.metadata import READABLE
from seatrial.distributions.archive import FaultKind, Member, path_of
from seatrial.distributions.metadata import FileName
from seatrial.distributions.pypi_rules import (
    ANDROID_ARCHES,
    EXTENSIONS,
    FILE_LIMIT,
    IOS_ARCHES,
    MACOS_ARCHES,
    MACOS_VERSIONS,
    MANYLINUX_ARCHES,
    MIB,
    MUSLLINUX_ARCHES,
    PLATFORMS,
)
from seatrial.distributions.reproducible import dangers_of, obstacles_of
from seatrial.findings import Finding
from seatrial.index.destination import pypi_host

if TYPE_CHECKING:
    from seatrial.distributions.distribution import Distribution


REBUILD = "build it again, and upload it as it was built: nox -s build"
UNPACKED = ("DIST011", "DIST012", "DIST013", "DIST017")
"""The checks of an archive whose members could all be read."""


@any_file_check(
    "DIST001",
    "The file is named like an sdist or a wheel",
    "An index decides by the end of a file name what the file is, and accepts only sdists and wheels.",
)
def extension(file: Distribution) -> Finding:
    suffix = re.search(r"\.(tar\.gz|zip|whl)$", file.name, re.IGNORECASE)
    if suffix and suffix[0] in {*EXTENSIONS["sdist"], *EXTENSIONS["bdist_wheel"]}:
        return Finding.passed()
    page = "https://www.python.org/dev/peps/pep-0527"
    sentence = (
        f"Extension {suffix[0]} is invalid for filetype {'bdist_wheel' if file.is_wheel else 'sdist'}. "
        f"See {page} for more information."
        if suffix
        else f"Use .tar.gz, .whl or .zip extension. See {page} and https://peps.python.org/pep-0715/ "
        "for more information"
    )
    return Finding.failed(f"Invalid file extension: {sentence}", "build an sdist and a wheel: nox -s build")


@any_file_check(
    "DIST002",
    "The file name contains only characters that an index can store",
    "A path separator or a control character in a file name is a mistake or an attack.",
)
def characters(file: Distribution) -> Finding:
    fix = "rename the file"
    if re.search(r"[\x00-\x1f\x7f]", file.name):
        sentence = (
            "Cannot upload a file with non-printable characters (ordinals 0-31) or the DEL character (ordinal 127)"
        )
        return Finding.failed(f"{sentence} in the name.", fix)
    if re.search(r"[/\\]", file.name):
        return Finding.failed("Cannot upload a file with '/' or '\\' in the name.", fix)
    return Finding.passed()


@any_file_check(
    "DIST003",
    "The file is within PyPI's size limit",
    "PyPI accepts files up to 100 MB; a higher limit has to be requested, which takes weeks.",
)
def size_under_limit(file: Distribution) -> Finding:
    if file.size <= FILE_LIMIT:
        return Finding.passed()
    name = file.metadata.name or file.name.partition("-")[0]
    page = user_docs_page("project-management/storage-limits#requesting-a-file-size-limit-increase")
    return Finding.failed(
        f"File too large. Limit for project {name!r} is {FILE_LIMIT // MIB} MB. See {page} for more information.",
        f"it has {file.size // MIB} MiB: leave out test data and what can be downloaded, or ask PyPI for more and "
        "then ignore this check, with that reason",
    )


SIZE_WARNING = FILE_LIMIT * 8 // 10


@any_file_check(
    "DIST004",
    "The file is well below PyPI's size limit",
    "A higher limit takes weeks to get, so request it before a release needs it.",
    severity=WARNING,
)
def size_near_limit(file: Distribution) -> Finding:
    near = SIZE_WARNING < file.size <= FILE_LIMIT
    line = f"the file has {file.size // MIB} MiB, and PyPI accepts {FILE_LIMIT // MIB}"
    return finding_of([line] if near else [], "leave out test data and what can be downloaded")


def _fault_check(code: str, title: str, why: str, kind: FaultKind, fix: str) -> Check[Distribution]:
    """Return the check that an archive does not have a fault of a kind."""

    def no_such_fault(file: Distribution) -> Finding:
        fault = file.contents.fault
        if fault is None or fault.kind is not kind:
            return Finding.passed()
        sentence = f"Invalid distribution file. {fault.message}"
        if "not accepted" in sentence:
            sentence += f" See {user_docs_page('archives')} for more information"
        return Finding.failed("\n".join(filter(None, (sentence, fault.detail))), fix)

    return Check(code, title, why, no_such_fault)


FAULT_CHECKS = (
    _fault_check(
        "DIST011",
        "The file is a complete archive of its kind",
        "A file that cannot be read cannot be installed.",
        FaultKind.UNREADABLE,
        REBUILD,
    ),
    _fault_check(
        "DIST012",
        "The archive does not unpack to many times its size",
        "A small file that fills a disk is an attack; PyPI refuses a compression ratio above 50.",
        FaultKind.BOMB,
        "leave out, or shorten, what compresses so well",
    ),
    _fault_check(
        "DIST013",
        "All members are stored or deflated",
        "Not every installer can read other compression methods.",
        FaultKind.COMPRESSION,
        "let the build backend write the wheel (zipfile.ZIP_DEFLATED)",
    ),
    _fault_check(
        "DIST014",
        "The archive has the layout of an sdist or a wheel",
        "Installers read PKG-INFO in the top folder of an sdist, and WHEEL in the .dist-info folder of a wheel.",
        FaultKind.LAYOUT,
        REBUILD,
    ),
    _fault_check(
        "DIST015",
        "Every reader sees the same members",
        "A zip file that reads differently from the front and from the back can hide what gets installed.",
        FaultKind.STRUCTURE,
        REBUILD,
    ),
    _fault_check(
        "DIST016",
        "The archive has no sparse members",
        "Sparse members are an extension of GNU tar that not every reader supports.",
        FaultKind.SPARSE,
        "pack it without --sparse, or let the build backend do it",
    ),
)


@check(
    "DIST017",
    "No member is unpacked outside the archive's folder, and no link leads there",
    "Such a member overwrites files of the person who installs it; pip refuses it (PEP 706).",
)
def harmless(file: Distribution) -> Finding:
    fault = file.contents.fault
    limit = [fault.detail] if fault and fault.detail and fault.kind is FaultKind.HOSTILE else []
    dangers = dict.fromkeys(dangers_of(file.contents.members))
    return finding_of([*limit, *first_lines(dangers)], "find what added it, and leave it out")


@check(
    "DIST018",
    "No two members are the same file on any system",
    "Of two members with one path, readers use the last; macOS and Windows treat README and readme as one file.",
    severity=WARNING,
)
def distinct_members(file: Distribution) -> Finding:
    before: dict[str, Member] = {}
    lines = []
    for member in file.files:
        key = unicodedata.normalize("NFC", member.path).lower()
        other = before.get(key)
        before[key] = member
        if other is None:
            continue
        if other.name == member.name:
            lines.append(f"{member.name} is in the archive more than once, and the last one counts")
        elif other.path == member.path:
            lines.append(f"{other.name} and {member.name} are the same file, and the last one counts")
        else:
            is_case = other.path.lower() == member.path.lower()
            why = "in case" if is_case else "in the Unicode form of their letters"
            lines.append(f"{other.name} and {member.name} differ only {why}")
    return finding_of(first_lines(dict.fromkeys(lines)), "rename or remove one of them")


@check(
    "DIST019",
    "No file is encrypted by a code protector",
    "PyPI refuses code that cannot be read before it runs.",
    needs=("DIST011",),
)
def readable_code(file: Distribution) -> Finding:
    page = f"https://{pypi_host()}/policy/acceptable-use-policy/"
    refused = file.contents.refused
    sentences = dict.fromkeys(
        f"Invalid distribution file. {match.message} See {page} for more information." for match in refused
    )
    members = first_lines(match.member for match in refused)
    return finding_of([*sentences, *members], "publish the source, or publish on another index")


@check(
    "DIST020",
    "No file is a Git LFS pointer",
    "Where Git LFS is not installed, a checkout has pointers of three lines in place of the files.",
    needs=("DIST011",),
)
def no_lfs_pointers(file: Distribution) -> Finding:
    lines = first_lines(f"{name} is a Git LFS pointer, not the file" for name in file.contents.pointers)
    fix = "git lfs pull, and build again; in a workflow, where the project is checked out:\nwith:\n  lfs: true"
    return finding_of(lines, fix)


@check(
    "DIST027",
    "Every member can be unpacked",
    "An installer stops at a member that no system can create, although the archive can be read.",
    needs=("DIST011",),
)
def can_be_unpacked(file: Distribution) -> Finding:
    return finding_of(first_lines(obstacles_of(file.contents.members)), REBUILD)


sdist_check, wheel_check = partial(check, kinds=SDIST), partial(check, kinds=WHEEL)

REBUILD_NAME = "build it with a current build backend, and do not rename it: nox -s build"


@sdist_check(
    "DIST021",
    "The sdist is named NAME-VERSION.tar.gz, as its metadata states",
    "An index finds the project, and an installer the version, by the file name (PEP 625).",
    needs=(READABLE,),
)
def sdist_name(file: Distribution) -> Finding:
    metadata = file.metadata
    try:
        name = str(FileName.parse(file.name).project)
    except ValueError:
        return Finding.failed(f"Invalid source distribution filename: {file.name}", REBUILD_NAME)
    project, version = canonicalize_name(metadata.name), metadata.version
    if version and version.is_postrelease and name != project and file.name.count("-") > 1:
        # In NAME-1.0-1.tar.gz the version has a hyphen.
        name = file.name.rpartition("-")[0].rpartition("-")[0]
    start = project.replace("-", "_")
    expected = f"{start}-{version}.tar.gz"
    if canonicalize_name(name) != project:
        return Finding.failed(f"Start filename for {metadata.name!r} with {start!r}.", REBUILD_NAME)
    line = f"Filename {file.name!r} is invalid, should be {expected!r}."
    return finding_of([] if file.name == expected else [line], REBUILD_NAME)


@wheel_check(
    "DIST022",
    "The name of the wheel has the form of PEP 427",
    "An installer reads name, version and tags of a wheel from its file name.",
)
def wheel_name(file: Distribution) -> Finding:
    try:
        FileName.parse(file.name)
    except ValueError as error:
        return Finding.failed(str(error), REBUILD_NAME)
    return Finding.passed()


@wheel_check(
    "DIST023",
    "The wheel's platform tag is accepted by PyPI",
    "A wheel that is linked against the libraries of one machine breaks on others.",
    needs=("DIST022",),
)
def platform(file: Distribution) -> Finding:
    platforms = sorted({tag.platform for tag in file.file_name.tags})
    bad = [name for name in platforms if not _is_accepted(name)]
    lines = (f"Binary wheel '{file.name}' has an unsupported platform tag '{name}'." for name in bad)
    linux = "repair it: auditwheel repair, or build it with cibuildwheel"
    other = "build it with cibuildwheel; for macOS set MACOSX_DEPLOYMENT_TARGET=11.0"
    return finding_of(lines, linux if any("linux" in name for name in bad) else other)


FORMS: tuple[tuple[re.Pattern[str], frozenset[str]], ...] = (
    (re.compile(r"macosx_10_\d+_(.*)"), MACOS_ARCHES),
    (re.compile(rf"macosx_(?:{'|'.join(sorted(MACOS_VERSIONS))})_0_(.*)"), MACOS_ARCHES),
    (re.compile(r"manylinux_\d+_\d+_(.*)"), MANYLINUX_ARCHES),
    (re.compile(r"musllinux_\d+_\d+_(.*)"), MUSLLINUX_ARCHES),
    (re.compile(r"ios_\d+_\d+_(.*)_(?:iphoneos|iphonesimulator)"), IOS_ARCHES),
    (re.compile(r"android_\d+_(.*)"), ANDROID_ARCHES),
    (re.compile(r"pyemscripten_\d+_\d+_(wasm32).*"), frozenset(("wasm32",))),
)
"""The platform tags that PyPI accepts by form, with the architectures of each (PEP 600, 656, 730, 738, 783)."""


def _is_accepted(tag: str) -> bool:
    matches = ((form.fullmatch(tag), arches) for form, arches in FORMS)
    return tag in PLATFORMS or any(match and match[1] in arches for match, arches in matches)


@wheel_check(
    "DIST024",
    "The name of the wheel starts with the normalised name of the project",
    "An index finds the project by the file name (PEP 427, PEP 503).",
    needs=("DIST022", READABLE),
)
def wheel_project(file: Distribution) -> Finding:
    project = file.metadata.name
    start, written = canonicalize_name(project).replace("-", "_"), file.name.split("-", 1)[0]
    lines = []
    if file.project != canonicalize_name(project):
        lines = [f"Start filename for {project!r} with {start!r}."]
    elif written != start:
        lines = [f"Filename {file.name!r} should contain the normalized project name {start!r}, not {written!r}."]
    return finding_of(lines, REBUILD_NAME)


@wheel_check(
    "DIST025",
    "File name and metadata of the wheel have the same version",
    "An installer chooses by the file name, and trusts the metadata afterwards.",
    needs=("DIST022", READABLE),
)
def wheel_version(file: Distribution) -> Finding:
    version = file.metadata.version
    differs = version is not None and file.version != version
    line = f"Version in filename should be {str(version)!r} not {str(file.version)!r}."
    return finding_of([line] if differs else [], REBUILD_NAME)


@sdist_check(
    "DIST026",
    "The top folder of the sdist is NAME-VERSION",
    "PEP 625 requires it, and packagers of Linux distributions change into that folder.",
    severity=WARNING,
    needs=("DIST014",),
)
def sdist_folder(file: Distribution) -> Finding:
    expected = re.sub(r"\.(tar\.gz|zip)$", "", file.name)
    differs = bool(file.contents.members) and file.folder != expected
    line = f"the top folder is {file.folder}, and the file name says {expected}"
    return finding_of([line] if differs else [], "let a current build backend write the sdist: nox -s build")


@sdist_check(
    "DIST028",
    "The sdist ends after its last member",
    "Where Python stops reading, other programs read on, or report a file that is damaged.",
    severity=WARNING,
    needs=("DIST011",),
)
def ends_well(file: Distribution) -> Finding:
    ending = file.contents.ending
    return finding_of([ending] if ending else [], REBUILD)


REBUILD_METADATA = "let the build backend write it: nox -s build"
LICENCE_WHY = "A licence whose text is missing cannot be complied with (PEP 639)."


@sdist_check(
    "DIST031",
    "The sdist contains every licence file that its metadata names",
    LICENCE_WHY,
    needs=(READABLE,),
)
def sdist_licences(file: Distribution) -> Finding:
    return finding_of(_missing_licences(file, file.folder), 'license-files = ["LICENSE"], and commit that file')


@wheel_check(
    "DIST032",
    "The wheel contains every licence file that its metadata names",
    LICENCE_WHY,
    needs=(READABLE,),
)
def wheel_licences(file: Distribution) -> Finding:
    missing = _missing_licences(file, f"{file.folder}/licenses")
    return finding_of(missing, 'license-files = ["LICENSE"], and a current build backend')


def _missing_licences(file: Distribution, folder: str) -> Iterator[str]:
    names = {member.name for member in file.contents.members}
    for path in file.metadata.list("license_files"):
        place = f"{folder}/{path}"
        if place not in names:
            yield f"License-File {path} does not exist in distribution file {file.name} at {place}"


@wheel_check(
    "DIST033",
    "The wheel has a RECORD that can be read",
    "An installer needs RECORD to uninstall the files again (PEP 427).",
    needs=UNPACKED,
)
def record_there(file: Distribution) -> Finding:
    line = f"Wheel '{file.name}' does not contain the required RECORD file: {file.folder}/RECORD"
    return finding_of([] if file.has("RECORD") and _record(file) is not None else [line], REBUILD_METADATA)


@wheel_check(
    "DIST034",
    "Entry points can be read, and names of commands are not paths",
    "An installer creates a command of each name in a folder of commands.",
)
def entry_points(file: Distribution) -> Finding:
    error = _entry_points_error(file)
    line = f"Wheel '{file.name}' has invalid entry points defined in the entry_points.txt file"
    fix = "letters, digits, and . _ - in the names below [project.scripts]"
    return finding_of([line, error] if error else [], fix)


@wheel_check(
    "DIST035",
    "The wheel has its METADATA in the .dist-info folder that its file name states",
    "PyPI serves that file separately, so that installers need not download the wheel (PEP 658).",
    needs=("DIST011", "DIST012", "DIST013", "DIST014", "DIST017"),
)
def metadata_there(file: Distribution) -> Finding:
    line = f"Wheel '{file.name}' does not contain the required METADATA file: {file.folder}/METADATA"
    return finding_of([] if file.has("METADATA") else [line], REBUILD_METADATA)


@wheel_check(
    "DIST036",
    "RECORD lists every file of the wheel with its hash, and no other file",
    "Installers verify it; PyPI sends the owners an e-mail, and plans to refuse such wheels.",
    severity=WARNING,
    needs=("DIST033",),
)
def record_agrees(file: Distribution) -> Finding:
    fix = "do not change a wheel after it was built, or use: wheel pack"
    lines = first_lines(_record_differences(file))
    others = sorted({row.digest.partition("=")[0] for row in _record(file) or ()} & NOT_COMPARED)
    if others and not lines:
        return Finding.unknown(f"RECORD lists hashes that are not compared: {', '.join(others)}")
    return finding_of(lines, fix)


class RecordRow(NamedTuple):
    """A row of RECORD: "" for a column that is missing."""

    name: str
    digest: str = ""
    size: str = ""


def _record(file: Distribution) -> tuple[RecordRow, ...] | None:
    """Return the rows of RECORD; None if it is missing or is no table."""
    data = file.text("RECORD")
    if data is None:
        return () if f"{file.folder}/RECORD" in file.contents.cut else None
    try:
        rows = [row for row in csv.reader(data.decode().splitlines()) if row]
    except (UnicodeError, csv.Error):
        return None
    return tuple(RecordRow(row[0].replace("\\", "/"), *row[1:3]) for row in rows)


NOT_COMPARED = frozenset(("sha384", "sha512", "sha3_256", "sha3_384", "sha3_512", "blake2b", "blake2s"))
"""Hashes that PEP 427 permits like SHA-256, and that no build backend writes: files are hashed once."""


def _record_differences(file: Distribution) -> Iterator[str]:
    rows = dict.fromkeys(_record(file) or ())
    if not rows and file.contents.cut:
        return
    unhashed = {f"{file.folder}/RECORD{suffix}" for suffix in ("", ".jws", ".p7s")}
    held = {member.name: member for member in file.files if not member.name.endswith("\\")}
    listed = Counter(row.name for row in rows)
    yield from (f"{name} is in the wheel and not in RECORD" for name in sorted(held.keys() - listed.keys() - unhashed))
    yield from (f"{name} is in RECORD and not in the wheel" for name in sorted(listed.keys() - held.keys()))
    yield from (f"{name} is in RECORD with different hashes or sizes" for name, count in listed.items() if count > 1)
    for row in rows:
        member = held.get(row.name)
        if member is None or member.sha256 is None:
            continue
        algorithm, _, value = row.digest.partition("=")
        expected = base64.urlsafe_b64encode(bytes.fromhex(member.sha256)).decode().rstrip("=")
        if not row.digest and row.name not in unhashed:
            yield f"{row.name} has no hash in RECORD"
        elif row.digest and algorithm not in {"sha256", *NOT_COMPARED}:
            yield f"{row.name} has a hash in RECORD that installers do not accept: {algorithm}"
        elif algorithm == "sha256" and value.rstrip("=") != expected:
            yield f"{row.name} has another hash than RECORD lists"
        if row.size.strip() not in {"", str(member.size)}:
            yield f"{row.name} has another size than RECORD lists"


ENTRY_POINT = re.compile(r"[\w.-]+")
"""What an entry point may be called (entry points specification)."""

FUNCTION = re.compile(r"[\w.-]+\s*:\s*\w[\w.]*\s*(\[.*\])?")
"""What the entry point of a command refers to: a module, and an object in it; extras are read no more."""


class _Parser(configparser.ConfigParser):
    """Names of entry points are case-sensitive."""

    def optionxform(self, optionstr: str) -> str:
        return optionstr


def _commands(file: Distribution) -> dict[str, dict[str, str]]:
    """Return the entry points that become commands, by their sections. Raises what a file raises that is none."""
    parser = _Parser(delimiters=("=",), interpolation=None)
    parser.read_string((file.text("entry_points.txt") or b"").decode())
    sections = filter(parser.has_section, ("console_scripts", "gui_scripts"))
    return {section: dict(parser[section]) for section in sections}


def _entry_points_error(file: Distribution) -> str | None:
    try:
        sections = _commands(file)
    except UnicodeError:
        return "it is not UTF-8"
    except configparser.Error as error:
        return str(error).replace("\n", " ")
    names = [(name, section) for section, commands in sections.items() for name in commands]
    return next((f"{name!r} in [{section}]" for name, section in names if not ENTRY_POINT.fullmatch(name)), None)


@wheel_check(
    "DIST040",
    "Each command of the entry points has a name of a file, and names a function",
    "Installers cannot make a command of anything else, and stop.",
    needs=("DIST034",),
)
def commands_are_functions(file: Distribution) -> Finding:
    lines = [
        f"{name} = {value} in [{section}]"
        for section, commands in _commands(file).items()
        for name, value in commands.items()
        if not name.strip(".") or not FUNCTION.fullmatch(value)
    ]
    return finding_of(first_lines(lines), 'in [project.scripts]: name = "module:function"')


SCHEMES = ("purelib", "platlib", "headers", "scripts", "data")
"""The folders in ``.data`` that installers know (PEP 427, sysconfig)."""


@wheel_check(
    "DIST039",
    "Installers know where each file of the wheel belongs",
    "They refuse a wheel with a second .dist-info folder, or with files in .data that belong nowhere (PEP 427).",
    needs=("DIST014", *UNPACKED),
)
def places_are_known(file: Distribution) -> Finding:
    tops = {member.name.partition("/")[0] for member in file.contents.members}
    infos = sorted(top for top in tops if top.endswith(".dist-info"))
    lines = [f"the wheel has several .dist-info folders: {', '.join(infos)}"] if len(infos) > 1 else []
    return finding_of(first_lines((*lines, *_misplaced(file))), "let the build backend place the files: nox -s build")


def _misplaced(file: Distribution) -> Iterator[str]:
    for member in file.files:
        top, _, below = member.name.partition("/")
        scheme, slash, place = below.partition("/")
        if not top.endswith(".data"):
            continue
        if not slash or scheme not in SCHEMES:
            yield f"{member.name} is in none of the folders {', '.join(SCHEMES)} of {top}"
        elif path_of(place).partition("/")[0] in {"", ".."}:
            yield f"{member.name} would be installed outside the folder for {scheme}"


WHEEL_VERSION = 1
"""The major version of the wheel format that installers read; they refuse a higher one (PEP 427)."""


@wheel_check(
    "DIST037",
    "The WHEEL file states a version of the wheel format that installers support",
    "Installers refuse a wheel whose WHEEL file has no Wheel-Version, or a later major version (PEP 427).",
    needs=("DIST014", *UNPACKED),
)
def wheel_format(file: Distribution) -> Finding:
    written = _wheel_fields(file, "Wheel-Version")
    if not written:
        return Finding.failed("WHEEL has no Wheel-Version", REBUILD_METADATA)
    version = re.fullmatch(r"\s*(\d{1,9})(?:\.\d{1,9})*\s*", written[0], re.ASCII)
    if version and int(version[1]) <= WHEEL_VERSION:
        return Finding.passed()
    return Finding.failed(f"WHEEL has Wheel-Version {written[0]!r}, and installers read 1.0", REBUILD_METADATA)


@wheel_check(
    "DIST038",
    "The WHEEL file states where the wheel is installed and for which tags",
    "Without Root-Is-Purelib and Tag, installers guess the folder, and other tools the platform (PEP 427).",
    severity=WARNING,
    needs=("DIST022", "DIST037"),
)
def wheel_fields(file: Distribution) -> Finding:
    lines = []
    purelib = _wheel_fields(file, "Root-Is-Purelib")
    if not purelib:
        lines.append("WHEEL has no Root-Is-Purelib")
    elif purelib[0].strip().lower() not in {"true", "false"}:
        lines.append(f"WHEEL has Root-Is-Purelib {purelib[0]!r}, which is neither true nor false")
    tags = {tag.strip() for tag in _wheel_fields(file, "Tag")}
    expected = {str(tag) for tag in file.file_name.tags}
    if not tags:
        lines.append("WHEEL has no Tag")
    elif set().union(*map(_expanded, tags)) != expected:
        lines.append(
            f"WHEEL has the tags {', '.join(sorted(tags))}, and the file name says {', '.join(sorted(expected))}"
        )
    return finding_of(first_lines(lines), f"{REBUILD_METADATA}; rename wheels only with: wheel tags")


def _wheel_fields(file: Distribution, name: str) -> tuple[str, ...]:
    """Return all values of a field of WHEEL, none if the field is missing."""
    values = email.message_from_bytes(file.text("WHEEL") or b"").get_all(name) or ()
    return tuple(str(value) for value in values)


def _expanded(tag: str) -> set[str]:
    """Return a tag with each compressed set written out: ``py2.py3-none-any`` is two tags (PEP 425)."""
    try:
        return {str(simple) for simple in parse_tag(tag)}
    except ValueError:
        return {tag}


READING_CHECKS = (
    *(extension, characters, size_under_limit, size_near_limit, *FAULT_CHECKS, harmless, distinct_members),
    *(readable_code, no_lfs_pointers, can_be_unpacked, ends_well),
)
"""The checks that need no metadata."""

MATCHING_CHECKS = (
    *(sdist_name, wheel_name, platform, wheel_project, wheel_version, sdist_folder),
    *(sdist_licences, wheel_licences, record_there, entry_points, metadata_there, record_agrees),
    *(wheel_format, wheel_fields, places_are_known, commands_are_functions),
)
"""The checks that name, metadata and files of a distribution match."""
