"""Whether two archives of one distribution have the same content, however they are packaged."""

from __future__ import annotations

import bisect
import csv
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from seatrial.distributions.archive import FaultKind, MemberKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seatrial.distributions.archive import Member
    from seatrial.distributions.distribution import Distribution


Content = tuple[tuple[object, ...], ...]
"""What each occurrence of a name in an archive unpacks to."""

LEFTOVER = "compression or headers"
"""The difference of two files whose members are the same in every respect."""


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


def compare(first: Distribution, second: Distribution) -> Comparison:
    """Compare two wheels, or two sdists, by what they unpack to.

    Content is what an installer keeps: names, bytes, links, and whether a file is executable. The rows of RECORD may
    come in any order. An archive that cannot be read whole, or that reads differently for different readers, is never
    the same as another. Raises `OSError`.
    """
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


def _unreadable(distribution: Distribution) -> str | None:
    fault = distribution.contents.fault
    # What has to be in an sdist or a wheel is a question of its own.
    if fault is None or fault.kind is FaultKind.LAYOUT:
        return None
    return f"{distribution.name}: {fault.kind.value}"


def _contents(distribution: Distribution) -> Mapping[str, Content]:
    """Return what each name stands for. A folder that holds something is implied by what it holds."""
    members = distribution.contents.members
    names = sorted({_plain(member) for member in members})
    first = {member.name: member for member in reversed(members)}
    contents: dict[str, Content] = {}
    for member in members:
        name = _plain(member)
        if member.kind is not MemberKind.FOLDER or not _holds_something(name, names):
            contents[name] = (*contents.get(name, ()), _content(member, first, distribution))
    return contents


def _plain(member: Member) -> str:
    return member.name.rstrip("/")


def _holds_something(folder: str, names: list[str]) -> bool:
    """Whether one of the sorted names lies in a folder."""
    at = bisect.bisect_left(names, f"{folder}/")
    return at < len(names) and names[at].startswith(f"{folder}/")


def _content(member: Member, first: Mapping[str, Member], distribution: Distribution) -> tuple[object, ...]:
    linked = first.get(member.target or "") if member.kind is MemberKind.HARDLINK else None
    if linked and linked.kind is MemberKind.FILE:
        # The tool that packs decides whether a second name of a file is a link or a copy.
        member = linked
    if member.kind is MemberKind.FOLDER:
        return (member.kind,)
    if member.kind is not MemberKind.FILE:
        return (member.kind, member.target, member.sha256)
    is_record = member.name.endswith(".dist-info/RECORD")
    record = distribution.contents.texts.get(member.name) if is_record else None
    return (member.kind, member.mode & 0o7000, bool(member.mode & 0o111), _rows(record) or member.sha256)


def _rows(record: bytes | None) -> tuple[tuple[str, ...], ...]:
    if record is None:
        return ()
    try:
        return tuple(sorted(tuple(row) for row in csv.reader(record.decode().splitlines())))
    except (UnicodeDecodeError, csv.Error):
        return ()


def _packaging(first: Distribution, second: Distribution) -> tuple[str, ...]:
    """Return what differs in how two archives of the same content are packaged."""
    ours, theirs = ({_plain(member): member for member in both.contents.members} for both in (first, second))
    pairs = [(ours[name], theirs[name]) for name in ours if name in theirs]
    differs = {
        "dates": any(our.date != their.date for our, their in pairs),
        "order": [name for name in ours if name in theirs] != [name for name in theirs if name in ours],
        "owners": any(our.owner != their.owner for our, their in pairs),
        "permissions": any(our.mode != their.mode for our, their in pairs),
        "folders": ours.keys() != theirs.keys(),
        "links": any(our.kind is not their.kind for our, their in pairs),
        "rows of RECORD": any(our.sha256 != their.sha256 and our.kind is their.kind for our, their in pairs),
        "compression": any(our.packed != their.packed for our, their in pairs),
    }
    return tuple(aspect for aspect, is_different in differs.items() if is_different) or (LEFTOVER,)
