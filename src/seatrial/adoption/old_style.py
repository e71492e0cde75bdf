"""Metadata that stand in setup.py or setup.cfg."""

from __future__ import annotations

import ast
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from seatrial.adoption.additions import pythons
from seatrial.adoption.proposal import ProposedFile
from seatrial.facts import old_style
from seatrial.facts.setup_script import SetupScript

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seatrial.adoption.looking import Found

CFG, SCRIPT = PurePosixPath(old_style.CFG), PurePosixPath(old_style.SCRIPT)


def classifiers(found: Found) -> Iterator[ProposedFile]:
    """Yield setup.py or setup.cfg with the classifiers of the Pythons, where the metadata stand there and name none."""
    project, minors = found.project, pythons(found)
    where = old_style.file_of_metadata(project.root, project.table)
    if not minors or where not in {old_style.CFG, old_style.SCRIPT}:
        return
    named = [f"Programming Language :: Python :: 3.{minor}" for minor in minors]
    script = SetupScript.read(project.root)
    if where == old_style.SCRIPT and script.has("classifiers"):
        old = _read(found, SCRIPT)
        value = script.value("classifiers")
        # What is computed is left alone.
        new = _in_list(old, value, named) if isinstance(value, ast.List) else old
        if new != old:
            yield ProposedFile(SCRIPT, old, new)
        return
    known = _read(found, CFG) if (project.root / CFG).is_file() else None
    yield ProposedFile(CFG, known, _in_cfg(known or "", named))


def _in_cfg(old: str, named: list[str]) -> str:
    lines = "".join(f"    {text}\n" for text in named)
    at = re.search(r"^classifiers? *=[^\n]*\n((?:[ \t]+\S[^\n]*\n)*)", old, re.MULTILINE)
    head = re.search(r"^\[metadata\]\n", old, re.MULTILINE)
    if at:
        return old[: at.end()] + lines + old[at.end() :]
    if head:
        return old[: head.end()] + f"classifiers =\n{lines}" + old[head.end() :]
    return f"[metadata]\nclassifiers =\n{lines}" + (f"\n{old}" if old else "")


def _in_list(old: str, value: ast.List, named: list[str]) -> str:
    """Return a script with more items at the end of a list; one that has none is left alone."""
    last = value.elts[-1] if value.elts else None
    if last is None or last.end_lineno is None or last.end_col_offset is None:
        return old
    lines = old.split("\n")
    # Columns count bytes (Python, "ast").
    line = lines[last.end_lineno - 1].encode()
    blanks = " " * (len(line) - len(line.lstrip()) if value.lineno != last.lineno else last.col_offset)
    more = "".join(f',\n{blanks}"{text}"' for text in named)
    lines[last.end_lineno - 1] = (line[: last.end_col_offset] + more.encode() + line[last.end_col_offset :]).decode()
    return "\n".join(lines)


def _read(found: Found, path: PurePosixPath) -> str:
    return (found.project.root / path).read_text(encoding="utf-8-sig" if path == SCRIPT else "utf-8")
