"""What the checks of a distribution have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from seatrial.facts import pypi
from seatrial.facts.contents import Kind
from seatrial.findings import Finding, Weight

if TYPE_CHECKING:
    from collections.abc import Iterable

BOTH = (Kind.SDIST, Kind.WHEEL)
WHEEL = (Kind.WHEEL,)
SDIST = (Kind.SDIST,)

SHOWN = 5
"""How many files a finding names."""

CORE_METADATA = "https://packaging.python.org/specifications/core-metadata"
LOCAL_VERSIONS = "https://packaging.python.org/en/latest/specifications/version-specifiers/#local-version-identifiers"


class Rule(ABC):
    """A check of one archive: what it is of use for, and what it needs.

    It is an error when PyPI refuses the file for it, and a warning when it is just bad.
    """

    weight: ClassVar[Weight] = Weight.ERROR
    needs: ClassVar[tuple[str, ...]] = ()
    kinds: ClassVar[tuple[Kind, ...]] = BOTH
    code: ClassVar[str]

    @abstractmethod
    def check(self, facts: Any) -> Finding:
        """Say what is the matter with the facts: an `Archive`, or what a family of rules is about."""


def verdict(said: Iterable[str], fix: str) -> Finding:
    """Make a finding of what is wrong, a line each, first the one that PyPI tells of; pass if there is nothing."""
    lines = list(said)
    return Finding.failed("\n".join(lines), fix) if lines else Finding.passed()


def shown(lines: Iterable[str]) -> list[str]:
    """Return the first lines, and how many more there are; each as one line that can be printed."""
    every = [line if line.isprintable() else ascii(line)[1:-1] for line in lines]
    more = [f"and {len(every) - SHOWN} more"] if len(every) > SHOWN else []
    return [*every[:SHOWN], *more]


def of_metadata(said: str, url: str = CORE_METADATA) -> str:
    """Return what PyPI says of a field, in whole and in one line."""
    said = " ".join(said.split())
    return f"{said}{'' if said.endswith('.') else '.'} See {url} for more information."


def help_page(anchor: str) -> str:
    """Return the address of a paragraph of PyPI's help."""
    return f"https://{pypi.host()}/help/#{anchor}"


def user_docs(path: str) -> str:
    """Return the address of a page of PyPI's documentation."""
    return f"https://docs.{pypi.host()}/{path}"
