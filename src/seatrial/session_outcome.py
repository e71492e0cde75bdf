"""How a nox session ended, read from nox's ``--report`` file."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class Status(Enum):
    """The results of a session, with the values of nox's ``--report``."""

    SUCCESS = "success"
    FAILED = "failed"
    ABORTED = "aborted"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Outcome:
    """A run of a session.

    ``python``: "" for a session that does not run once for each Python; ``seconds``: its duration; ``gives_reasons``:
    whether this release of nox reports reasons; the newest one for Python 3.9 does not.
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

        A run has several signatures, such as ``tests``, ``tests-3.12`` and ``tests-3.12(django='5')``.
        """
        name, signatures = entry["name"], entry["signatures"]
        with_python = (signature for signature in signatures if signature.startswith(f"{name}-"))
        pythons = (signature.partition("(")[0][len(name) + 1 :] for signature in with_python)
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
        """The name that selects this run: ``nox -s NAME``."""
        return f"{self.session}-{self.python}" if self.python else self.session
