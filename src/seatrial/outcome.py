"""How a nox session ended, read from nox's ``--report`` file."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class Status(Enum):
    """The ways in which nox sees a session end; the values are those of its ``--report``."""

    SUCCESS = "success"
    FAILED = "failed"
    ABORTED = "aborted"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Outcome:
    """One run of one session: on which Python ("" for none of its own), and how long it took in seconds.

    ``gives_reasons``: whether this nox says why; the one that Python 3.9 gets does not.
    """

    session: str
    python: str
    status: Status
    seconds: float
    reason: str
    gives_reasons: bool = True

    @classmethod
    def from_report(cls, entry: Mapping[str, Any]) -> Outcome:
        """Read an entry of ``sessions`` in the file that ``nox --report`` writes.

        A run has several signatures, ``tests``, ``tests-3.12``, ``tests-3.12(django='5')``: the name of the session
        goes first, then its Python.
        """
        name, signatures = entry["name"], entry["signatures"]
        pythons = [one.partition("(")[0][len(name) + 1 :] for one in signatures if one.startswith(f"{name}-")]
        _, bracket, parameters = next(iter(signatures), name).partition("(")
        return cls(
            session=name + bracket + parameters,
            python=next(iter(pythons), ""),
            status=Status(entry["result"]),
            seconds=float(entry.get("duration") or 0),
            reason=entry.get("reason") or "",
            gives_reasons="reason" in entry,
        )

    @property
    def name(self) -> str:
        """What selects this run: ``nox -s NAME``."""
        return f"{self.session}-{self.python}" if self.python else self.session
