"""The managed block of a generated file: seatrial rewrites it and leaves the lines around it alone."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace

from seatrial.ci.github import read_yaml, table_at
from seatrial.ci.pins import without_pins

BEGIN = "# >>> seatrial: generated; `invoke workflows` rewrites it. The lines outside of this block are yours."
END = "# <<< seatrial"

OPENING = re.compile(r"^# >>> seatrial\b.*\n", re.MULTILINE)
CLOSING = re.compile(r"^# <<< seatrial(?: (?P<hash>[0-9a-f]+))?[^\n]*(?:\n|\Z)", re.MULTILINE)


@dataclass(frozen=True)
class ManagedBlock:
    """A file in three parts: the text ``above`` the generated lines, these, and the text ``below``.

    ``is_untouched``: whether the lines are those that were written, whatever would be written today.
    """

    above: str
    text: str
    below: str
    is_untouched: bool

    @classmethod
    def find(cls, text: str) -> ManagedBlock | None:
        """Find the region of a file; None if it has none, or more than one begins or ends."""
        openings, closings = list(OPENING.finditer(text)), list(CLOSING.finditer(text))
        if len(openings) != 1 or len(closings) != 1 or openings[0].end() > closings[0].start():
            return None
        inside = text[openings[0].end() : closings[0].start()]
        return cls(
            text[: openings[0].start()], inside, text[closings[0].end() :], closings[0]["hash"] == _short_hash(inside)
        )

    def whole(self) -> str:
        """Return the file with its marks."""
        return f"{self.above}{BEGIN}\n{self.text}{END} {_short_hash(self.text)}\n{self.below}"

    def with_text(self, text: str) -> ManagedBlock:
        """Return the region with other generated lines; the text around them stays."""
        return replace(self, text=text, is_untouched=True)


def jobs_below(block: ManagedBlock) -> tuple[str, ...]:
    """Return the names of the jobs below the generated ones; none of a file that can't be read."""
    own, generated = (table_at(read_yaml(text)[0], "jobs") for text in (block.whole(), block.text))
    return tuple(str(name) for name in own if name not in generated)


def new_file(text: str) -> str:
    """Return a file that has nothing but generated lines."""
    return ManagedBlock("", text, "", is_untouched=True).whole()


def _short_hash(text: str) -> str:
    return hashlib.sha256(without_pins(text).encode()).hexdigest()[:16]
