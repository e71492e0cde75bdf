"""What is in a file that may be a distribution, as its reader tells it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Kind(Enum):
    """What a file is by its name, which is how an index and an installer tell."""

    SDIST = "sdist"
    WHEEL = "wheel"
    NEITHER = "neither"

    @classmethod
    def of(cls, name: str) -> Kind:
        """Tell from a file name; a zip file is an sdist of old."""
        if name.lower().endswith(".whl"):
            return cls.WHEEL
        return cls.SDIST if name.lower().endswith((".tar.gz", ".zip")) else cls.NEITHER


class MemberKind(Enum):
    """What a member of an archive becomes when it is unpacked."""

    FILE = "file"
    FOLDER = "folder"
    SYMLINK = "symbolic link"
    HARDLINK = "hard link"
    OTHER = "device or pipe"


@dataclass(frozen=True)
class Member:
    """A member of an archive.

    ``size``: of a file, in bytes; ``target``: what a link leads to; ``sha256``: of a file's content in hexadecimal
    digits, "" where it was not read. How it is packaged: ``mode``: its permissions; ``date``: as the archive has it;
    ``owner``: of a member of a tar archive; ``packed``: the method and the size in bytes that a zip file has it in.
    """

    name: str
    kind: MemberKind = MemberKind.FILE
    size: int = 0
    target: str = ""
    sha256: str = ""
    mode: int = field(default=0, compare=False)
    date: object = field(default=None, compare=False)
    owner: object = field(default=None, compare=False)
    packed: object = field(default=None, compare=False)


class FaultKind(Enum):
    """Why an archive is not accepted, in the order in which PyPI looks."""

    UNREADABLE = "it can't be read"
    BOMB = "it unpacks to too much"
    COMPRESSION = "it is compressed in another way"
    LAYOUT = "what has to be in it is not there"
    FRAMING = "it reads differently for different readers"
    SPARSE = "it has sparse members"
    HOSTILE = "it is made to do harm"


@dataclass(frozen=True)
class Fault:
    """The first thing that is wrong with an archive as such.

    ``said``: what PyPI says after "Invalid distribution file.", "None" where it has no words; ``detail``: ours.
    """

    kind: FaultKind
    said: str = ""
    detail: str = ""


@dataclass(frozen=True)
class Secret:
    """Something in a member that looks like a secret: what it looks like, never the secret itself."""

    member: str
    looks_like: str


@dataclass(frozen=True)
class Contents:
    """What a reader found in an archive.

    ``texts``: the files that rules read, by their names; ``cut``: those among them that were too long to be read.
    """

    members: tuple[Member, ...] = ()
    texts: Mapping[str, bytes] = field(default_factory=dict)
    cut: tuple[str, ...] = ()
    secrets: tuple[Secret, ...] = ()
    fault: Fault | None = None
