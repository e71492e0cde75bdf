"""What ``[tool.seatrial.workflows]`` says: the little that CI has to be told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

IMAGES = {"ubuntu": "ubuntu-24.04", "macos": "macos-15", "windows": "windows-2025"}
"""The machines of GitHub that stand for an operating system: named, so that a new one comes with a commit."""

KEYS = ("systems", "testpypi", "prove", "coverage", "proof", "install")


@dataclass(frozen=True)
class CiSettings:
    """The settings of the workflows that are generated.

    ``systems``: the operating systems that the tests run on, the first of which does all else; ``testpypi``: whether
    every push to the branch publishes a development version there; ``prove``: whether the publisher can be tried
    without a release; ``coverage``: whether what the tests on all Pythons measure is brought together, in a
    project that measures; ``proof``: the tag of the sessions that stand between the build and PyPI; ``install``: the
    commands that bring seatrial into a job, none for those that the project's lock file asks for.
    """

    systems: tuple[str, ...] = ("ubuntu",)
    testpypi: bool = True
    prove: bool = True
    coverage: bool = True
    proof: str = "release"
    install: tuple[str, ...] = ()

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> CiSettings:
        """Read a table without `mistakes`."""
        lists = {key: tuple(table[key]) for key in ("systems", "install") if key in table}
        return cls(**{**table, **lists})


def mistakes(table: object) -> Iterator[str]:
    """Yield what is wrong in the table."""
    if not isinstance(table, dict):
        yield f"workflows has to be a table, not {table!r}"
        return
    yield from (f"workflows has no key {key!r}" for key in table if key not in KEYS)
    systems = table.get("systems", ["ubuntu"])
    if not _are_texts(systems) or not systems or not set(systems) <= set(IMAGES) or len(set(systems)) < len(systems):
        yield f"workflows.systems has to be a list of {', '.join(IMAGES)}, not {systems!r}"
    for key in ("testpypi", "prove", "coverage"):
        if not isinstance(table.get(key, True), bool):
            yield f"workflows.{key} has to be true or false, not {table[key]!r}"
    proof = table.get("proof", CiSettings.proof)
    if not isinstance(proof, str) or not proof.replace("-", "").replace("_", "").isalnum():
        yield f"workflows.proof has to be the tag of a session, not {proof!r}"
    install = table.get("install", ["pip"])
    if not _are_texts(install) or not install or not all(line.strip() and "\n" not in line for line in install):
        yield f"workflows.install has to be a list of commands, each in one line, not {install!r}"


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)
