"""Requirements files, as far as they are lists of requirements (pip, "Requirements File Format")."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement

from seatrial.errors import ProjectError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

INCLUDE = re.compile(r"(?:-r|--requirement)[ =]*(?P<path>.+)")
CONSTRAINT = re.compile(r"(?:-c|--constraint)[ =]*\S")
ITSELF = re.compile(r"(?:-e|--editable)?[ =]*\.(?:[\\/]?)(?:\[[^]]*\])?(?:\s*;.*)?")
"""The project itself, which is installed from its wheel."""
HASHES = re.compile(r"\s+--hash=\S+")


def read(root: Path, name: str) -> tuple[str, ...]:
    """Return the requirements of a file below ``root``, those of the files that it includes too, each once.

    The project itself, constraints and hashes are passed over. Raises `RequirementsUnusable`.
    """
    return tuple(dict.fromkeys(_read(root, PurePosixPath(name), ())))


def parse(root: Path, folder: PurePosixPath, lines: Iterable[str], where: str) -> Iterator[str]:
    """Yield the requirements in ``lines``, which name other files as seen from ``folder``; ``where`` is their place."""
    yield from _parse(root, folder, list(lines), where, ())


def _read(root: Path, path: PurePosixPath, above: tuple[PurePosixPath, ...]) -> Iterator[str]:
    try:
        text = (root / path).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise ProjectError(
            f"{root / path} can't be read: {error}", code="RequirementsUnusable", fix="name another file"
        ) from None
    lines = text.replace("\\\n", " ").splitlines()
    yield from _parse(root, path.parent, lines, str(path), (*above, path))


def _parse(
    root: Path, folder: PurePosixPath, lines: list[str], where: str, above: tuple[PurePosixPath, ...]
) -> Iterator[str]:
    for number, raw in enumerate(lines, 1):
        line = HASHES.sub("", re.sub(r"(^|\s)#.*", "", raw)).strip()
        included = INCLUDE.fullmatch(line)
        if included:
            path = folder / included["path"].strip()
            if path not in above:
                yield from _read(root, path, above)
        elif line and not CONSTRAINT.match(line) and not ITSELF.fullmatch(line):
            yield _insist(line, f"{where}:{number}")


def _insist(line: str, where: str) -> str:
    try:
        return str(Requirement(line))
    except InvalidRequirement:
        raise ProjectError(
            f"{where}: {line!r} is no requirement by name",
            code="RequirementsUnusable",
            fix="write NAME, NAME>=1 or NAME @ ADDRESS",
        ) from None
