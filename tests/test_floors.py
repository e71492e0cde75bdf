"""The floor plan holds: a room imports only rooms on lower floors; and variables are named after what they hold."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


CHECKOUT = Path(__file__).resolve().parent.parent
SOURCES = CHECKOUT / "src/seatrial"
ROW = re.compile(r"^\| (\d+) \| (`.+`) \|", re.MULTILINE)
DOORS = {"subprocess": {"process"}, "atexit": {"sessions"}}
"""Modules that only these rooms may import."""

OF_THE_CALL = frozenset(
    f"{module}.{name}"
    for module, names in {"os": ("environ", "environb", "getenv", "getenvb"), "sys": ("argv", "orig_argv")}.items()
    for name in names
)
"""How a module reads how its process was called: by which words, and with which variables."""

READERS_OF_THE_CALL = {
    "combine_coverage": "is run as a script by another Python",
    "process": "decides what a child inherits",
    "sessions": "is a face",
    "tasks": "is a face",
}
"""The rooms that may, and why."""

NO_NAMES = {
    *("asked", "found", "given", "known", "learned", "left", "meant", "one", "ours", "rest", "said", "seen", "shown"),
    *("stands", "theirs", "there", "told", "wanted"),
}
"""Words that are no name of a variable: they do not say what it holds."""

MODULES = sorted(path for path in SOURCES.rglob("*.py") if path != SOURCES / "__init__.py")


def plan() -> dict[str, int]:
    """Return the floor of each room, from the table in docs/design.md."""
    text = (CHECKOUT / "docs/design.md").read_text(encoding="utf-8")
    return {room.strip("`/"): int(floor) for floor, rooms in ROW.findall(text) for room in rooms.split(", ")}


def room_of(path: Path) -> str:
    first = path.relative_to(SOURCES).parts[0]
    return first if first != path.name else path.stem


@functools.cache
def imported(path: Path) -> frozenset[str]:
    """Return what a module imports, anywhere in it: a hidden import counts too."""
    names: set[str] = set()
    for node in statements(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(names)


def statements(block: ast.AST) -> Iterator[ast.AST]:
    """Yield all statements in a block, however deep; an import is a statement, never part of an expression."""
    for node in ast.iter_child_nodes(block):
        if not isinstance(node, ast.expr):
            yield node
            yield from statements(node)


def test_every_room_is_in_the_plan_and_every_room_of_the_plan_is_there() -> None:
    assert {room_of(path) for path in MODULES} == set(plan())


def test_room_imports_only_rooms_below() -> None:
    floors = plan()
    imports = {
        (path.relative_to(SOURCES).as_posix(), room_of(path), name.split(".")[1])
        for path in MODULES
        for name in imported(path)
        if name.startswith("seatrial.")
    }
    not_below = [
        f"{module} (floor {floors[room]}) imports {other} (floor {floors[other]})"
        for module, room, other in sorted(imports)
        if other in floors and other != room and floors[other] >= floors[room]
    ]
    assert not_below == []


def test_door_is_used_by_its_keeper_alone() -> None:
    elsewhere = [
        f"{path.relative_to(SOURCES).as_posix()} imports {door}"
        for path in MODULES
        for door, keepers in DOORS.items()
        if door in imported(path) and room_of(path) not in keepers
    ]
    assert elsewhere == []


def test_only_faces_read_how_the_program_was_called() -> None:
    elsewhere = [
        f"{path.relative_to(SOURCES).as_posix()} reads {name}"
        for path in MODULES
        if room_of(path) not in READERS_OF_THE_CALL
        for name in sorted(OF_THE_CALL & (imported(path) | attributes(path)))
    ]
    assert elsewhere == []
    readers = {room_of(path) for path in MODULES if OF_THE_CALL & attributes(path)}
    assert readers == set(READERS_OF_THE_CALL)


@functools.cache
def attributes(path: Path) -> frozenset[str]:
    """Return the attributes by which a module reads how its process was called; a text for another Python has none."""
    text = path.read_text(encoding="utf-8")
    if not any(name.partition(".")[2] in text for name in OF_THE_CALL):
        return frozenset()
    return OF_THE_CALL & {
        f"{node.value.id}.{node.attr}"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }


def test_variables_are_named_after_what_they_hold() -> None:
    paths = [*MODULES, *CHECKOUT.glob("tests/**/*.py"), CHECKOUT / "noxfile.py", CHECKOUT / "tasks.py"]
    names = {(path.name, name) for path in paths for name in variables(ast.parse(path.read_text(encoding="utf-8")))}
    assert sorted(pair for pair in names if pair[1] in NO_NAMES) == []


def variables(tree: ast.Module) -> Iterator[str]:
    """Yield the names of variables and parameters in a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
