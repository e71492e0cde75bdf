"""Whether two archives of one distribution hold the same, however they are packaged."""

from __future__ import annotations

import bisect
import csv
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from seatrial.distributions.archive import FaultKind, MemberKind
from seatrial.distributions.distribution import Archive

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from seatrial.distributions.archive import Member


Content = tuple[tuple[object, ...], ...]
"""What each occurrence of a name in an archive unpacks to."""

LEFTOVER = "compression or headers"
"""What two files differ in whose members are the same in every respect."""


class Sameness(Enum):
    """How alike two archives are."""

    IDENTICAL = "the same bytes"
    SAME_CONTENT = "the same content, packaged differently"
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


def compare(first: Path, second: Path) -> Comparison:
    """Compare two wheels, or two sdists, by what they unpack to.

    Content is what an installer keeps: names, bytes, links, and whether a file is executable. The rows of RECORD may
    come in any order. An archive that cannot be read whole, or that reads differently for different readers, is never
    the same as another. Raises `OSError`.
    """
    return compare_archives(Archive.from_path(first), Archive.from_path(second))


def compare_archives(first: Archive, second: Archive) -> Comparison:
    """Compare two archives; see `compare`."""
    if first.sha256 == second.sha256:
        return Comparison(Sameness.IDENTICAL)
    unreadable = _unreadable(first) or _unreadable(second)
    if unreadable:
        return Comparison(Sameness.DIFFERENT, unreadable=unreadable)
    ours, theirs = _contents(first), _contents(second)
    members = tuple(sorted(name for name in {*ours, *theirs} if ours.get(name) != theirs.get(name)))
    if members:
        return Comparison(Sameness.DIFFERENT, members=members)
    return Comparison(Sameness.SAME_CONTENT, _packaging(first, second))


def _unreadable(archive: Archive) -> str | None:
    fault = archive.contents.fault
    # What has to be in an sdist or a wheel is a question of its own.
    if fault is None or fault.kind is FaultKind.LAYOUT:
        return None
    return f"{archive.name}: {fault.kind.value}"


def _contents(archive: Archive) -> Mapping[str, Content]:
    """Return what each name stands for. A folder that holds something is implied by what it holds."""
    members = archive.contents.members
    names = sorted({_plain(one) for one in members})
    first = {one.name: one for one in reversed(members)}
    found: dict[str, Content] = {}
    for one in members:
        name = _plain(one)
        if one.kind is not MemberKind.FOLDER or not _holds_something(name, names):
            found[name] = (*found.get(name, ()), _content(one, first, archive))
    return found


def _plain(member: Member) -> str:
    return member.name.rstrip("/")


def _holds_something(folder: str, names: list[str]) -> bool:
    """Whether one of the sorted names lies in a folder."""
    at = bisect.bisect_left(names, f"{folder}/")
    return at < len(names) and names[at].startswith(f"{folder}/")


def _content(member: Member, first: Mapping[str, Member], archive: Archive) -> tuple[object, ...]:
    if member.kind is MemberKind.HARDLINK and member.target in first:
        # Whoever packs decides whether a second name of a file is a link or a copy.
        linked = first[member.target]
        member = linked if linked.kind is MemberKind.FILE else member
    if member.kind is MemberKind.FOLDER:
        return (member.kind,)
    if member.kind is not MemberKind.FILE:
        return (member.kind, member.target, member.sha256)
    record = archive.contents.texts.get(member.name) if member.name.endswith(".dist-info/RECORD") else None
    return (member.kind, member.mode & 0o7000, bool(member.mode & 0o111), _rows(record) or member.sha256)


def _rows(record: bytes | None) -> tuple[tuple[str, ...], ...]:
    if record is None:
        return ()
    try:
        return tuple(sorted(tuple(row) for row in csv.reader(record.decode().splitlines())))
    except (UnicodeDecodeError, csv.Error):
        return ()


def _packaging(first: Archive, second: Archive) -> tuple[str, ...]:
    """Return what differs in how two archives of the same content are packaged."""
    ours, theirs = ({_plain(one): one for one in archive.contents.members} for archive in (first, second))
    pairs = [(ours[name], theirs[name]) for name in ours if name in theirs]
    seen = {
        "dates": any(one.date != other.date for one, other in pairs),
        "order": [name for name in ours if name in theirs] != [name for name in theirs if name in ours],
        "owners": any(one.owner != other.owner for one, other in pairs),
        "permissions": any(one.mode != other.mode for one, other in pairs),
        "folders": ours.keys() != theirs.keys(),
        "links": any(one.kind is not other.kind for one, other in pairs),
        "rows of RECORD": any(one.sha256 != other.sha256 and one.kind is other.kind for one, other in pairs),
        "compression": any(one.packed != other.packed for one, other in pairs),
    }
    return tuple(what for what, differs in seen.items() if differs) or (LEFTOVER,)
