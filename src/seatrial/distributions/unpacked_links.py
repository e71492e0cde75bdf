"""Where the members of an archive land when they are unpacked in order, links followed (PEP 706).

The links are resolved in memory. Python's ``data`` filter resolves them on the disk, which its older releases do not do
for every chain of links, and the oldest have no filter at all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from seatrial.distributions.archive import MemberKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from seatrial.distributions.archive import Member


MOST_LINKS = 40
"""How many links may be followed for one path, as in Linux."""

MOST_STEPS = 2_000_000
"""How many folders are entered at most to follow the links of an archive."""

Place = tuple[str, ...]


class LeavesError(ValueError):
    """A path leads out of the folder that the archive is unpacked in, or cannot be followed."""


@dataclass
class UnpackedLinks:
    """The links that have been unpacked so far, by where they lie, with the folder that each starts from."""

    targets: dict[Place, str] = field(default_factory=dict)
    steps: int = 0

    def resolve(self, path: str, start: Place = ()) -> Place:
        """Return where a path leads from a place, all links followed. Raises `LeavesError`."""
        if _is_absolute(path):
            raise LeavesError
        place, pending, followed = list(start), path.split("/")[::-1], 0
        while pending:
            self.steps += 1
            part = pending.pop()
            if part == "..":
                if not place:
                    raise LeavesError
                place.pop()
            elif part not in {"", "."}:
                place.append(part)
                target = self.targets.get(tuple(place)) if self.targets else None
                if target is not None:
                    followed += 1
                    if followed > MOST_LINKS or self.steps > MOST_STEPS or _is_absolute(target):
                        raise LeavesError
                    place.pop()
                    pending += target.split("/")[::-1]
        return tuple(place)

    def unpack(self, member: Member) -> Iterator[str]:
        """Unpack a member, and yield what is dangerous about it."""
        path = _with_slashes(member.name)
        if not self.targets and member.target is None and ".." not in path and not _is_absolute(path):
            # As nearly all members are.
            return
        folder, _, name = path.rstrip("/").rpartition("/")
        try:
            self.resolve(path)
            start = self.resolve(folder)
        except LeavesError:
            yield f"{member.name} would be unpacked outside"
            return
        if member.target is None:
            return
        target = _with_slashes(member.target)
        try:
            if member.kind is MemberKind.SYMLINK:
                self.resolve(target, start)
                place = (*start, name)
                self.targets[place] = target
            elif self._is_link(target):
                # The copy of a link starts from another folder.
                yield f"{member.name} is a hard link to a link, {member.target}"
        except LeavesError:
            yield f"{member.name} links outside, to {member.target}"

    def dangling(self) -> Iterator[str]:
        """Yield the links that lead outside now, after others have been unpacked."""
        for place, target in self.targets.items():
            if self._leaves("/".join(place)):
                yield f"{'/'.join(place)} links outside, to {target}"

    def _leaves(self, path: str) -> bool:
        try:
            self.resolve(path)
        except LeavesError:
            return True
        return False

    def _is_link(self, path: str) -> bool:
        """Whether the file that a hard link names is a link. Raises `LeavesError`."""
        self.resolve(path)
        folder, _, name = path.rpartition("/")
        return (*self.resolve(folder), name) in self.targets


def dangers_of(members: Iterable[Member]) -> Iterator[str]:
    """Yield why the members of an archive must not be unpacked, a line each: what lands or leads outside."""
    links = UnpackedLinks()
    for member in members:
        if member.kind is MemberKind.OTHER:
            yield f"{member.name} is a {MemberKind.OTHER.value}"
        yield from links.unpack(member)
    yield from links.dangling()


def _with_slashes(path: str) -> str:
    return path.replace("\\", "/")


def _is_absolute(path: str) -> bool:
    return path.startswith("/") or path[1:3] == ":/"
