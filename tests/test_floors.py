"""The floor plan holds: a room imports only rooms on lower floors."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
SOURCES = CHECKOUT / "src/seatrial"
ROW = re.compile(r"^\| (\d+) \| (`.+`) \|", re.MULTILINE)
DOORS = {"subprocess": {"shell"}, "atexit": {"sessions"}}
"""Modules that only these rooms may import."""


def plan() -> dict[str, int]:
    """Return the floor of each room, from the table in docs/design.md."""
    text = (CHECKOUT / "docs/design.md").read_text(encoding="utf-8")
    return {room.strip("`/"): int(floor) for floor, rooms in ROW.findall(text) for room in rooms.split(", ")}


def room_of(path: Path) -> str:
    first = path.relative_to(SOURCES).parts[0]
    return first if first != path.name else path.stem


def imported(path: Path) -> set[str]:
    """Return what a module imports, anywhere in it: a hidden import counts too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def rooms_imported(path: Path) -> set[str]:
    parts = [name.split(".") for name in imported(path) if name.startswith("seatrial.")]
    return {part[1] for part in parts} & set(plan())


MODULES = sorted(path for path in SOURCES.rglob("*.py") if path != SOURCES / "__init__.py")


def test_every_room_is_in_the_plan_and_every_room_of_the_plan_is_there() -> None:
    assert {room_of(path) for path in MODULES} == set(plan())


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(SOURCES).as_posix())
def test_room_imports_only_rooms_below(path: Path) -> None:
    floors = plan()
    room = room_of(path)
    above = {other for other in rooms_imported(path) if other != room and floors[other] >= floors[room]}
    assert above == set()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(SOURCES).as_posix())
def test_module_has_at_most_250_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 250


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(SOURCES).as_posix())
def test_door_is_used_by_its_keeper_alone(path: Path) -> None:
    used = {door for door, keepers in DOORS.items() if door in imported(path) and room_of(path) not in keepers}
    assert used == set()
