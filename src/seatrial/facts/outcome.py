"""How a nox session ended."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

SIGNATURE = re.compile(r"(?P<session>.+?)(?:-(?P<python>(?:pypy-?)?\d+\.\d+\w*))?(?P<parameters>\(.*\))?")
"""What nox calls a run of a session: ``tests-3.12``, ``tests-3.12(django='5')``, ``build``."""


class Status(Enum):
    """The ways in which nox sees a session end; the values are those of its ``--report``."""

    SUCCESS = "success"
    FAILED = "failed"
    ABORTED = "aborted"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Outcome:
    """One run of one session: on which Python ("" for none of its own), and how long it took in seconds."""

    session: str
    python: str
    status: Status
    seconds: float
    reason: str

    @classmethod
    def from_report(cls, entry: Mapping[str, Any]) -> Outcome:
        """Read an entry of ``sessions`` in the file that ``nox --report`` writes."""
        signature = next(iter(entry["signatures"]), entry["name"])
        parts = SIGNATURE.fullmatch(signature)
        assert parts is not None  # noqa: S101 - it matches any text but an empty one
        return cls(
            session=parts["session"] + (parts["parameters"] or ""),
            python=parts["python"] or "",
            status=Status(entry["result"]),
            seconds=float(entry.get("duration") or 0),
            reason=entry.get("reason") or "",
        )

    @property
    def name(self) -> str:
        """What selects this run: ``nox -s NAME``."""
        return f"{self.session}-{self.python}" if self.python else self.session
