"""What is learned of a member of an archive while its content passes by, a piece at a time."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from seatrial.facts.contents import Secret

if TYPE_CHECKING:
    from collections.abc import Iterable

PIECE = 1 << 20
"""How much of a file is in memory at a time, in bytes."""

LONGEST_TEXT = 16 * PIECE
"""How long a file may be that is kept for rules to read; the RECORD of 100,000 files has about 10 MiB."""

MOST_TEXT = 32 * PIECE
"""How much is kept of all the files in an archive."""

MOST_MEMBERS = 200_000
"""How many members are looked at; the largest wheels have some ten thousand."""

KEPT = re.compile(r"[^/]+/PKG-INFO|[^/]+\.dist-info/(METADATA|WHEEL|RECORD|entry_points\.txt)")
"""Which files rules read: they lie below the one folder of an sdist, or in the .dist-info of a wheel."""

SECRETS = {
    "a token of PyPI": (b"pypi-", re.compile(rb"pypi-[A-Za-z0-9_-]{85,}")),
    "a private key": (b"PRIVATE KEY-----", re.compile(rb"-----BEGIN (?:[A-Z]{2,10} )?PRIVATE KEY-----\s")),
    "a token of GitHub": (b"gh", re.compile(rb"\bgh[pousr]_[A-Za-z0-9]{36,}|\bgithub_pat_[A-Za-z0-9_]{60,}")),
    "a token of GitLab": (b"glpat-", re.compile(rb"\bglpat-[A-Za-z0-9_-]{20,}")),
    "a key of AWS": (b"AKIA", re.compile(rb"\bAKIA[A-Z0-9]{16}\b")),
    "a token of Slack": (b"xox", re.compile(rb"\bxox[abprs]-[0-9]{8,}-[A-Za-z0-9-]{20,}")),
}
"""What a secret looks like: first what is always in it, which is looked for fast."""


class TooMuchError(ValueError):
    """The archive holds more than is looked at."""


LONGEST_SECRET = 256
"""How much of a piece is looked at again with the next, so that none is cut in two."""


@dataclass
class Sieve:
    """What has been learned so far of the members of one archive."""

    texts: dict[str, bytes] = field(default_factory=dict)
    cut: list[str] = field(default_factory=list)
    secrets: list[Secret] = field(default_factory=list)
    room: int = MOST_TEXT

    def sift(self, name: str, size: int, pieces: Iterable[bytes]) -> str:
        """Let the content of a member pass by, and return its SHA-256 in hexadecimal digits."""
        digest, before = hashlib.sha256(), b""
        kept: list[bytes] | None = self._begin(name, size)
        found = set()
        for piece in pieces:
            digest.update(piece)
            window = before + piece
            found |= {kind for kind, (sign, form) in SECRETS.items() if sign in window and form.search(window)}
            before = window[-LONGEST_SECRET:]
            if kept is not None:
                kept.append(piece)
        if kept is not None:
            self.texts[name] = b"".join(kept)
        self.secrets += (Secret(name, kind) for kind in sorted(found))
        return digest.hexdigest()

    def _begin(self, name: str, size: int) -> list[bytes] | None:
        if not KEPT.fullmatch(name) or name in self.texts:
            return None
        if size > min(LONGEST_TEXT, self.room):
            self.cut.append(name)
            return None
        self.room -= size
        return []
