"""What building again shows: whether the same commit gives the same bytes, and whether the sdist has all it needs."""

from __future__ import annotations

from dataclasses import dataclass

MOST = 5
"""How many members are named."""


@dataclass(frozen=True)
class Difference:
    """How two builds of one distribution differ: ``members`` is empty when the same ones are packed in another way."""

    name: str
    members: tuple[str, ...] = ()

    def __str__(self) -> str:
        more = len(self.members) - MOST
        named = ", ".join(self.members[:MOST]) + (f" and {more} more" if more > 0 else "")
        return f"{self.name}: {named or 'the same members, packed in another way'}"


@dataclass(frozen=True)
class Rebuilt:
    """A second build in another folder, beside the first.

    ``again``: what differs although it was built in the same way; ``direct``: how the wheel that was built straight
    from the tree differs from the one that was built from the sdist, None when it does not.
    """

    again: tuple[Difference, ...] = ()
    direct: Difference | None = None
