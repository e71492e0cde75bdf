"""Metadata that stand in setup.cfg."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from seatrial.adoption.additions import pythons
from seatrial.adoption.proposal import ProposedFile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seatrial.adoption.looking import Found

PATH = PurePosixPath("setup.cfg")


def classifiers(found: Found) -> Iterator[ProposedFile]:
    """Yield setup.cfg with the classifiers of the Pythons, where the metadata stand there and name none."""
    path = found.project.root / PATH
    minors = pythons(found)
    if "project" in found.project.table or not minors or not found.project.declared("metadata", "name"):
        return
    old = path.read_text(encoding="utf-8")
    lines = "".join(f"    Programming Language :: Python :: 3.{minor}\n" for minor in minors)
    at = re.search(r"^classifiers? *=[^\n]*\n((?:[ \t]+\S[^\n]*\n)*)", old, re.MULTILINE)
    head = re.search(r"^\[metadata\]\n", old, re.MULTILINE)
    if at:
        yield ProposedFile(PATH, old, old[: at.end()] + lines + old[at.end() :])
    elif head:
        yield ProposedFile(PATH, old, old[: head.end()] + f"classifiers =\n{lines}" + old[head.end() :])
