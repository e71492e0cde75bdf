"""Whether a file is an archive that can be read, and that does no harm."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, ClassVar

from seatrial.checks.rule import Rule, shown, user_docs, verdict
from seatrial.facts.contents import FaultKind, Kind, MemberKind
from seatrial.findings import Finding, Weight

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seatrial.facts.archive import Archive
    from seatrial.facts.contents import Member

MIB = 1 << 20
LIMIT = 100
"""How large a file may be, in MiB, unless PyPI has granted more."""

WARNED = 80
REBUILD = "build it again, and upload it as it was built: nox -s build"


class Extension(Rule):
    """The file is named like an sdist or a wheel."""

    code: ClassVar[str] = "DIST001"
    kinds: ClassVar[tuple[Kind, ...]] = tuple(Kind)

    def check(self, facts: Archive) -> Finding:
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


class Characters(Rule):
    """The file name has only characters that an index can store."""

    code: ClassVar[str] = "DIST002"
    kinds: ClassVar[tuple[Kind, ...]] = tuple(Kind)

    def check(self, facts: Archive) -> Finding:
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


class Size(Rule):
    """The file is not larger than PyPI takes."""

    code: ClassVar[str] = "DIST003"
    kinds: ClassVar[tuple[Kind, ...]] = tuple(Kind)

    def check(self, facts: Archive) -> Finding:
        """PyPI takes files of up to 100 MB; more has to be asked for, which takes weeks."""
        if facts.size <= LIMIT * MIB:
            return Finding.passed()
        name = facts.metadata.name if facts.metadata else facts.name.partition("-")[0]
        page = user_docs("project-management/storage-limits#requesting-a-file-size-limit-increase")
        return Finding.failed(
            f"File too large. Limit for project {name!r} is {LIMIT} MB. See {page} for more information.",
            f"it has {facts.size // MIB} MiB: leave out test data and what can be downloaded, or ask PyPI for more and "
            "then ignore this check, with that reason",
        )


class SizeNearLimit(Rule):
    """The file is well below the size that PyPI takes."""

    code: ClassVar[str] = "DIST004"
    weight: ClassVar[Weight] = Weight.WARNING
    kinds: ClassVar[tuple[Kind, ...]] = tuple(Kind)

    def check(self, facts: Archive) -> Finding:
        """To be granted more takes weeks, so it is good to know before it is needed."""
        if not WARNED * MIB < facts.size <= LIMIT * MIB:
            return Finding.passed()
        said = f"it has {facts.size // MIB} MiB, and PyPI takes {LIMIT}"
        return Finding.failed(said, "leave out test data and what can be downloaded")


class Readable(Rule):
    """The file is an archive of its kind, and whole."""

    code: ClassVar[str] = "DIST011"

    def check(self, facts: Archive) -> Finding:
        """What can't be read can't be installed."""
        return _fault(facts, FaultKind.UNREADABLE, REBUILD)


class NoBomb(Rule):
    """The archive does not unpack to many times its size."""

    code: ClassVar[str] = "DIST012"

    def check(self, facts: Archive) -> Finding:
        """Small files that fill a disk are made to do harm."""
        return _fault(facts, FaultKind.BOMB, "leave out, or shorten, what compresses so well")


class Compression(Rule):
    """The members are stored or deflated."""

    code: ClassVar[str] = "DIST013"

    def check(self, facts: Archive) -> Finding:
        """Other methods are not known to every installer."""
        return _fault(facts, FaultKind.COMPRESSION, "let the build backend write the wheel (zipfile.ZIP_DEFLATED)")


class Layout(Rule):
    """What makes it an sdist or a wheel is at its place."""

    code: ClassVar[str] = "DIST014"

    def check(self, facts: Archive) -> Finding:
        """Installers look for PKG-INFO in the one folder of an sdist, for WHEEL in the .dist-info of a wheel."""
        return _fault(facts, FaultKind.LAYOUT, REBUILD)


class Framing(Rule):
    """Every reader sees the same members."""

    code: ClassVar[str] = "DIST015"

    def check(self, facts: Archive) -> Finding:
        """A zip file that reads differently from its front and from its back can hide what gets installed."""
        return _fault(facts, FaultKind.FRAMING, REBUILD)


class NotSparse(Rule):
    """The archive has no sparse members."""

    code: ClassVar[str] = "DIST016"

    def check(self, facts: Archive) -> Finding:
        """Sparse members are an extension of GNU tar that not every reader knows."""
        return _fault(facts, FaultKind.SPARSE, "pack it without --sparse, or let the build backend do it")


class Harmless(Rule):
    """Nothing in the archive would land, or leads, outside."""

    code: ClassVar[str] = "DIST017"

    def check(self, facts: Archive) -> Finding:
        """Unpacked without care, such a member overwrites files of whoever installs it; pip refuses it (PEP 706)."""
        fault = facts.contents.fault
        said = [fault.detail] if fault and fault.kind is FaultKind.HOSTILE else []
        bad = [reason for member in facts.contents.members for reason in _harm(member)]
        return verdict([*said, *shown(bad)], "see what put it there, and leave it out")


class Distinct(Rule):
    """No two members are the same file, on any system."""

    code: ClassVar[str] = "DIST018"
    weight: ClassVar[Weight] = Weight.WARNING

    def check(self, facts: Archive) -> Finding:
        """Of two members with one name the last wins; macOS and Windows do not tell README from readme."""
        seen: dict[str, str] = {}
        said = []
        for member in facts.files:
            before = seen.setdefault(member.name.lower(), member.name)
            if before is not member.name:
                said.append(f"{before} and {member.name} are the same file")
        return verdict(shown(said), "rename or remove one of them")


def _fault(facts: Archive, kind: FaultKind, fix: str) -> Finding:
    fault = facts.contents.fault
    if fault is None or fault.kind is not kind:
        return Finding.passed()
    page = f" See {user_docs('archives')} for more information" if "not accepted" in fault.said else ""
    said = f"Invalid distribution file. {fault.said}{page}"
    return Finding.failed("\n".join(part for part in (said, fault.detail) if part), fix)


def _harm(member: Member) -> Iterator[str]:
    name = member.name
    if _leaves(member.name):
        yield f"{name} would land outside"
    if member.kind is MemberKind.OTHER:
        yield f"{name} is a {MemberKind.OTHER.value}"
    if member.kind is MemberKind.SYMLINK and _leaves(posixpath.join(posixpath.dirname(member.name), member.target)):
        yield f"{name} leads outside, to {member.target}"
    if member.kind is MemberKind.HARDLINK and _leaves(member.target):
        yield f"{name} leads outside, to {member.target}"


def _leaves(path: str) -> bool:
    plain = path.replace("\\", "/")
    return plain.startswith("/") or plain[1:3] == ":/" or posixpath.normpath(plain).split("/")[0] == ".."
