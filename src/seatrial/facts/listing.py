"""The sessions of a noxfile, as ``nox --list --json`` tells them."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Listed:
    """A session: ``session`` as it is called; ``name`` and ``python``: its parts, "" for no Python."""

    session: str
    name: str
    python: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Listing:
    """The sessions that there are. ``failure``: why they could not be listed, "" when they were."""

    sessions: tuple[Listed, ...] = ()
    failure: str = ""
    is_there: bool = True

    @classmethod
    def from_json(cls, text: str) -> Listing:
        """Read what nox printed, in one line; the noxfile may print more, older nox have no names for some of it."""
        for line in reversed([line for line in text.splitlines() if line.startswith("[")]):
            with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError, RecursionError):
                return cls(tuple(_listed(one) for one in json.loads(line)))
        return cls(failure="nox --list --json did not print what it should")

    def has(self, name: str) -> bool:
        """Whether ``nox -s NAME`` would find a session."""
        return any(name in (one.session, one.name) for one in self.sessions)

    @property
    def pythons(self) -> frozenset[str]:
        """The Pythons that some session runs on."""
        return frozenset(one.python for one in self.sessions if one.python)


def _listed(told: dict[str, object]) -> Listed:
    python, tags = told.get("python"), told.get("tags")
    return Listed(
        session=str(told["session"]),
        name=str(told.get("name") or told["session"]),
        python=python if isinstance(python, str) else "",
        tags=tuple(map(str, tags)) if isinstance(tags, list) else (),
    )
